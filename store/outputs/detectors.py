"""frauddetectionmlartifacts: all candidates of all trainings, append-only."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import ReplaceOne

from store.client import Databases
from store.ids import Document
from store.schema import collection


def next_version(db: Databases, now: datetime) -> int:
    """Returns the version of a training at `now`: the newest earlier version plus one."""
    newest = collection(db, "frauddetectionmlartifacts").find_one(
        {"trainedAt": {"$lt": now}}, {"version": 1}, sort=[("trainedAt", -1), ("version", -1)]
    )
    return 1 + (newest["version"] if newest else 0)


def append_detectors(db: Databases, candidates: Sequence[Document], now: datetime) -> None:
    """Adds the candidates of the training at `now`, the served one last; the same training again replaces them."""
    writes = []
    for candidate in sorted(candidates, key=lambda document: bool(document["served"])):
        key = f"{now.isoformat()} {candidate['model']}"
        writes.append(ReplaceOne({"_id": key}, candidate | {"_id": key, "trainedAt": now}, upsert=True))
    if writes:
        collection(db, "frauddetectionmlartifacts").bulk_write(writes, ordered=True)


def served_detector(db: Databases, now: datetime) -> Document | None:
    """Returns the detector that is served at `now`; None before the first training."""
    return collection(db, "frauddetectionmlartifacts").find_one(
        {"served": True, "trainedAt": {"$lte": now}}, sort=[("trainedAt", -1)]
    )
