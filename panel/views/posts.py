"""Posts and their authors, as all pages show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from store.panel.posts import TEXT_CHARACTERS
from store.rules.visibility import is_published

View = dict[str, Any]
_DELETED: Final = "deleted"


def post_view(content: Any, posts: Mapping[Any, Any], people: Mapping[Any, Any], at: datetime) -> View:
    """Returns text, author, age in hours as of `at`, and a `note` when guests no longer see the post."""
    post = posts.get(content, {})
    text = post.get("text") or ""
    created = post.get("createdAt")
    return {
        "id": str(content),
        "text": _cut(text),
        "empty": _placeholder(post) if not text.strip() else "",
        "author": author_of(people.get(post.get("author"), {})),
        "hours": max((at - created).total_seconds() / 3600, 0.0) if created else None,
        "note": _visibility_note(post),
    }


def author_of(user: Mapping[str, Any]) -> View:
    """Returns name and handle of a user, always as text.

    >>> author_of({"displayId": "ann"}), author_of({})
    ({'name': 'ann', 'handle': '@ann'}, {'name': 'unknown', 'handle': ''})
    """
    handle = str(user.get("displayId") or "")[:40]
    name = str(user.get("displayName") or handle or "unknown")[:40]
    return {"name": name, "handle": f"@{handle}" if handle else ""}


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS else text[:TEXT_CHARACTERS].rstrip() + "…"


def handle_or_name(user: Mapping[str, Any]) -> str:
    """Returns the handle of a user, or the name without one."""
    author = author_of(user)
    return str(author["handle"] or author["name"])


def _visibility_note(post: Mapping[str, Any]) -> str:
    if not post:
        return _DELETED
    return "" if is_published(post) else f"now {post['visibility'][:20] or 'hidden'}"


def _placeholder(post: Mapping[str, Any]) -> str:
    if post.get("photos"):
        return f"{post['photos']} photos, no text" if post["photos"] > 1 else "a photo, no text"
    return f"{post['type']}, no text" if post.get("type") else "no text"
