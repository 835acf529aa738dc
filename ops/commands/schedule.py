"""`feedpulse schedule`: runs serverless.yml on one machine, with its schedules and change streams."""

import contextlib
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from handlers.manifest import Function, functions
from handlers.runtime import clock
from handlers.schedules import SCHEDULER
from ops import console
from ops.commands.run import Outcome, call
from ops.database import database
from store.change_streams import watch
from store.client import Databases

BUSY_SECONDS = (1.0, 5.0, 20.0)  # pauses before a change is sent again to a function that is running


@dataclass(frozen=True)
class Clock:
    """A clock with its own start and speed."""

    start: datetime
    speed: float = 1.0
    started: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """Returns the current time of the clock."""
        return self.start + timedelta(seconds=self.speed * (time.monotonic() - self.started))

    def seconds_until(self, moment: datetime) -> float:
        """Returns the real seconds until the clock reaches the moment."""
        return max(0.0, (moment - self.now()).total_seconds() / self.speed)


@dataclass
class RunLog:
    """Counts runs by status and writes a line for each."""

    counts: Counter[str] = field(default_factory=Counter)

    def outcome(self, outcome: Outcome, at: datetime, why: str) -> None:
        """Counts a run and writes its line."""
        self.counts[outcome.status] += 1
        self.line(
            f"{at:%Y-%m-%d %H:%M} {outcome.function} ({why}) {outcome.status} {outcome.seconds:.1f} s {outcome.error}"
        )

    def line(self, text: str) -> None:
        """Writes one line to standard error."""
        console.progress.print(" ".join(text.split()), highlight=False, markup=False, soft_wrap=True)


def schedule(
    start: Annotated[str | None, typer.Option("--time", help="start of the clock, ISO 8601; default: now")] = None,
    speed: Annotated[float, typer.Option(min=0.001, help="speed of the clock")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output at the end")] = False,
) -> None:
    """Runs every function of serverless.yml on its schedule or change, until Ctrl-C or SIGTERM."""
    clock_ = Clock(clock({} if start is None else {"time": start}), speed)
    log = RunLog()
    with stopping(log) as stop, database() as db:
        watched = [function for function in functions().values() if function.changes]
        timed = [function for function in functions().values() if function.timings]
        log.line(f"{len(timed)} functions on a schedule, {len(watched)} on changes; Ctrl-C stops")
        with contextlib.redirect_stdout(sys.stderr), watching(db, watched, clock_, log, stop):
            follow(timed, clock_, log, stop)
    document = {"runs": dict(log.counts), "until": clock_.now().isoformat()}
    console.result(document, as_json, console.table("Scheduled", ("status", "runs"), log.counts.items()))


def follow(timed: Sequence[Function], clock_: Clock, log: RunLog, stop: threading.Event) -> None:
    """Calls functions at their times, one after another; times missed while waiting become one call."""
    due = {function: function.next_after(clock_.now()) for function in timed}
    while due:
        function = min(due, key=lambda candidate: due[candidate])
        at = due[function]
        if stop.wait(clock_.seconds_until(at)):
            return
        log.outcome(call(function, {"time": at.isoformat(), "source": SCHEDULER}), at, "clock")
        due[function] = function.next_after(max(at, clock_.now()))


@contextmanager
def watching(
    db: Databases, watched: Sequence[Function], clock_: Clock, log: RunLog, stop: threading.Event
) -> Iterator[None]:
    """Calls each function on changes of its collections during the block, in one thread per collection."""
    threads = [
        threading.Thread(
            target=_call_on_changes,
            args=(db, function, name, clock_, log, stop),
            name=f"{function.key} {name}",
            daemon=True,
        )
        for function in watched
        for name in function.changes
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def stopping(log: RunLog) -> Iterator[threading.Event]:
    """Yields an event that Ctrl-C and SIGTERM set; a second signal interrupts the current run."""
    stop = threading.Event()

    def handle(signum: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        log.line("stopping after the current run; repeat to stop now")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _call_on_changes(
    db: Databases, function: Function, name: str, clock_: Clock, log: RunLog, stop: threading.Event
) -> None:
    for detail in watch(db, name, stop, log.line):
        now = clock_.now()
        log.outcome(_call_until_free(function, trigger(detail, now), stop), now, detail["operationType"])


def _call_until_free(function: Function, event: dict[str, Any], stop: threading.Event) -> Outcome:
    outcome = call(function, event)
    for pause in BUSY_SECONDS:
        if outcome.status != "skipped" or stop.wait(pause):
            break
        outcome = call(function, event)
    return outcome


def trigger(detail: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Returns the event that a database trigger sends over an event bus."""
    return {
        "source": "aws.partner/mongodb.com",
        "detail-type": f"MongoDB Database Trigger for {detail['ns']['coll']}",
        "time": now.astimezone(UTC).isoformat(),
        "detail": detail,
    }
