"""Evaluates recommended follows against later follows, with two simple rankings as baselines."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from features.milliseconds import to_ms
from handlers.predictors import friend_to_follow
from handlers.runtime import databases
from store.columns import object_ids
from store.ids import object_id
from store.inputs.event_log import read_follows, read_users

TOP = 14


@dataclass(frozen=True)
class Graph:
    """The follows before a moment."""

    followed: dict[Any, set[Any]]
    popularity: Counter[Any]

    def common_neighbours(self, user: Any) -> list[Any]:
        """Returns accounts by how many of the user's follows follow them."""
        followed = self.followed.get(user, set())
        counts = Counter(target for neighbour in followed for target in self.followed.get(neighbour, ()))
        return self._best(counts, followed | {user})

    def popular(self, user: Any) -> list[Any]:
        """Returns accounts by their followers."""
        return self._best(self.popularity, self.followed.get(user, set()) | {user})

    def _best(self, counts: Counter[Any], excluded: set[Any]) -> list[Any]:
        return sorted(counts.keys() - excluded, key=lambda account: (-counts[account], account))[:TOP]


def evaluate(since: datetime, until: datetime, most: int) -> dict[str, Any]:
    """Returns mean recall@14 over accounts with follows before `since` and new ones in [since, until)."""
    db = databases()
    before: defaultdict[Any, set[Any]] = defaultdict(set)
    later: defaultdict[Any, set[Any]] = defaultdict(set)
    rows = read_follows(db, {"createdAt": {"$lt": until}})
    for user, followed, time_ms in zip(
        object_ids(rows["user"]), object_ids(rows["followed"]), rows["time"].tolist(), strict=True
    ):
        (before if time_ms < to_ms(since) else later)[user].add(followed)
    graph = Graph(before, Counter(target for targets in before.values() for target in targets))
    members = [user for user in sorted(later) if before.get(user)][:most]
    users = read_users(db, {"_id": {"$in": members}, "ownerAccount": {"$type": "objectId"}})
    owners = dict(zip(object_ids(users["id"]), object_ids(users["owner"]), strict=True))
    recalls: defaultdict[str, list[float]] = defaultdict(list)
    for user, account in owners.items():
        recommended: Any = friend_to_follow({"accountId": str(account), "time": since.isoformat()}, None)
        lists = {
            "friendToFollow": [object_id(row["userId"], "userId") for row in recommended],
            "commonNeighbours": graph.common_neighbours(user),
            "popularity": graph.popular(user),
        }
        for name, listed in lists.items():
            recalls[name].append(len(later[user] & set(listed)) / len(later[user]))
    means = {name: round(sum(values) / len(values), 4) for name, values in recalls.items()}
    return {"accounts": len(owners), "recall@14": means}
