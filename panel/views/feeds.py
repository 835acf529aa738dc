"""Lists of posts to compare, and the reasons for a post's rank."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from panel.views.posts import author_of, post_view
from predictors.personal.phrases import phrase

Rows = Sequence[Mapping[str, Any]]
View = dict[str, Any]
_BARS: Final = 8  # contributions that are drawn one by one
_NAMED: Final = 3  # contributions on each side of the sentence
_START: Final = "start"  # the contribution that all posts share
_FRESH: Final = timedelta(hours=6)  # with an older snapshot, feeds are ranked as of the snapshot


def post_rows(items: Rows, posts: Mapping[Any, Any], people: Mapping[Any, Any], at: datetime) -> list[View]:
    """Returns one row for each item, with rank, author, text, age as of `at` and score."""
    return [
        {
            "rank": rank,
            "score": item.get("score"),
            "source": item.get("source", ""),
            "engagements": item.get("engagements"),
            **post_view(item["content"], posts, people, at),
        }
        for rank, item in enumerate(items, 1)
    ]


def with_movement(now: Sequence[View], earlier: Sequence[View]) -> list[View]:
    """Returns the rows of `now` with the places that each has risen: None for one that was not in `earlier`.

    >>> with_movement([{"id": "a", "rank": 1}, {"id": "b", "rank": 2}], [{"id": "b", "rank": 5}])[1]["risen"]
    3
    """
    ranks = {post["id"]: post["rank"] for post in earlier}
    return [post | {"risen": ranks[post["id"]] - post["rank"] if post["id"] in ranks else None} for post in now]


def count_shared(one: Sequence[View], other: Sequence[View]) -> int:
    """Returns how many posts are in both lists.

    >>> count_shared([{"id": "a"}, {"id": "b"}], [{"id": "b"}])
    1
    """
    return len({post["id"] for post in one} & {post["id"] for post in other})


def ranking_time(now: datetime, snapshot: datetime | None) -> datetime:
    """Returns the time as of which a member's feed is ranked: now, or the time of an old snapshot."""
    return now if snapshot is None or now - snapshot <= _FRESH else snapshot


def explain(reasons: Mapping[str, Any], country: str) -> View:
    """Returns the reasons for one score: a sentence, bars, the start that all posts share, and the levels."""
    contributions = reasons.get("contributions", ())
    bars = bars_of([row for row in contributions if row["column"] != _START], country)
    return {
        "sentence": sentence(bars),
        "bars": bars,
        "start": sum(row["contribution"] for row in contributions if row["column"] == _START),
        "levels": [{"level": level, "adds": value} for level, value in reasons.get("levels", {}).items()],
        "log_odds": reasons.get("logOdds"),
    }


def bars_of(contributions: Rows, country: str) -> list[View]:
    """Returns one bar for each phrase, the largest first. The small ones are one bar.

    `share`: signed, -1 to 1, relative to the largest bar.
    """
    sums: dict[str, float] = {}
    for row in contributions:
        words = phrase(row["column"], row["value"], 1.0, country)
        sums[words] = sums.get(words, 0.0) + row["contribution"]
    order = sorted(sums, key=lambda words: -abs(sums[words]))
    adds = {words: sums[words] for words in order[:_BARS]}
    if order[_BARS:]:
        adds[f"{len(order) - _BARS} smaller reasons together"] = sum(sums[words] for words in order[_BARS:])
    largest = max((abs(value) for value in adds.values()), default=0.0) or 1.0
    return [{"words": words, "adds": value, "share": value / largest} for words, value in adds.items()]


def sentence(bars: Sequence[View]) -> str:
    """Returns the largest reasons for and against a post, in words.

    >>> sentence([{"words": "it is new", "adds": 1.0}, {"words": "it has no photos", "adds": -0.5}])
    'For it: it is new. Against it: it has no photos.'
    """
    sides = {
        "For it": [bar["words"] for bar in bars[:_BARS] if bar["adds"] > 0],
        "Against it": [bar["words"] for bar in bars[:_BARS] if bar["adds"] < 0],
    }
    parts = [f"{side}: {_and(words[:_NAMED])}." for side, words in sides.items() if words]
    return " ".join(parts) or "No reasons for or against it."


def profile(user: Mapping[str, Any]) -> View:
    """Returns account, name and handle of a member."""
    return {"account": str(user.get("ownerAccount") or user.get("account"))} | author_of(user)


def member_profile(member: Mapping[str, Any]) -> View:
    """Returns the profile of a member with country and whether it is a guest."""
    return profile(member) | {"country": member["country"], "is_guest": member["isGuest"]}


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
