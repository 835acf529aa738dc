"""Reads who and what is public: for whole collections the ids that are hidden, for some posts or users directly."""

from collections.abc import Iterable, Iterator
from typing import Any

from store.client import Databases
from store.ids import Document, ObjectId
from store.queries import exists, ids_where, in_threads, stream
from store.rules.visibility import Hidden, Post, is_public_post, is_published, published
from store.schema import collection

_ANY_ID = {"$gte": ObjectId(b"\0" * 12)}  # only ids compare with an id
_NAMES = {"visibility": 1, "author.id": 1, "originalPost._id": 1}
_AT_ONCE = 50_000  # ids of a condition


def read_hidden(db: Databases) -> Hidden:
    """Returns all that hides posts now; it scans the ids of users, accounts and authors, so a run reads it once."""
    users = _hidden_users(db)
    named: list[Document] = [{"$match": {"originalPost._id": _ANY_ID}}, {"$group": {"_id": "$originalPost._id"}}]
    originals = [post["_id"] for post in stream(db, "contents", named)]
    posts, hidden = _with_originals(db, originals), set(users)
    return Hidden(users, [post for post in originals if not is_public_post(post, posts, hidden)])


def read_public_posts(db: Databases, posts: Iterable[ObjectId]) -> set[ObjectId]:
    """Returns those of the posts that are public now."""
    ids = set(posts)
    facts = _with_originals(db, ids)
    users = {post.author for post in facts.values() if post.author is not None}
    hidden = users - read_public_users(db, users)
    return {post for post in ids if is_public_post(post, facts, hidden)}


def read_public_users(db: Databases, users: Iterable[ObjectId]) -> set[ObjectId]:
    """Returns those of the users who are public now; all of them where the app has no users."""
    ids = set(users)
    owners = {user["_id"]: user.get("ownerAccount") for user in _find(db, "users", ids, {"ownerAccount": 1})}
    if ids and not owners and _is_empty(db, "users"):
        return ids
    named = {owner for owner in owners.values() if isinstance(owner, ObjectId)}
    accounts = {account["_id"] for account in _find(db, "accounts", named, {"_id": 1})}
    if named and not accounts and _is_empty(db, "accounts"):
        accounts = named
    return {user for user, owner in owners.items() if not isinstance(owner, ObjectId) or owner in accounts}


def reshares_of(db: Databases, posts: Iterable[ObjectId]) -> set[ObjectId]:
    """Returns the posts and all that reshare them, directly or through others."""
    known: set[ObjectId] = set()
    wanted = set(posts)
    while wanted:
        known |= wanted
        wanted = {
            post["_id"]
            for part in _parts(wanted)
            for post in collection(db, "contents").find({"originalPost._id": {"$in": part}}, {"_id": 1})
        } - known
    return known


def _hidden_users(db: Databases) -> list[ObjectId]:
    if _is_empty(db, "users"):
        return []
    hidden_accounts, missing = in_threads(
        (
            lambda: [] if _is_empty(db, "accounts") else _absent(db, "users", "ownerAccount", "accounts", published()),
            lambda: _absent(db, "contents", "author.id", "users", {}),
        )
    )
    hidden = {"$or": [{"visibility": {"$not": published()["visibility"]}}, {"ownerAccount": {"$in": hidden_accounts}}]}
    return [*missing, *ids_where(db, "users", hidden)]


def _absent(db: Databases, name: str, field: str, other: str, condition: Document) -> list[ObjectId]:
    """Returns the ids in the field that no document of `other` has that meets the condition.

    One $group of both sides takes a third of a $lookup, and the field's index covers its side.
    """
    present = [{"$match": condition}, {"$project": {"side": {"$literal": 2}}}]
    stages: list[Document] = [
        {"$match": {field: _ANY_ID}},
        {"$project": {"_id": f"${field}", "side": {"$literal": 1}}},
        {"$unionWith": {"coll": other, "pipeline": present}},
        {"$group": {"_id": "$_id", "side": {"$max": "$side"}}},
        {"$match": {"side": 1}},
    ]
    return [group["_id"] for group in stream(db, name, stages)]


def _with_originals(db: Databases, ids: Iterable[ObjectId]) -> dict[ObjectId, Post]:
    """Returns these posts and those they reshare, directly or through others, by id."""
    posts: dict[ObjectId, Post] = {}
    looked: set[ObjectId] = set()
    wanted = set(ids)
    while wanted:
        looked |= wanted
        found = {
            document["_id"]: _post(document)
            for part in _parts(wanted)
            for document in collection(db, "contents").find({"_id": {"$in": part}}, _NAMES)
        }
        posts |= found
        wanted = {post.original for post in found.values() if post.original is not None} - looked
    return posts


def _post(document: Document) -> Post:
    return Post(is_published(document), _id(document, "author", "id"), _id(document, "originalPost", "_id"))


def _id(document: Any, *path: str) -> ObjectId | None:
    """Returns the id at the end of the path; None for what is no id, which names nobody."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, ObjectId) else None


def _find(db: Databases, name: str, ids: Iterable[ObjectId], fields: Document) -> Iterator[Document]:
    """Yields those of the documents that are published by themselves."""
    for part in _parts(ids):
        yield from collection(db, name).find({"_id": {"$in": part}, **published()}, {**fields, "_id": 1})


def _is_empty(db: Databases, name: str) -> bool:
    return not exists(db, name, {})


def _parts(ids: Iterable[ObjectId]) -> Iterator[list[ObjectId]]:
    listed = list(ids)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]
