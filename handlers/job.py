"""The decorators of handlers: check the event, connect, read the clock; for jobs also lease, deadline and record."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from handlers import schedules, telemetry
from handlers.deadline import OutOfTimeError, limited
from handlers.runtime import Event, clock, databases
from store import runs, settings
from store.client import Databases
from store.erasure import without_erased
from store.leases import LeaseHeldError, hold

Handler = Callable[[Any, Any], dict[str, Any]]
Work = Callable[[Databases, Event, datetime], dict[str, Any]]
ANSWER, HANDOVERS = "answer", "handovers"  # fields of events
MOST_HANDOVERS = 12  # AWS ends chains of calls at sixteen
OFF = {"switchedOff": 1}


def service(work: Work) -> Handler:
    """Makes a handler that answers a request; nothing is recorded in `runs`."""

    @wraps(work)
    def handler(event: Any, context: Any = None) -> dict[str, Any]:
        checked = _checked(event)
        telemetry.begin(checked, context)
        return work(databases(), checked, clock(checked))

    return handler


def job(
    function: str, exclusive: bool = True, resumable: bool = False, check_erasure: bool = True
) -> Callable[[Work], Handler]:
    """Makes a handler of a job: recorded in `runs`, with one log line at the end.

    - A call by the scheduler that the operator's schedule does not need returns {"notDue": 1}, unrecorded.
    - A function that the operator switched off returns {"switchedOff": 1}.
    - `exclusive`: a lease keeps two runs apart; the second is recorded as skipped and returns {"skipped": 1}.
    - `resumable`: shortly before the timeout the run stops and its event is passed to the next call, which continues
      from the documents written so far; other jobs fail.
    - `check_erasure`: look up all erased people before and after the run; jobs that touch few documents check only
      those ids.
    """

    def decorate(work: Work) -> Handler:
        @wraps(work)
        def handler(event: Any, context: Any = None) -> dict[str, Any]:
            checked = _checked(event)
            if not schedules.has_work(function, checked):
                return _not_due(function, checked, context)
            telemetry.begin(checked, context)
            db, now = databases(), clock(checked)
            record = Record(db, function, now, context)
            try:
                with _guarded(db, function, context, exclusive, check_erasure) as guarded:
                    off = function in settings.switched_off(db)
                    counts = dict(OFF) if off else work(guarded, checked, now)
            except LeaseHeldError as error:
                return record.finish("skipped", {"skipped": 1}, error)
            except BaseException as error:
                if resumable and isinstance(error, OutOfTimeError) and reinvoke(checked, now, context):
                    return record.finish("stopped", {"handedOn": 1}, error)
                record.finish("interrupted" if isinstance(error, KeyboardInterrupt) else "failed", {}, error)
                raise
            return record.finish("done", counts)

        return handler

    return decorate


class Record:
    """A run: recorded in `runs` from its start, in log and metrics at its end."""

    def __init__(self, db: Databases, function: str, now: datetime, context: Any) -> None:
        self.db, self.function, self.now, self.context = db, function, now, context
        self.started = time.perf_counter()
        self.run = runs.start(db, function, now, datetime.now(UTC))

    def finish(self, status: str, counts: dict[str, Any], error: BaseException | None = None) -> dict[str, Any]:
        """Records how the run ended; returns the counts."""
        seconds = round(time.perf_counter() - self.started, 3)
        runs.finish(self.db, self.run, status, seconds, counts, telemetry.error_line(error) if error else "")
        late = (datetime.now(UTC) - self.now).total_seconds()
        telemetry.outcome(self.context, self.function, self.now, status, seconds, counts, late)
        return counts


def reinvoke(event: Event, now: datetime, context: Any) -> bool:
    """Calls this function again with the same event and clock; False when its caller waits for the answer."""
    times = event.get(HANDOVERS, 0)
    if ANSWER in event or times >= MOST_HANDOVERS:
        return False
    import boto3  # in the Lambda runtime

    payload = {**event, "time": now.isoformat(), HANDOVERS: times + 1}
    name = context.invoked_function_arn
    boto3.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(payload))
    return True


@contextmanager
def _guarded(db: Databases, function: str, context: Any, exclusive: bool, check_erasure: bool) -> Iterator[Databases]:
    lease = hold(db, function) if exclusive else nullcontext()
    with lease, limited(context), without_erased(db) if check_erasure else nullcontext(db) as guarded:
        yield guarded


def _not_due(function: str, event: Event, context: Any) -> dict[str, Any]:
    telemetry.begin(event, context)
    telemetry.outcome(context, function, clock(event), "done", 0.0, schedules.NOT_DUE, 0.0)
    return dict(schedules.NOT_DUE)


def _checked(event: Any) -> Event:
    if event is None:
        return {}
    if not isinstance(event, dict):
        raise ValueError(f"event: an object is needed, not {type(event).__name__}")
    return event
