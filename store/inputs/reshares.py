"""Inputs of cascades as columns: reshares, roots, authors, exposures, follows and ties; and the stored trees."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from pymongo import ReplaceOne

from store.client import Databases
from store.columns import Columns, id_array, object_ids, read_columns
from store.ids import Document, ObjectId
from store.inputs.visibility import read_public_users
from store.queries import number_or_nan
from store.rules.engagements import RESHARE_TYPES, counted
from store.rules.visibility import Hidden, published_flag
from store.schema import collection

_ANY_ID = {"$gte": ObjectId(b"\0" * 12)}  # matches ids only, and uses the index
_AUTHOR = {
    "from": "contents",
    "localField": "targetRef.$id",
    "foreignField": "_id",
    "pipeline": [{"$project": {"_id": 0, "author.id": 1}}],
    "as": "content",
}


def read_reshares(db: Databases, now: datetime, hidden: Hidden) -> Columns:
    """Returns every reshare until `now`: id, original, author, time, published (1 or 0).

    One whose original is hidden is published as long as its author is public: the tree says that its root is gone.
    """
    fields = {"original": ("id", "$originalPost._id")}
    return _read_contents(db, {"originalPost._id": _ANY_ID}, now, hidden, fields)


def read_roots(db: Databases, ids: Sequence[ObjectId], now: datetime, hidden: Hidden) -> Columns:
    """Returns these contents: id, author, time, published (1 or 0), reshares (as the app counted them)."""
    reshares = {"$toInt": {"$min": [{"$add": [_counter(kind) for kind in RESHARE_TYPES]}, 2_000_000_000]}}
    columns = _read_contents(db, {"_id": {"$in": list(ids)}}, now, hidden, {"reshares": ("int", reshares)})
    return columns | {"published": columns["published"] & ~np.isin(columns["id"], id_array(hidden.originals))}


def read_authors(db: Databases, ids: Sequence[ObjectId]) -> Columns:
    """Returns these users: id, account, followers (NaN when the app wrote none), published (1 or 0)."""
    fields = {
        "id": ("id", "$_id"),
        "account": ("id", "$ownerAccount"),
        "followers": ("float", number_or_nan("$followerCount")),
    }
    columns = read_columns(db, "users", [{"$match": {"_id": {"$in": list(ids)}}}], fields)
    public = read_public_users(db, ids)
    published = [user in public for user in object_ids(columns["id"])]
    return columns | {"published": np.array(published, dtype=np.int32)}


def read_declared_parents(db: Databases, copies: Sequence[ObjectId], now: datetime) -> Columns:
    """Returns reshares that an engagement with one of these posts created: item (the new post), copy (the post)."""
    match = {
        "targetRef.$id": {"$in": list(copies)},
        "type": {"$in": list(RESHARE_TYPES)},
        "itemId": _ANY_ID,
        "createdAt": {"$lte": now},
    }
    fields = {"item": ("id", "$itemId"), "copy": ("id", "$targetRef.$id")}
    return read_columns(db, "engagements", [{"$match": match}], fields)


def read_ties(db: Databases, users: Sequence[ObjectId], since: datetime, now: datetime) -> Columns:
    """Returns the engagements of these users in [since, now]: user, author (of the post), time."""
    match = {"user": {"$in": list(users)}, "createdAt": {"$gte": since, "$lte": now}, **counted()}
    author = {"$first": "$content.author.id"}
    fields = {"user": ("id", "$user"), "author": ("id", author), "time": ("time", "$createdAt")}
    return read_columns(db, "engagements", [{"$match": match}, {"$lookup": _AUTHOR}], fields)


def stored_trees(db: Databases) -> dict[ObjectId, tuple[str, datetime]]:
    """Returns root → fingerprint and time of every stored tree."""
    trees = collection(db, "cascades").find({}, {"members": 1, "asOf": 1}, batch_size=10_000)
    return {tree["_id"]: (tree["members"], tree["asOf"]) for tree in trees}


def tree_with(db: Databases, content: ObjectId, hidden: Sequence[str] = ()) -> Document | None:
    """Returns the tree in which the content is a node, without the fields in `hidden`."""
    trees, wanted = collection(db, "cascades"), dict.fromkeys(hidden, 0)
    return trees.find_one({"_id": content}, wanted) or trees.find_one({"nodes.id": content}, wanted)


def content_of(db: Databases, content: ObjectId, now: datetime) -> Document | None:
    """Returns author, time and visibility of a content that exists at `now`."""
    fields = {"author.id": 1, "createdAt": 1, "visibility": 1}
    return collection(db, "contents").find_one({"_id": content, "createdAt": {"$lte": now}}, fields)


def replace_by_id(db: Databases, name: str, documents: Iterable[Document], batch: int = 1_000) -> int:
    """Writes the documents, replacing those with the same `_id`, and returns how many."""
    writes = (ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents)
    written = 0
    while part := list(islice(writes, batch)):
        collection(db, name).bulk_write(part, ordered=False)
        written += len(part)
    return written


def remove_by_id(db: Databases, name: str, ids: Sequence[Any], batch: int = 10_000) -> int:
    """Removes the documents with these ids and returns how many."""
    parts = [list(ids[start : start + batch]) for start in range(0, len(ids), batch)]
    return sum(collection(db, name).delete_many({"_id": {"$in": part}}).deleted_count for part in parts)


def _read_contents(
    db: Databases, match: Mapping[str, Any], now: datetime, hidden: Hidden, more: Mapping[str, tuple[str, Any]]
) -> Columns:
    fields = {
        "id": ("id", "$_id"),
        "author": ("id", "$author.id"),
        "time": ("time", "$createdAt"),
        "published": ("int", published_flag()),
        **more,
    }
    columns = read_columns(db, "contents", [{"$match": {**match, "createdAt": {"$lte": now}}}], fields)
    return columns | {"published": columns["published"] & ~np.isin(columns["author"], id_array(hidden.users))}


def _counter(kind: str) -> dict[str, Any]:
    path = f"$engagements.{kind}.count"
    return {"$cond": [{"$isNumber": path}, {"$max": [path, 0]}, 0]}
