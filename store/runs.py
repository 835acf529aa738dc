"""The record of every job's run."""

from datetime import datetime
from typing import Any

from store.client import Databases
from store.schema import collection, ensure_indexes


def start(db: Databases, function: str, time: datetime, started_at: datetime) -> Any:
    """Notes that a run began; gives the record's id."""
    ensure_indexes(db, "runs")
    record = {"function": function, "time": time, "startedAt": started_at, "status": "running"}
    return collection(db, "runs").insert_one(record).inserted_id


def last_done(db: Databases, function: str, now: datetime) -> datetime | None:
    """The clock, not after `now`, of the function's last good run in which it was not switched off."""
    worked = {"function": function, "status": "done", "time": {"$lte": now}, "counts.switchedOff": {"$exists": False}}
    found = collection(db, "runs").find_one(worked, {"time": 1}, sort=[("time", -1)])
    return found["time"] if found else None


def finish(db: Databases, run: Any, status: str, seconds: float, counts: dict[str, Any], error: str = "") -> None:
    """Notes how the run ended."""
    outcome = {"status": status, "seconds": seconds, "counts": counts} | ({"error": error} if error else {})
    collection(db, "runs").update_one({"_id": run}, {"$set": outcome})
