"""credentialfeatures: how credentials read, as documents in and columns out; and up to when that is known."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from store.client import Databases
from store.columns import Columns, id_array, read_columns
from store.ids import Document
from store.schema import collection

_FUNCTION = "fraudFeatureExtractor"


def watermark(db: Databases) -> datetime | None:
    """Up to when readings have been turned into features; None before the first run."""
    mark = collection(db, "watermarks").find_one({"_id": _FUNCTION})
    return mark["until"] if mark else None


def move_watermark(db: Databases, now: datetime) -> None:
    """Notes that readings up to `now` are in; it never moves back."""
    collection(db, "watermarks").update_one({"_id": _FUNCTION}, {"$max": {"until": now}}, upsert=True)


def write_behaviours(db: Databases, documents: Iterable[Document], now: datetime, history_days: float) -> int:
    """Writes features by (seenCredential, lastSeenAt); unverified ones superseded for `history_days` leave.

    Gives the number of documents written.
    """
    writes: list[UpdateOne] = []
    newest: dict[ObjectId, datetime] = {}
    for document in documents:
        key = {name: document[name] for name in ("seenCredential", "lastSeenAt")}
        known = {name: value for name, value in document.items() if name not in key}
        change = {"$set": known | {"updatedAt": now}, "$setOnInsert": {"createdAt": now}}
        writes.append(UpdateOne(key, change, upsert=True))
        newest[key["seenCredential"]] = key["lastSeenAt"]
    if writes:
        collection(db, "credentialfeatures").bulk_write(writes, ordered=False)
        _remove_superseded(db, newest, timedelta(days=history_days))
    return len(writes)


def _remove_superseded(db: Databases, newest: Mapping[ObjectId, datetime], history: timedelta) -> None:
    kept = collection(db, "credentialfeatures")
    unverified = {"seenCredential": {"$in": list(newest)}, "verificationStatus": {"$exists": False}}
    found = kept.find(unverified, {"seenCredential": 1, "lastSeenAt": 1})
    old = [each["_id"] for each in found if each["lastSeenAt"] < newest[each["seenCredential"]] - history]
    if old:  # a verdict may have come since they were looked up
        kept.delete_many({"_id": {"$in": old}, "verificationStatus": {"$exists": False}})


def newest_behaviours(db: Databases, now: datetime, fields: Mapping[str, tuple[str, str]], verified: bool) -> Columns:
    """One row per credential with its newest features as of `now`, in any order.

    Args:
        db: the databases.
        now: features of later readings are left out.
        fields: name → (kind, path in the document), as `read_columns` has them.
        verified: only features that bear a verdict given by `now`.
    """
    condition: dict[str, Any] = {"lastSeenAt": {"$lte": now}}
    if verified:
        condition |= {"verificationStatus": {"$in": [True, False]}, "verifiedAt": {"$lte": now}}
    stages = [
        {"$match": condition},
        {"$sort": {"seenCredential": 1, "lastSeenAt": -1}},
        {"$group": {"_id": "$seenCredential", "newest": {"$first": "$$ROOT"}}},
        {"$sort": {"_id": 1}},
    ]
    paths = {name: (kind, _expression(path)) for name, (kind, path) in fields.items()}
    return read_columns(db, "credentialfeatures", stages, paths)


def write_scores(db: Databases, scores: Iterable[tuple[ObjectId, Document]]) -> int:
    """Sets fields on features by `_id`; gives how many."""
    writes = [UpdateOne({"_id": key}, {"$set": fields}) for key, fields in scores]
    if writes:
        collection(db, "credentialfeatures").bulk_write(writes, ordered=False)
    return len(writes)


def accounts_of(db: Databases, credentials: Sequence[ObjectId]) -> dict[ObjectId, ObjectId]:
    """The account behind each credential that the app still knows."""
    known: dict[ObjectId, ObjectId] = {}
    for start in range(0, len(credentials), 50_000):
        wanted = {"_id": {"$in": list(credentials[start : start + 50_000])}, "account": {"$type": "objectId"}}
        for each in collection(db, "credentials").find(wanted, {"account": 1}):
            known[each["_id"]] = each["account"]
    return known


def text_lengths(db: Databases, contents: Sequence[ObjectId]) -> Columns:
    """`content` (S12) and `length` in characters of those contents that exist and have a text."""
    if not contents:
        return {"content": id_array([]), "length": id_array([]).astype("S0").view("i4")}
    stages = [{"$match": {"_id": {"$in": list(contents)}, "payload.message": {"$type": "string"}}}]
    length = {"$strLenCP": "$payload.message"}
    return read_columns(db, "contents", stages, {"content": ("id", "$_id"), "length": ("int", length)})


def _expression(path: str) -> Any:
    """The path in the newest document; "name.3" is the fourth element of an array."""
    name, _, place = path.partition(".")
    value = f"$newest.{name}"
    return {"$arrayElemAt": [value, int(place)]} if place else value
