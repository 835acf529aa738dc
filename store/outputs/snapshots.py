"""The serving snapshot: one payload in documents below MongoDB's limit of 16 MB, published by a swap."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import OperationFailure

from store import publish
from store.client import Databases
from store.ids import Document
from store.schema import collection

_NAME = "servingSnapshot"
_HEADER = 0  # its _id; the parts follow
_PART_BYTES = 12 * 2**20


class SnapshotError(ValueError):
    """The stored parts are not of the requested version: it was replaced, or its bytes are damaged."""


@dataclass(frozen=True)
class Header:
    """Version and time of the published snapshot."""

    version: str  # SHA-256 of the payload, hexadecimal
    as_of: datetime


def save(db: Databases, payload: bytes, as_of: datetime) -> int:
    """Publishes the payload; returns the number of parts."""
    starts = range(0, len(payload), _PART_BYTES)
    version = hashlib.sha256(payload).hexdigest()
    with publish.replacing(db, _NAME, as_of) as temporary:
        for number, start in enumerate(starts, _HEADER + 1):
            part = payload[start : start + _PART_BYTES]
            temporary.insert_one({"_id": number, "createdAt": as_of, "part": part})
        temporary.insert_one({"_id": _HEADER, "createdAt": as_of, "version": version, "parts": len(starts)})
    return len(starts)


def header_of(document: Document | None) -> Header | None:
    """Returns the header of its document; None when nothing is published."""
    return Header(document["version"], document["createdAt"]) if document else None


def read_payload(db: Databases, version: str) -> bytes:
    """Returns the payload of that version.

    Raises:
        SnapshotError: when it is not stored completely.
    """
    try:
        parts = collection(db, _NAME).find({"_id": {"$gt": _HEADER}}).sort("_id", 1)
        payload = b"".join(document["part"] for document in parts)
    except OperationFailure as error:  # the collection was replaced under the cursor
        raise SnapshotError(f"{version}: replaced while it was read") from error
    if hashlib.sha256(payload).hexdigest() != version:
        raise SnapshotError(f"{version}: other bytes than those that were published")
    return payload
