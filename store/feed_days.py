"""The top of the last guest feed of each day, kept for a few days so that today's can be compared with it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReplaceOne

from store.client import Databases
from store.documents import Document, ObjectId
from store.schema import collection

Top = tuple[str, Sequence[ObjectId | None], Sequence[float]]  # country, contents best first, their scores


def keep(db: Databases, now: datetime, tops: Iterable[Top], days: float) -> int:
    """Writes each country's top in the place of an earlier one of the same day; those older than `days` leave."""
    writes: list[Any] = [
        ReplaceOne({"_id": f"{country} {now:%Y-%m-%d}"}, _document(now, country, contents, scores), upsert=True)
        for country, contents, scores in tops
    ]
    kept = collection(db, "guestFeedDays")
    if writes:
        kept.bulk_write(writes, ordered=False)
    kept.delete_many({"createdAt": {"$lt": now - timedelta(days=days)}})
    return len(writes)


def before(db: Databases, country: str, moment: datetime) -> Document | None:
    """The country's last list of the latest kept day before that of `moment`."""
    earlier = {"_id": {"$gte": f"{country} ", "$lt": f"{country} {moment:%Y-%m-%d}"}}
    return collection(db, "guestFeedDays").find_one(earlier, sort=[("_id", -1)])


def _document(now: datetime, country: str, contents: Sequence[ObjectId | None], scores: Sequence[float]) -> Document:
    items = [{"content": content, "score": score} for content, score in zip(contents, scores, strict=True)]
    return {"countryCode": country, "createdAt": now, "items": items}
