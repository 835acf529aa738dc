"""credentialfeatures: writes documents, reads columns, and stores the watermark of the extraction."""

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
    """Returns the time up to which exposures are in the features; None before the first run."""
    mark = collection(db, "watermarks").find_one({"_id": _FUNCTION})
    return mark["until"] if mark else None


def move_watermark(db: Databases, now: datetime) -> None:
    """Moves the watermark forward to `now`; never back."""
    collection(db, "watermarks").update_one({"_id": _FUNCTION}, {"$max": {"until": now}}, upsert=True)


def write_features(db: Databases, documents: Iterable[Document], now: datetime, history_days: float) -> int:
    """Writes features by (seenCredential, lastSeenAt); returns the number of documents.

    Deletes unverified features of these credentials that are `history_days` older than the new ones.
    """
    writes: list[UpdateOne] = []
    newest: dict[ObjectId, datetime] = {}
    for document in documents:
        key = {name: document[name] for name in ("seenCredential", "lastSeenAt")}
        fields = {name: value for name, value in document.items() if name not in key}
        change = {"$set": fields | {"updatedAt": now}, "$setOnInsert": {"createdAt": now}}
        writes.append(UpdateOne(key, change, upsert=True))
        newest[key["seenCredential"]] = key["lastSeenAt"]
    if writes:
        collection(db, "credentialfeatures").bulk_write(writes, ordered=False)
        _remove_superseded(db, newest, timedelta(days=history_days))
    return len(writes)


def _remove_superseded(db: Databases, newest: Mapping[ObjectId, datetime], history: timedelta) -> None:
    features = collection(db, "credentialfeatures")
    unverified = {"seenCredential": {"$in": list(newest)}, "verificationStatus": {"$exists": False}}
    rows = features.find(unverified, {"seenCredential": 1, "lastSeenAt": 1})
    old = [row["_id"] for row in rows if row["lastSeenAt"] < newest[row["seenCredential"]] - history]
    if old:  # a verdict may have come since the query
        features.delete_many({"_id": {"$in": old}, "verificationStatus": {"$exists": False}})


def newest_features(db: Databases, now: datetime, fields: Mapping[str, tuple[str, str]], verified: bool) -> Columns:
    """Returns the newest features of each credential as of `now`, ascending by credential.

    Args:
        db: the databases.
        now: features with later exposures are omitted.
        fields: name → (kind, path in the document), as in `read_columns`.
        verified: only features with a verdict up to `now`.
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
    """Sets fields of features by `_id`; returns the number of documents."""
    writes = [UpdateOne({"_id": key}, {"$set": fields}) for key, fields in scores]
    if writes:
        collection(db, "credentialfeatures").bulk_write(writes, ordered=False)
    return len(writes)


def accounts_of(db: Databases, credentials: Sequence[ObjectId]) -> dict[ObjectId, ObjectId]:
    """Returns the account of each credential that still exists in the app."""
    accounts: dict[ObjectId, ObjectId] = {}
    for start in range(0, len(credentials), 50_000):
        condition = {"_id": {"$in": list(credentials[start : start + 50_000])}, "account": {"$type": "objectId"}}
        for credential in collection(db, "credentials").find(condition, {"account": 1}):
            accounts[credential["_id"]] = credential["account"]
    return accounts


def text_lengths(db: Databases, contents: Sequence[ObjectId]) -> Columns:
    """Returns `content` (S12) and `length` in characters of the contents that exist and have a text."""
    if not contents:
        return {"content": id_array([]), "length": id_array([]).astype("S0").view("i4")}
    stages = [{"$match": {"_id": {"$in": list(contents)}, "payload.message": {"$type": "string"}}}]
    length = {"$strLenCP": "$payload.message"}
    return read_columns(db, "contents", stages, {"content": ("id", "$_id"), "length": ("int", length)})


def _expression(path: str) -> Any:
    """Returns the expression of a path in the newest document; "name.3" is the fourth element of an array."""
    name, _, place = path.partition(".")
    value = f"$newest.{name}"
    return {"$arrayElemAt": [value, int(place)]} if place else value
