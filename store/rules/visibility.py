"""What is public: the posts and people that may be shown, recommended and counted.

Functions for many documents return aggregation stages, so a rule that joins other collections (the author of a post,
the original of a reshare) changes only here.

Some apps do not write `visibility` for every user. `unstated` says whether a user without one is public.
"""

from collections.abc import Mapping
from typing import Any, Final

Stage = dict[str, Any]

_PUBLIC: Final = "publish"
_REMOVED: Final = ("deleted", "illegal")


def public_posts() -> list[Stage]:
    """Returns stages on app-db.contents that keep the public posts.

    >>> public_posts()
    [{'$match': {'visibility': 'publish'}}]
    """
    return [{"$match": _filter(unstated=False)}]


def mark_public_posts(field: str) -> list[Stage]:
    """Returns stages on app-db.contents that set `field` to 1 on public posts and to 0 on others."""
    return [_mark(field, unstated=False)]


def public_users(unstated: bool) -> list[Stage]:
    """Returns stages on app-db.users that keep the public users."""
    return [{"$match": _filter(unstated)}]


def mark_public_users(field: str, unstated: bool) -> list[Stage]:
    """Returns stages on app-db.users that set `field` to 1 on public users and to 0 on others."""
    return [_mark(field, unstated)]


def is_public_post(post: Mapping[str, Any]) -> bool:
    """Returns whether a post is public by its own `visibility`.

    >>> is_public_post({"visibility": "publish"}), is_public_post({"visibility": "hidden"}), is_public_post({})
    (True, False, False)
    """
    return post.get("visibility") == _PUBLIC


def is_removed_post(post: Mapping[str, Any]) -> bool:
    """Returns whether the author or a moderator removed the post, so that nothing derived from it may be stored.

    >>> is_removed_post({"visibility": "illegal"}), is_removed_post({"visibility": "hidden"}), is_removed_post({})
    (True, False, False)
    """
    return post.get("visibility") in _REMOVED


def _filter(unstated: bool) -> Stage:
    return {"visibility": {"$in": [None, _PUBLIC]} if unstated else _PUBLIC}


def _mark(field: str, unstated: bool) -> Stage:
    stated: Any = {"$ifNull": ["$visibility", _PUBLIC]} if unstated else "$visibility"
    return {"$set": {field: {"$toInt": {"$eq": [stated, _PUBLIC]}}}}
