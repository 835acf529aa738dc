"""Lists of posts beside each other, and why a post stands where it stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from panel.views.posts import author_of, shown_post
from predictors.personal.phrases import phrase

Rows = Sequence[Mapping[str, Any]]
View = dict[str, Any]
_BARS: Final = 8  # contributions that are drawn one by one
_SAID: Final = 3  # of them that the sentence names
_START: Final = "start"  # what a model says before it knows anything of the post
_FRESH: Final = timedelta(hours=6)  # how old the serving snapshot may be before its own time is asked about


def listed(items: Rows, posts: Mapping[Any, Any], people: Mapping[Any, Any], at: datetime) -> list[View]:
    """One line of a list for each item, with rank, author, text, age at that moment and score."""
    return [
        {
            "rank": rank,
            "score": each.get("score"),
            "source": each.get("source", ""),
            "engagements": each.get("engagements"),
            **shown_post(each["content"], posts, people, at),
        }
        for rank, each in enumerate(items, 1)
    ]


def moved(now: Sequence[View], earlier: Sequence[View]) -> list[View]:
    """The lines of `now` with how many places each has risen: None for one that was not in `earlier`.

    >>> moved([{"id": "a", "rank": 1}, {"id": "b", "rank": 2}], [{"id": "b", "rank": 5}])[1]["risen"]
    3
    """
    ranks = {each["id"]: each["rank"] for each in earlier}
    return [each | {"risen": ranks[each["id"]] - each["rank"] if each["id"] in ranks else None} for each in now]


def shared(one: Sequence[View], other: Sequence[View]) -> int:
    """How many posts stand in both lists.

    >>> shared([{"id": "a"}, {"id": "b"}], [{"id": "b"}])
    1
    """
    return len({each["id"] for each in one} & {each["id"] for each in other})


def asked_time(now: datetime, snapshot: datetime | None) -> datetime:
    """As of when a member's feed is asked for: now, or, when the jobs stand still, their last run."""
    return now if snapshot is None or now - snapshot <= _FRESH else snapshot


def why(reasons: Mapping[str, Any], country: str) -> View:
    """The reasons for one score: a sentence, bars with their share of the width, where all posts start, the levels."""
    told = reasons.get("contributions", ())
    bars = bars_of([each for each in told if each["column"] != _START], country)
    return {
        "sentence": sentence(bars),
        "bars": bars,
        "start": sum(each["contribution"] for each in told if each["column"] == _START),
        "levels": [{"level": level, "adds": value} for level, value in reasons.get("levels", {}).items()],
        "log_odds": reasons.get("logOdds"),
    }


def bars_of(contributions: Rows, country: str) -> list[View]:
    """Contributions that say the same as one bar, the largest first, the small ones together.

    `share`: signed, of the largest bar.
    """
    together: dict[str, float] = {}
    for each in contributions:
        words = phrase(each["column"], each["value"], 1.0, country)
        together[words] = together.get(words, 0.0) + each["contribution"]
    order = sorted(together, key=lambda words: -abs(together[words]))
    adds = {words: together[words] for words in order[:_BARS]}
    if order[_BARS:]:
        adds[f"{len(order) - _BARS} smaller reasons together"] = sum(together[words] for words in order[_BARS:])
    largest = max((abs(value) for value in adds.values()), default=0.0) or 1.0
    return [{"words": words, "adds": value, "share": value / largest} for words, value in adds.items()]


def sentence(bars: Sequence[View]) -> str:
    """What speaks for a post and what against it, in one sentence.

    >>> sentence([{"words": "it is new", "adds": 1.0}, {"words": "it has no photos", "adds": -0.5}])
    'For it: it is new. Against it: it has no photos.'
    """
    told = bars[:_BARS]
    sides = {
        "For it": [each["words"] for each in told if each["adds"] > 0],
        "Against it": [each["words"] for each in told if each["adds"] < 0],
    }
    named = [f"{side}: {_and(words[:_SAID])}." for side, words in sides.items() if words]
    return " ".join(named) or "Nothing speaks for or against it."


def profile(found: Mapping[str, Any]) -> View:
    """A member as search results and titles name them."""
    return {"account": str(found.get("ownerAccount") or found.get("account"))} | author_of(found)


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
