"""The records of runs, and the state of the databases as `feedpulse status` and the panel show it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import DESCENDING

from store import queries
from store.client import Databases
from store.ids import Document
from store.schema import collection, ensure_indexes

_NEWEST = 3_000  # runs that are searched for all functions together
_LAST = ("time", "startedAt", "seconds", "status", "counts", "error")
_ORDER = [("time", DESCENDING), ("startedAt", DESCENDING)]


def start(db: Databases, function: str, time: datetime, started_at: datetime) -> Any:
    """Records that a run started and returns the record's id."""
    ensure_indexes(db, "runs")
    record = {"function": function, "time": time, "startedAt": started_at, "status": "running"}
    return collection(db, "runs").insert_one(record).inserted_id


def finish(db: Databases, run: Any, status: str, seconds: float, counts: dict[str, Any], error: str = "") -> None:
    """Records how the run ended."""
    outcome = {"status": status, "seconds": seconds, "counts": counts} | ({"error": error} if error else {})
    collection(db, "runs").update_one({"_id": run}, {"$set": outcome})


def last_done(db: Databases, function: str, now: datetime) -> datetime | None:
    """Returns the clock, at most `now`, of the function's last successful run in which it was switched on."""
    worked = {"function": function, "status": "done", "time": {"$lte": now}, "counts.switchedOff": {"$exists": False}}
    run = collection(db, "runs").find_one(worked, {"time": 1}, sort=[("time", -1)])
    return run["time"] if run else None


def summaries(db: Databases, since: datetime) -> Mapping[str, Document]:
    """Returns function → its last run, `doneTime` (clock of the last successful one), `runs`, `failed` since then."""
    stages: list[dict[str, Any]] = [{"$sort": {"startedAt": -1}}, _by_function({"$gte": ["$startedAt", since]})]
    return {run["_id"]: run for run in queries.stream(db, "runs", stages)}


def last_runs(db: Databases, functions: Sequence[str], now: datetime) -> Mapping[str, Document]:
    """Returns the same as `summaries` for these functions and the day before `now`; reads only the newest runs."""
    ensure_indexes(db, "runs")
    today = {"$gte": ["$time", {"$dateSubtract": {"startDate": now, "unit": "day", "amount": 1}}]}
    stages: list[dict[str, Any]] = [{"$sort": {"startedAt": -1}}, {"$limit": _NEWEST}, _by_function(today)]
    newest = {run["_id"]: run for run in queries.stream(db, "runs", stages)}
    return {function: newest.get(function) or _older(db, function) for function in functions}


def runs_of(db: Databases, function: str, most: int, skip: int) -> list[Document]:
    """Returns runs of one function, the latest first."""
    return list(collection(db, "runs").find({"function": function}).sort(_ORDER).skip(skip).limit(most))


def guest_feed_size(db: Databases) -> dict[str, Any]:
    """Returns how many items and countries the published guest feed has, and when it was made."""
    feed = collection(db, "guestfeeditems")
    newest = feed.find_one({}, {"updatedAt": 1})
    return {
        "items": feed.estimated_document_count(),
        "countries": len(feed.distinct("countryCode")),
        "updatedAt": newest["updatedAt"] if newest else None,
    }


def server_info(db: Databases) -> dict[str, Any]:
    """Returns version, address and replica set of the server, and the bytes that both databases take."""
    hello = db.client.admin.command("hello")
    sizes = [database.command("dbStats") for database in (db.app, db.analytics)]
    return {
        "version": db.client.server_info()["version"],
        "address": hello.get("me") or "",
        "replicaSet": hello.get("setName"),
        "bytes": int(sum(size["storageSize"] + size["indexSize"] for size in sizes)),
    }


def _by_function(recent: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the stage that groups runs, the newest first; `recent` is the expression for runs that are counted."""
    group = {
        "_id": "$function",
        **{name: {"$first": f"${name}"} for name in _LAST},
        "doneTime": {"$max": {"$cond": [{"$eq": ["$status", "done"]}, "$time", None]}},
        "runs": {"$sum": {"$toInt": recent}},
        "failed": {"$sum": {"$toInt": {"$and": [{"$eq": ["$status", "failed"]}, recent]}}},
    }
    return {"$group": group}


def _older(db: Databases, function: str) -> Document:
    """Returns the last run of a function that is not among the newest runs."""
    runs = collection(db, "runs")
    last = runs.find_one({"function": function}, sort=_ORDER) or {}
    done = runs.find_one({"function": function, "status": "done"}, {"time": 1}, sort=_ORDER) if last else None
    return {**last, "doneTime": done and done["time"], "runs": 0, "failed": 0}
