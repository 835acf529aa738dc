"""What the panel's first page reads: the functions' runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import DESCENDING

from store import reads
from store.client import Databases
from store.documents import Document
from store.schema import collection, ensure_indexes

_NEWEST = 3_000  # runs that are looked at for all functions together
_LAST = ("time", "startedAt", "seconds", "status", "counts", "error")
_ORDER = [("time", DESCENDING), ("startedAt", DESCENDING)]


def last_runs(db: Databases, functions: Sequence[str], now: datetime) -> Mapping[str, Document]:
    """Function → its last run, `doneTime` (clock of its last good one), `runs` and `failed` of the last day."""
    ensure_indexes(db, "runs")
    found = {each["_id"]: each for each in reads.stream(db, "runs", _newest(now))}
    return {each: found.get(each) or _older(db, each) for each in functions}


def runs_of(db: Databases, function: str, most: int, skip: int) -> list[Document]:
    """Runs of one function, the latest first."""
    return list(collection(db, "runs").find({"function": function}).sort(_ORDER).skip(skip).limit(most))


def _newest(now: datetime) -> list[dict[str, Any]]:
    today = {"$gte": ["$time", {"$dateSubtract": {"startDate": now, "unit": "day", "amount": 1}}]}
    failed = {"$and": [{"$eq": ["$status", "failed"]}, today]}
    group = {
        "_id": "$function",
        **{name: {"$first": f"${name}"} for name in _LAST},
        "doneTime": {"$max": {"$cond": [{"$eq": ["$status", "done"]}, "$time", None]}},
        "runs": {"$sum": {"$toInt": today}},
        "failed": {"$sum": {"$toInt": failed}},
    }
    return [{"$sort": {"startedAt": -1}}, {"$limit": _NEWEST}, {"$group": group}]


def _older(db: Databases, function: str) -> Document:
    """The last run of a function that none of the newest runs is of."""
    runs = collection(db, "runs")
    last = runs.find_one({"function": function}, sort=_ORDER) or {}
    done = runs.find_one({"function": function, "status": "done"}, {"time": 1}, sort=_ORDER) if last else None
    return {**last, "doneTime": done and done["time"], "runs": 0, "failed": 0}
