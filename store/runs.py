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


def finish(db: Databases, run: Any, status: str, seconds: float, counts: dict[str, Any], error: str = "") -> None:
    """Notes how the run ended."""
    outcome = {"status": status, "seconds": seconds, "counts": counts} | ({"error": error} if error else {})
    collection(db, "runs").update_one({"_id": run}, {"$set": outcome})
