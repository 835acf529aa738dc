"""Reads that several modules need: streams of documents, ids and counts; expressions for fields of any type."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from store.client import Databases
from store.ids import Document
from store.schema import collection

T = TypeVar("T")


def stream(db: Databases, name: str, stages: Sequence[Mapping[str, Any]]) -> Iterator[Document]:
    """Yields the documents of an aggregation on the collection `name`."""
    yield from collection(db, name).aggregate(list(stages), allowDiskUse=True, batchSize=5_000)


def exists(db: Databases, name: str, condition: Mapping[str, Any]) -> bool:
    """Returns whether a document of `name` meets the condition."""
    return collection(db, name).find_one(condition, {"_id": 1}) is not None


def ids_where(db: Databases, name: str, condition: Mapping[str, Any]) -> set[Any]:
    """Returns the `_id` of every document of `name` that meets the condition."""
    return {document["_id"] for document in collection(db, name).find(condition, {"_id": 1})}


def count(db: Databases, name: str, condition: Mapping[str, Any]) -> int:
    """Returns how many documents of `name` meet the condition."""
    return collection(db, name).count_documents(condition)


def estimated(db: Databases, name: str) -> int:
    """Returns how many documents `name` has, from the collection's metadata."""
    return collection(db, name).estimated_document_count()


def count_by(db: Databases, name: str, expression: Any, stages: Sequence[Mapping[str, Any]] = ()) -> dict[Any, int]:
    """Returns value of the expression → how many documents of the aggregation have it, the most frequent first."""
    return {group["_id"]: group["count"] for group in stream(db, name, [*stages, {"$sortByCount": expression}])}


def count_without_date(db: Databases, name: str, field: str) -> int:
    """Returns how many documents of `name` have no date in `field`; every job rejects them. Reads only an index."""
    typed: list[dict[str, Any]] = [{"$sort": {field: 1}}, {"$project": {"_id": 0, "type": {"$type": f"${field}"}}}]
    rows = stream(db, name, [*typed, {"$match": {"type": {"$ne": "date"}}}, {"$count": "count"}])
    return next((int(row["count"]) for row in rows), 0)


def text_or_empty(path: str) -> dict[str, Any]:
    """Returns the expression for the text at the path, empty for every other type."""
    return {"$cond": [{"$eq": [{"$type": path}, "string"]}, path, ""]}


def number_or_nan(path: str) -> dict[str, Any]:
    """Returns the expression for the number at the path as a double, NaN for every other type."""
    return {"$cond": [{"$isNumber": path}, {"$toDouble": path}, float("nan")]}


def in_threads(calls: Iterable[Callable[[], T]], most: int = 2) -> list[T]:
    """Returns the results of the calls in their order; at most `most` run at a time, each in a thread.

    An error, or the deadline of the run, does not wait for running calls and cancels those that have not started.

    >>> in_threads([lambda: 1, lambda: 2])
    [1, 2]
    """
    pool = ThreadPoolExecutor(most)
    try:
        return list(pool.map(lambda call: call(), calls))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
