"""Shards of training rows on their way from the dispatcher to the workers: arrays as npz, with a checksum."""

import hashlib
import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.client import Databases
from store.schema import collection, ensure_indexes

Arrays = Mapping[str, NDArray[Any]]


def put(db: Databases, shard: str, arrays: Arrays, described: Mapping[str, Any], now: datetime) -> None:
    """Stores a shard under its name; the same name again replaces it."""
    ensure_indexes(db, "trainingShards")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    payload = buffer.getvalue()
    document = {**described, "data": payload, "checksum": hashlib.sha256(payload).hexdigest(), "createdAt": now}
    collection(db, "trainingShards").replace_one({"_id": shard}, document, upsert=True)


def take(db: Databases, shard: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays of a shard and what describes them.

    Raises:
        ValueError: when there is no such shard, or its bytes have another checksum.
    """
    document = collection(db, "trainingShards").find_one({"_id": shard})
    if document is None or "data" not in document:
        raise ValueError(f"shard: there is no {shard[:80]}")
    payload = bytes(document.pop("data"))
    if hashlib.sha256(payload).hexdigest() != document.pop("checksum"):
        raise ValueError(f"shard: the checksum of {shard[:80]} does not fit")
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}, document


def drop(db: Databases, shard: str) -> None:
    """Forgets the rows of a shard whose artifacts are stored; its name stays a while, for messages that come twice."""
    collection(db, "trainingShards").update_one({"_id": shard}, {"$unset": {"data": "", "checksum": ""}})


def is_done(db: Databases, shard: str) -> bool:
    """Whether the shard was there and its artifacts are stored."""
    return collection(db, "trainingShards").count_documents({"_id": shard, "data": {"$exists": False}}) > 0
