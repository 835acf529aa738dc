"""One reshare tree for whoever asks."""

from datetime import datetime
from typing import Any

from store.client import Databases
from store.ids import Document, object_id
from store.inputs import reshares
from store.rules.visibility import is_public_post

_INTERNAL = ("_id", "members")


def find_tree(db: Databases, content: Any, now: datetime) -> Document:
    """The tree in which the content is a node, as last rebuilt, ready for JSON; without reshares a tree of one.

    Raises:
        ValueError: naming the field, when it is no id or there is no such content at `now`.
    """
    wanted = object_id(content, "contentId")
    tree = reshares.tree_with(db, wanted) or _alone(reshares.content_of(db, wanted, now), content)
    return {name: _plain(value) for name, value in tree.items() if name not in _INTERNAL}


def _alone(post: Document | None, content: Any) -> Document:
    if post is None:
        raise ValueError(f"contentId: there is no content {str(content)[:60]}")
    author = (post.get("author") or {}).get("id")
    node = {"id": post["_id"], "user": author, "parent": None, "level": 0, "time": post["createdAt"], "rank": 0.0}
    return {
        "contentId": post["_id"],
        "size": 1,
        "depth": 0,
        "breadth": [1],
        "structuralVirality": 0.0,
        "nodes": [node | {"method": "root", "confidence": 0.0, "candidates": []}],
        "authorId": author,
        "rootGone": not is_public_post(post),
        "truncated": False,
        "createdAt": post["createdAt"],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
