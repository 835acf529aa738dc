"""Evaluates recommended follows against the follows that came later, beside two plain rankings."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.predictors import friend_to_follow
from handlers.runtime import databases
from store.inputs import social_graph

TOP = 14


@dataclass(frozen=True)
class Graph:
    """Who followed whom before a moment."""

    followed: dict[Any, set[Any]]
    popularity: Counter[Any]

    def common_neighbours(self, user: Any) -> list[Any]:
        """Accounts by how many of those whom the user follows follow them."""
        mine = self.followed.get(user, set())
        found = Counter(target for each in mine for target in self.followed.get(each, ()))
        return self._best(found, mine | {user})

    def popular(self, user: Any) -> list[Any]:
        """Accounts by their followers."""
        return self._best(self.popularity, self.followed.get(user, set()) | {user})

    def _best(self, found: Counter[Any], excluded: set[Any]) -> list[Any]:
        return [each for each in sorted(found, key=lambda one: (-found[one], one)) if each not in excluded][:TOP]


def evaluate(since: datetime, until: datetime, most: int) -> dict[str, Any]:
    """Mean recall@14 over accounts that followed somebody before, and somebody else in [since, until)."""
    db = databases()
    before: defaultdict[Any, set[Any]] = defaultdict(set)
    came: defaultdict[Any, set[Any]] = defaultdict(set)
    for user, followed, moment in social_graph.all_until(db, until):
        (before if moment < since else came)[user].add(followed)
    graph = Graph(before, Counter(each for targets in before.values() for each in targets))
    owners = social_graph.owners(db, [user for user in sorted(came) if before.get(user)][:most])
    recalls: defaultdict[str, list[float]] = defaultdict(list)
    for user, account in owners.items():
        recommended: Any = friend_to_follow({"accountId": str(account), "time": since.isoformat()}, None)
        lists = {
            "friendToFollow": [social_graph.as_id(row["userId"]) for row in recommended],
            "commonNeighbours": graph.common_neighbours(user),
            "popularity": graph.popular(user),
        }
        for name, listed in lists.items():
            recalls[name].append(len(came[user] & set(listed)) / len(came[user]))
    means = {name: round(sum(each) / len(each), 4) for name, each in recalls.items()}
    return {"accounts": len(owners), "recall@14": means}
