"""`feedpulse schedule`: serverless.yml for real on one machine, with its crons and its change streams."""

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

BUSY_SECONDS = (1.0, 5.0, 20.0)  # pauses before a change is told again to a function that is running


@dataclass(frozen=True)
class Clock:
    """A clock that starts somewhere and runs at its own speed."""

    start: datetime
    speed: float = 1.0
    started: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """What it shows."""
        return self.start + timedelta(seconds=self.speed * (time.monotonic() - self.started))

    def seconds_until(self, moment: datetime) -> float:
        """Real seconds until it shows the moment."""
        return max(0.0, (moment - self.now()).total_seconds() / self.speed)


@dataclass
class Told:
    """What happened so far, and how it is told."""

    counts: Counter[str] = field(default_factory=Counter)

    def outcome(self, outcome: Outcome, at: datetime, why: str) -> None:
        """Tells how a run ended."""
        self.counts[outcome.status] += 1
        self.line(
            f"{at:%Y-%m-%d %H:%M} {outcome.function} ({why}) {outcome.status} {outcome.seconds:.1f} s {outcome.error}"
        )

    def line(self, text: str) -> None:
        """One line on standard error."""
        console.progress.print(" ".join(text.split()), highlight=False, markup=False, soft_wrap=True)


def schedule(
    start: Annotated[str | None, typer.Option("--time", help="where the clock starts, ISO 8601; else now")] = None,
    speed: Annotated[float, typer.Option(min=0.001, help="times as fast, for rehearsals")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="at the end one JSON document on standard output")] = False,
) -> None:
    """Runs every function of serverless.yml at its time or change, until Ctrl-C or SIGTERM."""
    clocks = Clock(clock({} if start is None else {"time": start}), speed)
    progress = Told()
    with stopping(progress) as stop, database() as db:
        watched = [function for function in functions().values() if function.changes]
        timed = [function for function in functions().values() if function.timings]
        progress.line(f"{len(timed)} functions by the clock, {len(watched)} by changes; Ctrl-C stops")
        with contextlib.redirect_stdout(sys.stderr), watching(db, watched, clocks, progress, stop):
            follow(timed, clocks, progress, stop)
    document = {"runs": dict(progress.counts), "until": clocks.now().isoformat()}
    console.result(document, as_json, console.table("Scheduled", ("status", "runs"), progress.counts.items()))


def follow(timed: Sequence[Function], clocks: Clock, progress: Told, stop: threading.Event) -> None:
    """Calls each function at its times, one after another; times that pass while it waits its turn are one."""
    due = {function: function.next_after(clocks.now()) for function in timed}
    while due:
        function = min(due, key=lambda candidate: due[candidate])
        at = due[function]
        if stop.wait(clocks.seconds_until(at)):
            return
        progress.outcome(call(function, {"time": at.isoformat(), "source": SCHEDULER}), at, "clock")
        due[function] = function.next_after(max(at, clocks.now()))


@contextmanager
def watching(
    db: Databases, watched: Sequence[Function], clocks: Clock, progress: Told, stop: threading.Event
) -> Iterator[None]:
    """While the block runs, each function is told the changes of its collection, in a thread of its own."""
    threads = [
        threading.Thread(target=_answer, args=(db, function, clocks, progress, stop), name=function.key, daemon=True)
        for function in watched
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
def stopping(progress: Told) -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second one of them ends the run at work."""
    stop = threading.Event()

    def handle(signum: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        progress.line("stopping after the run at work; once more stops it now")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answer(db: Databases, function: Function, clocks: Clock, progress: Told, stop: threading.Event) -> None:
    for detail in watch(db, str(function.changes), stop, progress.line):
        now = clocks.now()
        progress.outcome(_told_until_free(function, trigger(detail, now), stop), now, detail["operationType"])


def _told_until_free(function: Function, event: dict[str, Any], stop: threading.Event) -> Outcome:
    outcome = call(function, event)
    for pause in BUSY_SECONDS:
        if outcome.status != "skipped" or stop.wait(pause):
            break
        outcome = call(function, event)
    return outcome


def trigger(detail: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The event that a database trigger sends over an event bus."""
    return {
        "source": "aws.partner/mongodb.com",
        "detail-type": f"MongoDB Database Trigger for {detail['ns']['coll']}",
        "time": now.astimezone(UTC).isoformat(),
        "detail": detail,
    }
