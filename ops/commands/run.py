"""`feedpulse invoke` and `feedpulse run`: call functions of serverless.yml as AWS does."""

import contextlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.text import Text

from handlers.manifest import Function, daily, early, functions, hourly, late, named
from handlers.runtime import clock
from ops import console
from ops.database import database
from ops.progress import ProgressBar, progress_bar
from ops.subprocess_call import SubprocessCall, subprocess_call

_NOTHING_DONE = {"skipped": "skipped", "switchedOff": "off", "notDue": "not due"}
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
Time = Annotated[str | None, typer.Option(help="the clock, ISO 8601; default: now")]


class Jobs(StrEnum):
    """The groups of jobs."""

    HOURLY = "hourly"
    DAILY = "daily"
    ALL = "all"


@dataclass(frozen=True)
class Outcome:
    """Result of one run of a function."""

    function: str
    status: str  # done · skipped · off · not due · failed
    seconds: float
    counts: dict[str, Any]
    error: str = ""


def invoke(
    function: Annotated[str, typer.Argument(help="a function of serverless.yml")],
    event: Annotated[str | None, typer.Option(metavar="FILE|-", help="the event, JSON")] = None,
    time: Time = None,
    as_json: Json = False,
) -> None:
    """Calls one function of serverless.yml with an event and prints its result, like `sls invoke local`."""
    called, body = named(function), read_event(event) | clock_event(time)
    handler = called.load()
    with database(), contextlib.redirect_stdout(sys.stderr), _failing(called, body):
        result = handler(body, None)
    console.result(result, as_json, Text(json.dumps(result, indent=2, default=str, ensure_ascii=False)))


def run(
    jobs: Annotated[Jobs, typer.Argument(help="hourly, daily, or all including the trainers")],
    time: Time = None,
    as_json: Json = False,
) -> None:
    """Runs jobs of serverless.yml in order, at one clock. A failed job does not stop the others."""
    event = clock_event(time) or {"time": clock({}).isoformat()}
    with database(), contextlib.redirect_stdout(sys.stderr):
        if jobs is Jobs.ALL:
            outcomes = [*run_early(event), *run_all(late(), event)]
        else:
            outcomes = run_all({Jobs.HOURLY: hourly, Jobs.DAILY: daily}[jobs](), event)
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    document = {
        "time": event["time"],
        "functions": [asdict(outcome) for outcome in outcomes],
        "seconds": round(sum(outcome.seconds for outcome in outcomes), 3),
        "failed": failed,
    }
    console.result(document, as_json, outcomes_table(outcomes, event["time"]))
    if failed:
        raise typer.Exit(1)


def run_all(
    chosen: Sequence[Function], event: dict[str, Any], first: Sequence[tuple[Function, dict[str, Any]]] = ()
) -> list[Outcome]:
    """Calls the functions in `first`, then the chosen ones, with progress on standard error."""
    calls = [*((function, more | event) for function, more in first), *((function, event) for function in chosen)]
    with progress_bar(len(calls)) as bar:
        return list(_outcomes(calls, bar))


def run_early(event: dict[str, Any]) -> list[Outcome]:
    """Runs what the trainers need; functions on changes of contents run in parallel processes."""
    with contextlib.ExitStack() as stack:
        begun = perf_counter()
        calls = {
            function: stack.enter_context(subprocess_call("invoke", function.key, "--time", event["time"]))
            for function, _ in backfill()
        }
        outcomes = run_all(early(), event)
        return [*(_awaited(function, process, begun) for function, process in calls.items()), *outcomes]


def _awaited(function: Function, process: SubprocessCall, begun: float) -> Outcome:
    try:
        counts = process.result()
    except RuntimeError as error:
        return Outcome(function.key, "failed", _since(begun), {}, str(error))
    return Outcome(function.key, "done", _since(begun), counts)


@contextlib.contextmanager
def _failing(function: Function, event: dict[str, Any]) -> Iterator[None]:
    """Makes a job's ValueError a failure, with exit status 1, unless it names a field of the event: a wrong call."""
    try:
        yield
    except ValueError as error:
        field = re.split(r"\W", str(error), maxsplit=1)[0]
        if type(error) is not ValueError or not function.is_job or field in event:
            raise
        raise RuntimeError(f"{function.key} failed: {error}") from error


def call(function: Function, event: dict[str, Any]) -> Outcome:
    """Calls the function; an exception becomes a failed outcome."""
    started = perf_counter()
    try:
        counts = function.load()(event, None)
    except Exception as error:
        return Outcome(function.key, "failed", _since(started), {}, f"{type(error).__name__}: {error}")
    status = next((name for key, name in _NOTHING_DONE.items() if key in counts), "done")
    return Outcome(function.key, status, _since(started), counts)


def backfill() -> list[tuple[Function, dict[str, Any]]]:
    """Returns the functions that only changes of app-db trigger, with the event that makes them check everything."""
    return [(function, {}) for function in functions().values() if function.changes and not function.timings]


def outcomes_table(outcomes: Sequence[Outcome], time: str) -> Any:
    """Returns the table of outcomes: seconds, counts and rejected documents."""
    rows = [[outcome.function, outcome.status, f"{outcome.seconds:.1f}", *_counted(outcome)] for outcome in outcomes]
    table = console.table(f"Jobs at {time}", ("function", "status", "seconds", "counts", "rejected"), rows)
    table.columns[0].no_wrap, table.columns[2].justify = True, "right"
    return table


def read_event(source: str | None) -> dict[str, Any]:
    """Returns the JSON object of a file, or of standard input for `-`; an empty one without a source."""
    if source is None:
        return {}
    try:
        event = json.loads(sys.stdin.read() if source == "-" else Path(source).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{source} can't be read: {error}", param_hint="--event") from error
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"{source} is not JSON: {error}", param_hint="--event") from error
    if not isinstance(event, dict):
        raise typer.BadParameter(f"{source} must have a JSON object, not {type(event).__name__}", param_hint="--event")
    return event


def clock_event(time: str | None) -> dict[str, Any]:
    """Returns the part of an event that sets the clock; raises ValueError for an invalid time."""
    return {} if time is None else {"time": clock({"time": time}).isoformat()}


def _outcomes(calls: Sequence[tuple[Function, dict[str, Any]]], bar: ProgressBar) -> Iterator[Outcome]:
    for function, event in calls:
        bar.start(function.key)
        outcome = call(function, event)
        bar.done(function.key, f"{outcome.status} {outcome.seconds:.1f} s {outcome.error}".rstrip())
        yield outcome


def _since(started: float) -> float:
    return round(perf_counter() - started, 3)


def _counted(outcome: Outcome) -> tuple[str, str]:
    counts = {name: value for name, value in outcome.counts.items() if name != "rejected"}
    return escape(outcome.error) or _pairs(counts), _pairs(outcome.counts.get("rejected") or {})


def _pairs(counts: dict[str, Any]) -> str:
    pairs = [
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in counts.items() if value
    ]
    return escape(", ".join(pairs))
