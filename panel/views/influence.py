"""Categories with their leaders, and the list of reshare trees."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from panel.views.posts import author_of, post_view

View = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
_KINDS: Final = {"like": "likes", "comment": "comments", "recast": "recasts", "quote": "quotes"}
_SUSPICIOUS: Final = 0.5


def leaders(karma: Rows, people: Mapping[Any, Any], posts: Mapping[Any, Any], first: int) -> list[View]:
    """Returns the leaders of a category: karma, its interval as shares of the largest value, and reasons.

    `first`: the place of the first row.
    """
    ends = [end for row in karma for end in [row.get("karma", 0.0), *row.get("interval", [])]]
    largest = max(ends, default=0.0) or 1.0
    return [_leader(row, people, posts, largest) | {"place": place} for place, row in enumerate(karma, first)]


def top_posts(karma: Rows) -> list[Any]:
    """Returns the posts that the reasons name."""
    return [top["content"] for row in karma for top in row.get("why", {}).get("topPosts", ())]


def tree_rows(trees: Rows, people: Mapping[Any, Any], posts: Mapping[Any, Any]) -> list[View]:
    """Returns one row for each reshare tree, with its first post."""
    return [
        post_view(tree["_id"], posts, people, tree["asOf"])
        | {name: tree[name] for name in ("size", "depth", "truncated")}
        | {"forecast": tree.get("forecast"), "took": (tree["lastReshareAt"] - tree["createdAt"]) / timedelta(seconds=1)}
        for tree in trees
    ]


def hashtags_of(text: str) -> list[str]:
    """Splits a text into hashtags at spaces, commas and lines.

    >>> hashtags_of(" #cat, dog\\nbird ")
    ['#cat', 'dog', 'bird']
    """
    return [word for word in re.split(r"[\s,;]+", text) if word.strip("#")]


def slug_of(name: str) -> str:
    """Returns a slug for a category name. It is empty when the name has no ASCII letters or digits.

    >>> slug_of("Food & Drink")
    'food-drink'
    """
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:60]


def version_of(category: Mapping[str, Any]) -> str:
    """Returns a hash of the category, to detect that it changed since a form was loaded."""
    return hashlib.sha256(repr((category["slug"], category["name"], category["hashtags"])).encode()).hexdigest()[:16]


def _leader(karma: Mapping[str, Any], people: Mapping[Any, Any], posts: Mapping[Any, Any], largest: float) -> View:
    why, interval = karma.get("why", {}), karma.get("interval")
    week = why.get("expectedWeek", {})
    tops = [
        {"id": str(top["content"]), "engagements": top["engagements"], "text": _text(posts, top)}
        for top in why.get("topPosts", ())
    ]
    return {
        "user": str(karma["userId"]),
        **author_of(people.get(karma["userId"], {})),
        "karma": karma.get("karma", 0.0),
        "share": karma.get("karma", 0.0) / largest,
        "interval": interval,
        "ends": [end / largest for end in interval] if interval else None,
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
