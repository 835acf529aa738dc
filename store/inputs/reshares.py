"""How posts spread: reshares, their roots and authors, impressions, follows and ties, as columns."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from pymongo import ReplaceOne

from store.client import Databases
from store.columns import Columns, read_columns
from store.ids import Document, ObjectId
from store.rules.engagements import RESHARE_TYPES, counted
from store.rules.visibility import mark_public_posts, mark_public_users
from store.schema import collection

_ANY_ID = {"$gte": ObjectId(b"\0" * 12)}  # only ids compare with an id, so the index gives just those
_AUTHOR = {
    "from": "contents",
    "localField": "targetRef.$id",
    "foreignField": "_id",
    "pipeline": [{"$project": {"_id": 0, "author.id": 1}}],
    "as": "content",
}


def read_reshares(db: Databases, now: datetime) -> Columns:
    """Every reshare until `now`, published or not: id, original, author, time, published (1 or 0)."""
    fields = {
        "id": ("id", "$_id"),
        "original": ("id", "$originalPost._id"),
        "author": ("id", "$author.id"),
        "time": ("time", "$createdAt"),
        "published": ("int", "$published"),
    }
    match = {"originalPost._id": _ANY_ID, "createdAt": {"$lte": now}}
    return read_columns(db, "contents", [{"$match": match}, *mark_public_posts("published")], fields)


def read_roots(db: Databases, ids: Sequence[ObjectId], now: datetime) -> Columns:
    """Of these contents: id, author, time, published, and how many reshares the app counted."""
    reshares = {"$add": [_counter(kind) for kind in RESHARE_TYPES]}
    fields = {
        "id": ("id", "$_id"),
        "author": ("id", "$author.id"),
        "time": ("time", "$createdAt"),
        "published": ("int", "$published"),
        "reshares": ("int", {"$toInt": {"$min": [reshares, 2_000_000_000]}}),
    }
    match = {"_id": {"$in": list(ids)}, "createdAt": {"$lte": now}}
    return read_columns(db, "contents", [{"$match": match}, *mark_public_posts("published")], fields)


def read_authors(db: Databases, ids: Sequence[ObjectId]) -> Columns:
    """Of these users: id, account, followers (NaN when the app wrote none), published."""
    number = {"$cond": [{"$isNumber": "$followerCount"}, {"$toDouble": "$followerCount"}, float("nan")]}
    fields = {
        "id": ("id", "$_id"),
        "account": ("id", "$ownerAccount"),
        "followers": ("float", number),
        "published": ("int", "$published"),
    }
    stages = [{"$match": {"_id": {"$in": list(ids)}}}, *mark_public_users("published", unstated=True)]
    return read_columns(db, "users", stages, fields)


def read_named_copies(db: Databases, copies: Sequence[ObjectId], now: datetime) -> Columns:
    """Reshares that an engagement made of one of these copies: item (the new post), copy."""
    match = {
        "targetRef.$id": {"$in": list(copies)},
        "type": {"$in": list(RESHARE_TYPES)},
        "itemId": _ANY_ID,
        "createdAt": {"$lte": now},
    }
    fields = {"item": ("id", "$itemId"), "copy": ("id", "$targetRef.$id")}
    return read_columns(db, "engagements", [{"$match": match}], fields)


def read_ties(db: Databases, users: Sequence[ObjectId], since: datetime, now: datetime) -> Columns:
    """Engagements of these users in [since, now] with others' posts: user, author, time."""
    match = {
        "user": {"$in": list(users)},
        "createdAt": {"$gte": since, "$lte": now},
        **counted(),
    }
    author = {"$first": "$content.author.id"}
    fields = {"user": ("id", "$user"), "author": ("id", author), "time": ("time", "$createdAt")}
    return read_columns(db, "engagements", [{"$match": match}, {"$lookup": _AUTHOR}], fields)


def kept_trees(db: Databases) -> dict[ObjectId, tuple[str, datetime]]:
    """The fingerprint and the moment of every tree that is kept, by its root."""
    found = collection(db, "cascades").find({}, {"members": 1, "asOf": 1}, batch_size=10_000)
    return {each["_id"]: (each["members"], each["asOf"]) for each in found}


def tree_with(db: Databases, content: ObjectId, hidden: Sequence[str] = ()) -> Document | None:
    """Returns the tree in which the content is a node, without the fields in `hidden`."""
    trees, wanted = collection(db, "cascades"), dict.fromkeys(hidden, 0)
    return trees.find_one({"_id": content}, wanted) or trees.find_one({"nodes.id": content}, wanted)


def content_of(db: Databases, content: ObjectId, now: datetime) -> Document | None:
    """Author and time of a content that exists at `now`."""
    fields = {"author.id": 1, "createdAt": 1, "visibility": 1}
    return collection(db, "contents").find_one({"_id": content, "createdAt": {"$lte": now}}, fields)


def replace_by_id(db: Databases, name: str, documents: Iterable[Document], batch: int = 1_000) -> int:
    """Writes the documents in the place of those with the same `_id`; gives their number."""
    writes = (ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents)
    written = 0
    while part := list(islice(writes, batch)):
        collection(db, name).bulk_write(part, ordered=False)
        written += len(part)
    return written


def remove_by_id(db: Databases, name: str, ids: Sequence[Any], batch: int = 10_000) -> int:
    """Removes the documents with these ids; gives how many there were."""
    parts = [list(ids[start : start + batch]) for start in range(0, len(ids), batch)]
    return sum(collection(db, name).delete_many({"_id": {"$in": part}}).deleted_count for part in parts)


def _counter(kind: str) -> dict[str, Any]:
    path = f"$engagements.{kind}.count"
    return {"$cond": [{"$isNumber": path}, {"$max": [path, 0]}, 0]}
