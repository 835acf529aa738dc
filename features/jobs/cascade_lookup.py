"""Looks up one reshare tree."""

from datetime import datetime
from typing import Any

from store.client import Databases
from store.ids import Document, object_id
from store.inputs import reshares
from store.inputs.visibility import read_public_posts, read_public_users

_INTERNAL = ("_id", "members")


def find_tree(db: Databases, content: Any, now: datetime) -> Document:
    """Returns the stored tree that contains the content, as JSON values; a tree of one node if it has no reshares.

    Raises:
        ValueError: names the field, if it is not an id or there is no such content at `now`.
    """
    content_id = object_id(content, "contentId")
    tree = reshares.tree_with(db, content_id) or _single_node(reshares.content_of(db, content_id, now), content)
    tree = _as_public(db, tree)
    return {name: _json_value(value) for name, value in tree.items() if name not in _INTERNAL}


def _as_public(db: Databases, tree: Document) -> Document:
    """Returns the tree as it may be shown now: without users that are not public."""
    public = read_public_users(db, {node["user"] for node in tree["nodes"] if node["user"] is not None})
    nodes = [node | {"user": node["user"] if node["user"] in public else None} for node in tree["nodes"]]
    author = tree["authorId"] if tree["authorId"] in public else None
    root = tree["contentId"]
    return tree | {"nodes": nodes, "authorId": author, "rootGone": root not in read_public_posts(db, [root])}


def _single_node(post: Document | None, content: Any) -> Document:
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
        "truncated": False,
        "createdAt": post["createdAt"],
    }


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json_value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
