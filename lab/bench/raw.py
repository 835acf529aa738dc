"""Encodes numpy arrays as BSON documents: one template document, repeated, with columns filled in."""

import struct
from collections.abc import Mapping
from typing import Any

import bson
import numpy as np
from bson import Int64, ObjectId
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument
from numpy.typing import NDArray
from pymongo.collection import Collection

from store.ids import Document

BATCH = 20_000
Ids = NDArray[np.void]  # (n,) V12


def ids(kind: int, number: NDArray[np.integer[Any]], time_ms: NDArray[np.int64]) -> Ids:
    """Returns ObjectIds: four bytes of seconds, one of the kind, seven of the number; shape (n,)."""
    head = (time_ms // 1000).astype(">u4")
    table = np.empty(len(head), [("second", ">u4"), ("kind", ">u4"), ("number", ">u4")])
    table["second"], table["kind"], table["number"] = head, kind << 24, number
    return table.view("V12")


def encoded(document: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Returns one encoded document per element of the arrays; shape (n, bytes).

    V12 becomes an ObjectId, datetime64[ms] a date, int64 and float64 numbers, S… a text of that many bytes (at least
    three). Other values are the same in all documents.
    """
    columns: list[NDArray[Any]] = []
    raw = bson.encode(_marked(document, columns))
    rows = np.tile(np.frombuffer(raw, np.uint8), (len(columns[0]), 1))
    for number, column in enumerate(columns):
        width = column.dtype.itemsize
        place = raw.index(_marker(number, width))
        rows[:, place : place + width] = np.ascontiguousarray(column).view(np.uint8).reshape(-1, width)
    return rows


def insert(target: Collection[Document], document: Mapping[str, Any]) -> int:
    """Inserts the documents in batches and returns their number."""
    rows = encoded(document)
    for first in range(0, len(rows), BATCH):
        some = rows[first : first + BATCH]
        block, size = some.tobytes(), some.shape[1]
        batch = [RawBSONDocument(block[at : at + size]) for at in range(0, len(block), size)]
        target.insert_many(batch, ordered=False, bypass_document_validation=True)
    return len(rows)


def _marked(value: Any, columns: list[NDArray[Any]]) -> Any:
    if isinstance(value, Mapping):
        return {key: _marked(field, columns) for key, field in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    columns.append(value)
    mark = _marker(len(columns) - 1, value.dtype.itemsize)
    kinds: dict[str, Any] = {"V": ObjectId, "M": _date, "i": _integer, "f": _double, "S": bytes.decode}
    return kinds[value.dtype.kind](mark)


def _marker(number: int, width: int) -> bytes:
    return f"~{number:02d}".rjust(width, "^").encode()


def _integer(mark: bytes) -> Int64:
    return Int64(int.from_bytes(mark, "little"))


def _date(mark: bytes) -> DatetimeMS:
    return DatetimeMS(int.from_bytes(mark, "little"))


def _double(mark: bytes) -> float:
    return float(struct.unpack("<d", mark)[0])
