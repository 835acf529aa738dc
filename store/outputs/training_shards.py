"""Shards of training rows on their way from the dispatcher to the workers: bytes with a checksum."""

import hashlib
from collections.abc import Mapping
from typing import Any

from store.client import Databases
from store.schema import collection, ensure_indexes


def put(db: Databases, shard: str, payload: bytes, described: Mapping[str, Any]) -> None:
    """Stores a shard under its name; an existing one is replaced."""
    ensure_indexes(db, "trainingShards")
    document = {**described, "data": payload, "checksum": hashlib.sha256(payload).hexdigest()}
    fresh = {"$set": document, "$currentDate": {"createdAt": True}}  # it expires by the server's clock
    collection(db, "trainingShards").update_one({"_id": shard}, fresh, upsert=True)


def take(db: Databases, shard: str) -> tuple[bytes, dict[str, Any]]:
    """Returns the bytes of a shard and its other fields.

    Raises:
        ValueError: for an unknown shard, or bytes with another checksum.
    """
    document = collection(db, "trainingShards").find_one({"_id": shard})
    if document is None or "data" not in document:
        raise ValueError(f"shard: there is no {shard[:80]}")
    payload = bytes(document.pop("data"))
    if hashlib.sha256(payload).hexdigest() != document.pop("checksum"):
        raise ValueError(f"shard: the checksum of {shard[:80]} does not fit")
    return payload, document


def drop(db: Databases, shard: str) -> None:
    """Deletes a shard whose artifacts are stored."""
    collection(db, "trainingShards").delete_one({"_id": shard})


def mark_done(db: Databases, shard: str) -> None:
    """Records that the shard was trained, for messages delivered twice; the record expires as shards do."""
    collection(db, "trainingShards").update_one({"_id": shard}, {"$currentDate": {"createdAt": True}}, upsert=True)


def is_done(db: Databases, shard: str) -> bool:
    """Returns whether the shard was trained and marked."""
    return collection(db, "trainingShards").count_documents({"_id": shard, "data": {"$exists": False}}) > 0
