"""What is public: the posts and people that may be shown, recommended and counted.

A user is public when it is published and its owning account exists and is published. A post is public when it is
published, its author is public, and, for a reshare, the original and that one's author are too. Who or what is not
named is not asked for: a post without author is judged by itself, a user without account too. A document without
`visibility` is published. store.inputs.visibility reads the other documents that a judgement needs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Stage = dict[str, Any]

_PUBLIC: Final = "publish"
_REMOVED: Final = ("deleted", "illegal")


@dataclass(frozen=True)
class Hidden:
    """Ids that keep a post from being public wherever it names them."""

    users: Sequence[Any] = ()  # users that are not public, and authors that do not exist
    originals: Sequence[Any] = ()  # reshared posts that are not public or do not exist


@dataclass(frozen=True, slots=True)
class Post:
    """The fields of a post that say whether it is public."""

    is_published: bool  # by itself
    author: Any = None  # the user, None when it names none
    original: Any = None  # the post that it reshares, None when it reshares none


def published() -> Stage:
    """Returns a filter for documents that are published by themselves.

    >>> published()
    {'visibility': {'$in': [None, 'publish']}}
    """
    return {"visibility": {"$in": [None, _PUBLIC]}}


def published_flag() -> Stage:
    """Returns the expression that is 1 on documents that are published by themselves, and 0 on others."""
    return {"$toInt": {"$eq": [{"$ifNull": ["$visibility", _PUBLIC]}, _PUBLIC]}}


def is_published(document: Mapping[str, Any]) -> bool:
    """Returns whether a document that was read, with its `visibility`, is published by itself.

    >>> is_published({"visibility": "publish"}), is_published({}), is_published({"visibility": "hidden"})
    (True, True, False)
    """
    return document.get("visibility") in (None, _PUBLIC)


def is_removed_post(post: Mapping[str, Any]) -> bool:
    """Returns whether the author or a moderator removed the post, so that nothing derived from it may be stored.

    >>> is_removed_post({"visibility": "illegal"}), is_removed_post({"visibility": "hidden"}), is_removed_post({})
    (True, False, False)
    """
    return post.get("visibility") in _REMOVED


def public_posts(hidden: Hidden) -> list[Stage]:
    """Returns stages on app-db.contents that keep the public posts.

    >>> public_posts(Hidden(users=[1]))[0]["$match"]["author.id"]
    {'$nin': [1]}
    """
    named = {"author.id": {"$nin": list(hidden.users)}, "originalPost._id": {"$nin": list(hidden.originals)}}
    return [{"$match": {**published(), **named}}]


def public_users(hidden: Hidden) -> list[Stage]:
    """Returns stages on app-db.users that keep the public users."""
    return [{"$match": {"_id": {"$nin": list(hidden.users)}}}]


def is_public_post(post: Any, posts: Mapping[Any, Post], hidden_users: Collection[Any]) -> bool:
    """Returns whether the post with this id is public.

    `posts`: by id, the post and those it reshares, directly or through others; `hidden_users`: those among their
    authors who are not public.

    >>> posts = {1: Post(True, author=7), 2: Post(False), 3: Post(True, original=2), 4: Post(True, original=1)}
    >>> [is_public_post(post, posts, {7}) for post in posts], [is_public_post(post, posts, ()) for post in posts]
    ([False, False, False, False], [True, False, False, True])
    """
    chain = set()
    while post is not None and post not in chain:  # a circle of reshares ends where it began
        chain.add(post)
        facts = posts.get(post)
        if facts is None or not facts.is_published or facts.author in hidden_users:
            return False
        post = facts.original
    return True
