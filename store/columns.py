"""Columns of a collection as numpy arrays, without a Python object per document.

The server projects every document onto fields of fixed width. So all documents have one BSON layout
(https://bsonspec.org) and are read as one structured array.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bson import ObjectId
from bson.datetime_ms import DatetimeMS
from numpy.typing import NDArray

from store.client import Databases
from store.schema import collection

Columns = dict[str, NDArray[Any]]
NO_ID = ObjectId(b"\0" * 12)
NO_TIME_MS = -(2**62)  # a missing date; dates are milliseconds since 1970

# kind: (BSON type byte, numpy dtype of the value, BSON type name, literal for a missing or mistyped value)
_KINDS: Mapping[str, tuple[int, str, str, Any]] = {
    "id": (7, "S12", "objectId", NO_ID),
    "time": (9, "<i8", "date", DatetimeMS(NO_TIME_MS)),
    "float": (1, "<f8", "double", float("nan")),
    "int": (16, "<i4", "int", -1),
}


def read_columns(
    db: Databases, name: str, stages: Sequence[Mapping[str, Any]], fields: Mapping[str, tuple[str, Any]]
) -> Columns:
    """Returns one array per field, each (documents of the aggregation,), in the server's order.

    `fields`: name → (kind, aggregation expression), kind one of id (bytes of 12), time (int64, ms since 1970),
    float (float64), int (int32). Missing and mistyped values become NO_ID, NO_TIME_MS, NaN and -1.
    """
    names = [f"f{position}" for position in range(len(fields))]  # generated names keep the order of $replaceWith
    shape = {name: _guarded(*spec) for name, spec in zip(names, fields.values(), strict=True)}
    pipeline = [*stages, {"$replaceWith": shape}]
    batches: Any = collection(db, name).aggregate_raw_batches(pipeline, allowDiskUse=True, batchSize=100_000)
    raw = b"".join(batches)
    layout = _layout(names, [kind for kind, _ in fields.values()])
    table = np.frombuffer(raw, dtype=layout)
    if len(table) and not (table["size"] == layout.itemsize).all():
        raise ValueError(f"{name}: a document has another layout than {list(fields)}")
    table = _without_erased(db, table, [key for key in names if table.dtype[key].kind == "S"])
    return {field: np.ascontiguousarray(table[name]) for field, name in zip(fields, names, strict=True)}


def hex_ids(ids: NDArray[np.bytes_]) -> list[str]:
    """Returns ids of shape (n,), S12, as 24 hexadecimal digits each."""
    digits = np.frombuffer(ids.tobytes(), dtype="V12")
    return [value.tobytes().hex() for value in digits]


def object_ids(ids: NDArray[np.bytes_]) -> list[ObjectId | None]:
    """Returns ids of shape (n,), S12, as ObjectIds; NO_ID becomes None."""
    raw, none = ids.tobytes(), NO_ID.binary
    parts = [raw[start : start + 12] for start in range(0, len(raw), 12)]
    return [None if part == none else ObjectId(part) for part in parts]


def id_array(ids: Sequence[ObjectId]) -> NDArray[np.bytes_]:
    """Returns ObjectIds as an array of shape (n,), S12."""
    return np.frombuffer(b"".join(object_id.binary for object_id in ids), dtype="S12")


def _guarded(kind: str, expression: Any) -> Any:
    _, _, bson_type, missing = _KINDS[kind]
    return {
        "$let": {
            "vars": {"value": expression},
            "in": {"$cond": [{"$eq": [{"$type": "$$value"}, bson_type]}, "$$value", {"$literal": missing}]},
        }
    }


def _without_erased(db: Databases, table: NDArray[Any], names: Sequence[str]) -> NDArray[Any]:
    ids = id_array(db.erased)
    if not len(ids):
        return table
    place = {name: np.minimum(np.searchsorted(ids, table[name]), len(ids) - 1) for name in names}
    named = [ids[place[name]] == table[name] for name in names]
    return table[~np.any(named, axis=0)] if named else table


def _layout(names: Sequence[str], kinds: Sequence[str]) -> np.dtype[np.void]:
    parts: list[tuple[str, str]] = [("size", "<i4")]
    for name, kind in zip(names, kinds, strict=True):
        parts += [(f"{name}:key", f"V{len(name) + 2}"), (name, _KINDS[kind][1])]
    return np.dtype([*parts, ("end", "V1")])
