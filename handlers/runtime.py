"""What every handler shares: environment → cached databases; event → clock; a run's lease and record."""

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache, wraps
from typing import Any

from handlers import telemetry
from handlers.deadline import OutOfTimeError, limited
from store import runs
from store.client import Databases, connect
from store.erasure import without_forgotten
from store.leases import LeaseHeldError, hold

Event = Mapping[str, Any]
Handler = Callable[[Any, Any], dict[str, Any]]
Work = Callable[[Databases, Event, datetime], dict[str, Any]]
ANSWER, HANDOVERS = "answer", "handovers"  # fields of events
MOST_HANDOVERS = 12  # AWS ends chains of calls at sixteen
FRESH_SECONDS = 86_400  # how long a parameter that was read stays good
_YEARS = range(1971, 2106)  # ids count the seconds since 1970 in four bytes


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


def processors() -> int:
    """How many processes may work side by side: one on Lambda, which has no shared memory for more."""
    return 1 if setting("AWS_LAMBDA_FUNCTION_NAME") else os.cpu_count() or 1


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


def service(handler: Work) -> Handler:
    """A handler that answers a request: databases and clock are looked up, the event is checked to be an object."""

    @wraps(handler)
    def entry(event: Any, context: Any = None) -> dict[str, Any]:
        checked = _checked(event)
        telemetry.begin(checked, context)
        return handler(databases(), checked, clock(checked))

    return entry


def job(function: str, alone: bool = True, resumes: bool = False, scans: bool = True) -> Callable[[Work], Handler]:
    """A handler of a job, recorded in `runs`, with one log line at the end.

    `alone` keeps two runs apart by a lease: one that finds another at work is recorded as skipped and gives
    {"skipped": 1}. Shortly before the function's timeout the run is stopped: a job that `resumes` (what it wrote stays,
    and the same event goes on from there) hands its event to the next call; another one fails. `scans`: app-db is
    searched for the forgotten before and after; without it the job looks up the few ids that it touches.
    """

    def decorate(handler: Work) -> Handler:
        @wraps(handler)
        def entry(event: Any, context: Any = None) -> dict[str, Any]:
            checked = _checked(event)
            telemetry.begin(checked, context)
            db, now = databases(), clock(checked)
            record = Record(db, function, now, context)
            try:
                lease = hold(db, function) if alone else nullcontext()
                with lease, limited(context), without_forgotten(db) if scans else nullcontext():
                    counts = handler(db, checked, now)
            except LeaseHeldError as held:
                return record.finish("skipped", {"skipped": 1}, held)
            except BaseException as error:
                if resumes and isinstance(error, OutOfTimeError) and hand_on(checked, now, context):
                    return record.finish("stopped", {"handedOn": 1}, error)
                record.finish("failed", {}, error)
                raise
            return record.finish("done", counts)

        return entry

    return decorate


class Record:
    """A run under way: in `runs` from its start, in the log and the metrics at its end."""

    def __init__(self, db: Databases, function: str, now: datetime, context: Any) -> None:
        self.db, self.function, self.now, self.context = db, function, now, context
        self.started = time.perf_counter()
        self.run = runs.start(db, function, now, datetime.now(UTC))

    def finish(self, status: str, counts: dict[str, Any], error: BaseException | None = None) -> dict[str, Any]:
        """Notes how it ended; gives the counts."""
        seconds = round(time.perf_counter() - self.started, 3)
        runs.finish(self.db, self.run, status, seconds, counts, telemetry.told(error) if error else "")
        late = (datetime.now(UTC) - self.now).total_seconds()
        telemetry.outcome(self.context, self.function, self.now, status, seconds, counts, late)
        return counts


def hand_on(event: Event, now: datetime, context: Any) -> bool:
    """Calls this function anew with the same event and clock; not when its caller waits for the answer."""
    times = event.get(HANDOVERS, 0)
    if ANSWER in event or times >= MOST_HANDOVERS:
        return False
    import boto3  # in the Lambda runtime

    again = {**event, "time": now.isoformat(), HANDOVERS: times + 1}
    name = context.invoked_function_arn
    boto3.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(again))
    return True


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
    from aws_lambda_powertools.utilities import parameters  # needs boto3, which the Lambda runtime has

    return str(parameters.get_parameter(name, decrypt=True, max_age=FRESH_SECONDS))
