"""`feedpulse status`: shows the functions, the guest feed and the database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from handlers.manifest import Function, functions, late_minutes
from handlers.runtime import clock
from ops import console
from ops.database import database, home, is_embedded
from store import settings
from store.runs import guest_feed_size, server_info, summaries

FAILURES = timedelta(days=1)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Shows the last run and delay of every function, the guest feed and the database."""
    now = clock({})
    with database() as db:
        runs = summaries(db, now - FAILURES)
        feed, server, own = guest_feed_size(db), server_info(db), settings.schedules(db)
    jobs = [function for function in functions().values() if function.is_job]
    document = {
        "time": now.isoformat(),
        "functions": [
            of_function(function, own.get(function.key), runs.get(function.key, {}), now) for function in jobs
        ],
        "guestFeed": feed | {"updatedAt": _iso(feed["updatedAt"]), "ageHours": _hours(now, feed["updatedAt"])},
        "server": server | {"embedded": is_embedded(), "home": str(home())},
    }
    console.result(document, as_json, *_people(document))


def of_function(function: Function, own: str | None, run: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns the state of one function; `lateMinutes` counts from when its next run was due."""
    return {
        "function": function.key,
        "status": run.get("status", "no record"),
        "time": _iso(run.get("time")),
        "startedAt": _iso(run.get("startedAt")),
        "seconds": run.get("seconds"),
        "counts": run.get("counts") or {},
        "lateMinutes": late_minutes(function, own, run.get("doneTime"), now),
        "failedLastDay": run.get("failed", 0),
        "error": run.get("error") or "",
    }


def _hours(now: datetime, then: datetime | None) -> float | None:
    return round((now - then) / timedelta(hours=1), 2) if then else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _people(document: Mapping[str, Any]) -> list[Any]:
    rows = [
        [row["function"], _when(row["time"]), row["status"], f"{row['seconds'] or 0:.1f}", *_health(row)]
        for row in document["functions"]
    ]
    feed, server = document["guestFeed"], document["server"]
    as_of = f", as of {_when(feed['updatedAt'])} UTC" if feed["updatedAt"] else ""
    kind = f"embedded in {server['home']}" if server["embedded"] else "named by the environment"
    size = f"{server['bytes'] / 2**20:,.1f} MB"
    return [
        _table(rows),
        f"Guest feed: {feed['items']:,} items in {feed['countries']} countries{as_of}",
        f"Database: MongoDB {server['version']} at {server['address'] or 'its address'}, {kind}, {size}",
    ]


def _table(rows: list[list[Any]]) -> Any:
    table = console.table("Functions", ("function", "clock", "status", "s", "late", "fails"), rows)
    for column in table.columns:
        column.no_wrap = True
    table.columns[3].justify = "right"
    return table


def _health(function: Mapping[str, Any]) -> tuple[str, int]:
    late = function["lateMinutes"]
    return "" if late is None else _lateness(late), function["failedLastDay"]


def _lateness(minutes: int) -> str:
    if not minutes:
        return "no"
    return f"{minutes // 1440} d" if minutes >= 2880 else f"{minutes // 60} h {minutes % 60} min"


def _when(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else "-"
