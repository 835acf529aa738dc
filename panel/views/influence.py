"""Categories, those who lead them and why, and reshare trees in a list."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from panel.views.posts import author_of, shown_post

View = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
_KINDS: Final = {"like": "likes", "comment": "comments", "recast": "recasts", "quote": "quotes"}
_SUSPICIOUS: Final = 0.5


def leaders(karma: Rows, people: Mapping[Any, Any], posts: Mapping[Any, Any], first: int) -> list[View]:
    """Those who lead a category: karma with its interval (ends as shares of the widest), and why.

    `first`: the place of the first row.
    """
    ends = [end for each in karma for end in [each.get("karma", 0.0), *each.get("interval", [])]]
    widest = max(ends, default=0.0) or 1.0
    return [_leader(each, people, posts, widest) | {"place": place} for place, each in enumerate(karma, first)]


def top_posts(karma: Rows) -> list[Any]:
    """The posts that the reasons name."""
    return [top["content"] for each in karma for top in each.get("why", {}).get("topPosts", ())]


def trees(found: Rows, people: Mapping[Any, Any], posts: Mapping[Any, Any]) -> list[View]:
    """Reshare trees in a list, each with its first post."""
    return [
        shown_post(each["_id"], posts, people, each["asOf"])
        | {name: each[name] for name in ("size", "depth", "structuralVirality", "truncated", "createdAt")}
        | {"forecast": each.get("forecast"), "took": (each["lastReshareAt"] - each["createdAt"]) / timedelta(seconds=1)}
        for each in found
    ]


def hashtags_of(written: str) -> list[str]:
    """The hashtags of a text: separated by spaces, commas or lines.

    >>> hashtags_of(" #cat, dog\\nbird ")
    ['#cat', 'dog', 'bird']
    """
    return [each for each in re.split(r"[\s,;]+", written) if each.strip("#")]


def slug_of(name: str) -> str:
    """A slug for a category of that name; empty where the name has no letters of ASCII.

    >>> slug_of("Food & Drink")
    'food-drink'
    """
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:60]


def seal(category: Mapping[str, Any]) -> str:
    """What tells a category that has changed from one that has not."""
    return hashlib.sha256(repr((category["slug"], category["name"], category["hashtags"])).encode()).hexdigest()[:16]


def _leader(karma: Mapping[str, Any], people: Mapping[Any, Any], posts: Mapping[Any, Any], widest: float) -> View:
    why, interval = karma.get("why", {}), karma.get("interval")
    week = why.get("expectedWeek", {})
    tops = [{"id": str(top["content"]), "engagements": top["engagements"], "text": _text(posts, top)} for top in
            why.get("topPosts", ())]  # fmt: skip
    return {
        "user": str(karma["userId"]),
        **author_of(people.get(karma["userId"], {})),
        "karma": karma.get("karma", 0.0),
        "share": karma.get("karma", 0.0) / widest,
        "interval": interval,
        "ends": [end / widest for end in interval] if interval else None,
        "confidence": karma.get("confidence"),
        "influence": karma.get("influence", {}).get("score"),
        "posts": why.get("posts"),
        "followers": why["followers"] if isinstance(why.get("followers"), int | float) else None,
        "week": [{"kind": words, "expected": week[kind]} for kind, words in _KINDS.items() if kind in week],
        "suspicious": why.get("suspicion", 0.0) >= _SUSPICIOUS,
        "tops": tops,
    }


def _text(posts: Mapping[Any, Any], top: Mapping[str, Any]) -> str:
    return (posts.get(top["content"], {}).get("text") or "")[:120]
