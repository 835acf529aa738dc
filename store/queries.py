"""Reads: streams of projected documents and counts, each on an index."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from store.client import Databases
from store.ids import Document
from store.schema import collection


def stream(db: Databases, name: str, stages: Sequence[Mapping[str, Any]]) -> Iterator[Document]:
    """The documents of an aggregation on the collection `name`, one at a time."""
    yield from collection(db, name).aggregate(list(stages), allowDiskUse=True, batchSize=5_000)


def exists(db: Databases, name: str, condition: Mapping[str, Any]) -> bool:
    """Whether a document of `name` meets the condition."""
    return collection(db, name).find_one(condition, {"_id": 1}) is not None


def count(db: Databases, name: str, condition: Mapping[str, Any]) -> int:
    """How many documents of `name` meet the condition."""
    return collection(db, name).count_documents(condition)


def estimated(db: Databases, name: str) -> int:
    """How many documents `name` has, by the collection's own books."""
    return collection(db, name).estimated_document_count()


def count_without_date(db: Databases, name: str, field: str) -> int:
    """How many documents of `name` have no date in `field`, which every job sets aside; by the field's index alone."""
    typed: list[dict[str, Any]] = [{"$sort": {field: 1}}, {"$project": {"_id": 0, "type": {"$type": f"${field}"}}}]
    found = list(stream(db, name, [*typed, {"$match": {"type": {"$ne": "date"}}}, {"$count": "count"}]))
    return int(found[0]["count"]) if found else 0
