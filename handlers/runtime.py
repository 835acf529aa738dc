"""What every handler shares: environment → cached databases; event → clock; a run's lease and record."""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, wraps
from typing import Any

from store import runs
from store.client import Databases, connect
from store.leases import LeaseHeldError, hold

Event = Mapping[str, Any]
Handler = Callable[[Any, Any], dict[str, Any]]
_YEARS = range(1971, 2106)  # ids count the seconds since 1970 in four bytes
logger = logging.getLogger("feedpulse")


def databases() -> Databases:
    """Both databases of the server that the environment names, connected at first use and kept by the container.

    Raises:
        RuntimeError: when neither MONGODB_URI nor MONGODB_URI_PARAMETER is set.
    """
    prefix = os.environ.get("DB_PREFIX", "")
    if uri := os.environ.get("MONGODB_URI"):
        return _connected(uri, prefix)
    if parameter := os.environ.get("MONGODB_URI_PARAMETER"):
        return _connected(_read_parameter(parameter), prefix)
    raise RuntimeError("set MONGODB_URI, or MONGODB_URI_PARAMETER to the name of an SSM parameter")


def setting(name: str, default: str = "") -> str:
    """What the environment says of one setting."""
    return os.environ.get(name) or default


def clock(event: Event) -> datetime:
    """The job's clock: `event["time"]`, or the wall clock in UTC; to the millisecond, as the database keeps it.

    Raises:
        ValueError: when the time is not ISO 8601 or lies outside the years in which ids can be made of it.
    """
    given = event.get("time")
    moment = datetime.now(UTC) if given is None else _moment(given)
    if moment.year not in _YEARS:
        raise ValueError(f"time: {str(given)[:60]} is not between {_YEARS[0]} and {_YEARS[-1]}")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment(given: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"time: {str(given)[:60]} is not ISO 8601, like 2026-01-31T12:00:00Z") from None


def service(handler: Callable[[Databases, Event, datetime], dict[str, Any]]) -> Handler:
    """A handler that answers a request: databases and clock are looked up, the event is checked to be an object."""

    @wraps(handler)
    def entry(event: Any, context: Any = None) -> dict[str, Any]:
        checked = _checked(event)
        return handler(databases(), checked, clock(checked))

    return entry


def job(function: str) -> Callable[[Callable[[Databases, Event, datetime], dict[str, Any]]], Handler]:
    """A handler of a job: one run at a time (lease), recorded in `runs`, one log line at the end.

    A run that finds another one at work is recorded as skipped and gives {"skipped": 1}.
    """

    def decorate(handler: Callable[[Databases, Event, datetime], dict[str, Any]]) -> Handler:
        @service
        @wraps(handler)
        def entry(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
            started, run = time.perf_counter(), runs.start(db, function, now, datetime.now(UTC))

            def finish(status: str, counts: dict[str, Any], error: str = "") -> None:
                seconds = round(time.perf_counter() - started, 3)
                runs.finish(db, run, status, seconds, counts, error)
                logger.info(json.dumps(_line(function, now, status, seconds, counts)))

            return _recorded(lambda: handler(db, event, now), db, function, finish)

        return entry

    return decorate


def _recorded(
    work: Callable[[], dict[str, Any]], db: Databases, function: str, finish: Callable[..., None]
) -> dict[str, Any]:
    try:
        with hold(db, function):
            counts = work()
    except LeaseHeldError as held:
        finish("skipped", {"skipped": 1}, str(held))
        return {"skipped": 1}
    except BaseException as error:
        finish("failed", {}, f"{type(error).__name__}: {str(error)[:500]}")
        raise
    finish("done", counts)
    return counts


def _line(function: str, now: datetime, status: str, seconds: float, counts: dict[str, Any]) -> dict[str, Any]:
    return {"function": function, "time": now.isoformat(), "status": status, "seconds": seconds, "counts": counts}


def _checked(event: Any) -> Event:
    if event is None:
        return {}
    if not isinstance(event, dict):
        raise ValueError(f"event: an object is needed, not {type(event).__name__}")
    return event


@cache
def _connected(uri: str, prefix: str) -> Databases:
    return connect(uri, prefix)


@cache
def _read_parameter(name: str) -> str:
    import boto3  # the Lambda runtime has it; a laptop needs it only for this

    reply = boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return str(reply["Parameter"]["Value"])
