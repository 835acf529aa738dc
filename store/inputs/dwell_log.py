"""The dwell log: what each credential had on its screen, from when to when, read from covering indexes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from bson import ObjectId
from numpy.typing import NDArray

from store.client import Databases
from store.columns import NO_ID
from store.schema import FEEDITEM_FIELDS, collection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_ID, _LAST_ID = ObjectId(b"\0" * 12), ObjectId(b"\xff" * 12)


@dataclass(frozen=True)
class DwellColumns:
    """The latest exposures of some credentials, grouped by credential, newest first."""

    credentials: list[ObjectId]  # those with an exposure
    counts: NDArray[np.int64]  # (credentials,) exposures of each
    seen_ms: NDArray[np.int64]  # (exposures,) since 1970
    left_ms: NDArray[np.int64]  # (exposures,) end of the exposure, never before seen_ms
    content: NDArray[np.bytes_]  # (exposures,) S12, NO_ID where the app wrote none
    negative: int  # rejected exposures, which end before they begin


def credentials_read_between(db: Databases, since: datetime | None, until: datetime) -> list[ObjectId]:
    """Returns the credentials, ascending, with an exposure that ended in [since, until]; without `since`, all."""
    credentials: set[ObjectId] = set()
    for credential, left in _spellings(db):
        stages = _ever(credential) if since is None else _between(credential, left, since, until)
        groups = collection(db, "feeditems").aggregate(stages, allowDiskUse=True)
        credentials.update(group["_id"] for group in groups if isinstance(group["_id"], ObjectId))
    return sorted(credentials)


def latest_exposures(db: Databases, credentials: Sequence[ObjectId], now: datetime, most: int) -> DwellColumns:
    """Returns the latest `most` valid exposures of each credential as of `now`; ties in `seenAt` by end, then content.

    Valid: `seenAt` and the end are dates not later than `now`, and the end is not before `seenAt`. Reads at most
    `most` documents of a credential, or twice as many if some end before they begin.
    """
    tables = _newest_tables(db, credentials, now, most, ordered=False)
    negative = {key: int((table["left"] < table["seen"]).sum()) for key, table in tables.items()}
    if again := [key for key, count in negative.items() if count]:
        tables |= _newest_tables(db, again, now, most, ordered=True)
    return _joined({key: table for key, table in sorted(tables.items()) if len(table)}, sum(negative.values()))


def _newest_tables(
    db: Databases, credentials: Sequence[ObjectId], now: datetime, most: int, ordered: bool
) -> dict[ObjectId, NDArray[Any]]:
    """Returns seen, left and content of each credential; `ordered` omits exposures that end before they begin."""
    tables: dict[ObjectId, NDArray[Any]] = {}
    for credential, left in _spellings(db):
        stages = _newest(credential, left, list(credentials), now, most, ordered)
        for key, table in _rows(collection(db, "feeditems").aggregate_raw_batches(stages, allowDiskUse=True)):
            tables[key] = _latest(tables[key], table, most) if key in tables else table
    return tables


def _spellings(db: Databases) -> list[tuple[str, str]]:
    """Returns each pair of field names of credential and end that the collection uses; always the current pair."""
    feeditems = collection(db, "feeditems")
    used = {
        name: [
            names[0],
            *(old for old in names[1:] if feeditems.find_one({old: {"$exists": True}}, {"_id": 1})),
        ]
        for name, names in FEEDITEM_FIELDS.items()
    }
    return [(credential, left) for credential in used["seenCredential"] for left in used["offScreenAt"]]


def _ever(credential: str) -> list[dict[str, Any]]:
    """Returns the stages of a distinct scan: one index seek for each credential."""
    return [
        {"$match": {credential: {"$gte": _FIRST_ID, "$lte": _LAST_ID}}},
        {"$sort": {credential: 1}},
        {"$group": {"_id": f"${credential}"}},
    ]


def _between(credential: str, left: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Returns stages that scan one index range by end; a condition on the credential could select the other index."""
    return [{"$match": {left: {"$gte": since, "$lte": until}}}, {"$group": {"_id": f"${credential}"}}]


def _newest(
    credential: str, left: str, ids: list[ObjectId], now: datetime, most: int, ordered: bool
) -> list[dict[str, Any]]:
    """Returns stages for a document of newest exposures per credential: one seek each of an index that covers them."""
    valid: dict[str, Any] = {"seenAt": {"$gte": _EPOCH, "$lte": now}, left: {"$gte": _EPOCH, "$lte": now}}
    if ordered:
        valid["$expr"] = {"$gte": [f"${left}", "$seenAt"]}
    content = {"$cond": [{"$eq": [{"$type": "$content"}, "objectId"]}, "$content", NO_ID]}
    exposures = [
        {"$match": valid | {credential: {"$exists": True}}},
        {"$sort": {"seenAt": -1, left: 1, "content": 1}},
        {"$limit": most},
        {"$project": {"_id": 0, "a": "$seenAt", "b": f"${left}", "c": content}},
    ]
    lookup = {
        "from": "feeditems",
        "localField": "f",
        "foreignField": credential,
        "pipeline": exposures,
        "as": "r",
    }
    # The ids are a literal below one arbitrary document: `$documents` needs a newer server.
    return [{"$limit": 1}, {"$replaceWith": {"f": {"$literal": ids}}}, {"$unwind": "$f"}, {"$lookup": lookup}]


def _rows(batches: Any) -> Iterator[tuple[ObjectId, NDArray[Any]]]:
    """Yields credential and table of each raw BSON document {f: credential, r: [{a: date, b: date, c: id}, …]}.

    https://bsonspec.org defines the layout.
    """
    for batch in batches:
        position = 0
        while position < len(batch):
            size = int.from_bytes(batch[position : position + 4], "little")
            yield (
                ObjectId(batch[position + 7 : position + 19]),
                _table(batch[position + 22 : position + size - 1]),
            )
            position += size


def _table(array: bytes) -> NDArray[Any]:
    """Returns the elements of a BSON array; the keys "0" to "9" have one width, "10" to "99" another, and so on."""
    parts, position, first = [], 4, 0
    for digits in range(1, 6):
        layout = _LAYOUTS[digits]
        count = min((len(array) - 1 - position) // layout.itemsize, 10**digits - first)
        parts.append(np.frombuffer(array, dtype=layout, count=count, offset=position)[["seen", "left", "content"]])
        position, first = position + count * layout.itemsize, first + count
        if position >= len(array) - 1:
            break
    return np.concatenate([part.astype(_READING) for part in parts])


def _layout(digits: int) -> np.dtype[np.void]:
    head = [("type", "V1"), ("key", f"V{digits + 1}"), ("size", "V4")]
    fields = [("a", "V3"), ("seen", "<i8"), ("b", "V3"), ("left", "<i8"), ("c", "V3"), ("content", "S12")]
    return np.dtype([*head, *fields, ("end", "V1")])


_LAYOUTS: Mapping[int, np.dtype[np.void]] = {digits: _layout(digits) for digits in range(1, 6)}
_READING = np.dtype([("seen", "<i8"), ("left", "<i8"), ("content", "S12")])


def _latest(one: NDArray[Any], other: NDArray[Any], most: int) -> NDArray[Any]:
    both = np.concatenate([one, other])
    return both[np.lexsort((both["content"], both["left"], -both["seen"]))][:most]


def _joined(tables: Mapping[ObjectId, NDArray[Any]], negative: int) -> DwellColumns:
    rows = np.concatenate([np.empty(0, _READING), *tables.values()])
    return DwellColumns(
        credentials=list(tables),
        counts=np.array([len(table) for table in tables.values()], np.int64),
        seen_ms=np.ascontiguousarray(rows["seen"]),
        left_ms=np.ascontiguousarray(rows["left"]),
        content=np.ascontiguousarray(rows["content"]),
        negative=negative,
    )
