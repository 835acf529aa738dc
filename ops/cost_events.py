"""Seconds of what answers one event, in a warm container, measured on a sample of this database's own."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from statistics import median
from time import perf_counter
from typing import Any

from features.text.analyzer import OfflineReader
from handlers.predictors import personalize_content_predictor
from store import queries
from store.client import Databases
from store.ids import Document

EVENTS = 12  # the first warms up


def reading_seconds(db: Databases) -> float | None:
    """The median of reading one post; None without posts."""
    reader = OfflineReader()
    posts = _sampled(db, "contents", {"payload.message": {"$type": "string"}}, {"text": "$payload.message"})
    return _median(lambda post: reader.read([post["text"]]), posts)


def ranking_seconds(db: Databases, now: datetime) -> float | None:
    """The median of ranking what lives at `now` for one member; None without members or the snapshot."""
    if not queries.exists(db, "servingSnapshot", {}):
        return None
    members = _sampled(db, "accounts", {"isGuest": {"$ne": True}}, {"accountId": {"$toString": "$_id"}})
    return _median(lambda each: personalize_content_predictor(each | {"time": now.isoformat()}, None), members)


def _sampled(db: Databases, name: str, condition: Mapping[str, Any], shape: Mapping[str, Any]) -> Iterator[Document]:
    chosen: list[Mapping[str, Any]] = [{"$match": condition}, {"$sample": {"size": EVENTS}}]
    return queries.stream(db, name, [*chosen, {"$project": {"_id": 0, **shape}}])


def _median(answer: Callable[[Document], Any], asked: Iterator[Document]) -> float | None:
    seconds = []
    for each in asked:
        started = perf_counter()
        answer(each)
        seconds.append(perf_counter() - started)
    return median(seconds[1:]) if len(seconds) > 1 else None
