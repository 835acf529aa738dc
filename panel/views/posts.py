"""A post and its author, as every page shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from store.panel.posts import TEXT_CHARACTERS
from store.rules.visibility import is_public_post

View = dict[str, Any]
_GONE: Final = "no longer there"


def shown_post(content: Any, posts: Mapping[Any, Any], people: Mapping[Any, Any], at: datetime) -> View:
    """Text, author, age in hours at that moment, and `note` when guests would not see the post any more."""
    post = posts.get(content, {})
    text = post.get("text") or ""
    created = post.get("createdAt")
    return {
        "id": str(content),
        "text": _cut(text),
        "empty": _instead(post) if not text.strip() else "",
        "author": author_of(people.get(post.get("author"), {})),
        "hours": max((at - created).total_seconds() / 3600, 0.0) if created else None,
        "note": _standing(post),
    }


def author_of(user: Mapping[str, Any]) -> View:
    """The names of a user; whatever the app wrote there comes out as text.

    >>> author_of({"displayId": "ann"}), author_of({})
    ({'name': 'ann', 'handle': '@ann'}, {'name': 'unknown', 'handle': ''})
    """
    handle = str(user.get("displayId") or "")[:40]
    name = str(user.get("displayName") or handle or "unknown")[:40]
    return {"name": name, "handle": f"@{handle}" if handle else ""}


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS else text[:TEXT_CHARACTERS].rstrip() + "…"


def called(user: Mapping[str, Any]) -> str:
    """The handle of a user, or else the name."""
    who = author_of(user)
    return str(who["handle"] or who["name"])


def _standing(post: Mapping[str, Any]) -> str:
    if not post:
        return _GONE
    return "" if is_public_post(post) else f"now {post['visibility'][:20] or 'hidden'}"


def _instead(post: Mapping[str, Any]) -> str:
    if post.get("photos"):
        return f"{post['photos']} photos, no text" if post["photos"] > 1 else "a photo, no text"
    return f"{post['type']}, no text" if post.get("type") else "no text"
