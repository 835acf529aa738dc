"""`feedpulse invoke` and `feedpulse run`: functions of serverless.yml, called as AWS would."""

import contextlib
import json
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
from ops.progress import Steps, steps
from ops.subprocess_call import Beside, beside

_NOTHING_DONE = {"skipped": "skipped", "switchedOff": "off", "notDue": "not due"}
Json = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
Time = Annotated[str | None, typer.Option(help="the clock, ISO 8601; else the wall clock")]


class Jobs(StrEnum):
    """Which jobs."""

    HOURLY = "hourly"
    DAILY = "daily"
    ALL = "all"


@dataclass(frozen=True)
class Outcome:
    """How one function's run ended."""

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
    """One function of serverless.yml with an event, as `sls invoke local` does; prints what it returns."""
    handler, body = named(function).load(), read_event(event) | timed(time)
    with database(), contextlib.redirect_stdout(sys.stderr):
        result = handler(body, None)
    console.result(result, as_json, Text(json.dumps(result, indent=2, default=str, ensure_ascii=False)))


def run(
    jobs: Annotated[Jobs, typer.Argument(help="hourly, daily, or all with the trainers between")],
    time: Time = None,
    as_json: Json = False,
) -> None:
    """The jobs of serverless.yml in their order, at one clock. One that fails does not stop the others."""
    event = timed(time) or {"time": clock({}).isoformat()}
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
    """Each function called with the event, after the calls that come first, with progress on standard error."""
    calls = [*((function, more | event) for function, more in first), *((function, event) for function in chosen)]
    with steps(len(calls)) as step:
        return list(_each(calls, step))


def run_early(event: dict[str, Any]) -> list[Outcome]:
    """What the trainers need: the functions on changes of contents in processes of their own, the others meanwhile."""
    with contextlib.ExitStack() as stack:
        begun = perf_counter()
        aside = {
            function: stack.enter_context(beside("invoke", function.key, "--time", event["time"]))
            for function, _ in backfill()
        }
        outcomes = run_all(early(), event)
        return [*(_awaited(function, process, begun) for function, process in aside.items()), *outcomes]


def _awaited(function: Function, process: Beside, begun: float) -> Outcome:
    try:
        counts = process.result()
    except RuntimeError as error:
        return Outcome(function.key, "failed", _since(begun), {}, str(error))
    return Outcome(function.key, "done", _since(begun), counts)


def call(function: Function, event: dict[str, Any]) -> Outcome:
    """Calls the function; a failure becomes the outcome."""
    started = perf_counter()
    try:
        counts = function.load()(event, None)
    except Exception as error:
        return Outcome(function.key, "failed", _since(started), {}, f"{type(error).__name__}: {error}")
    status = next((name for key, name in _NOTHING_DONE.items() if key in counts), "done")
    return Outcome(function.key, status, _since(started), counts)


def backfill() -> list[tuple[Function, dict[str, Any]]]:
    """What changes would have triggered, had somebody listened: the functions on app-db.contents, over all of it."""
    return [(function, {}) for function in functions().values() if function.changes == "contents"]


def outcomes_table(outcomes: Sequence[Outcome], time: str) -> Any:
    """What ran, how long, what it counted and what it set aside."""
    rows = [[outcome.function, outcome.status, f"{outcome.seconds:.1f}", *_counted(outcome)] for outcome in outcomes]
    table = console.table(f"Jobs at {time}", ("function", "status", "seconds", "counts", "rejected"), rows)
    table.columns[0].no_wrap, table.columns[2].justify = True, "right"
    return table


def read_event(source: str | None) -> dict[str, Any]:
    """The JSON object in a file, or on standard input for `-`; without a source an empty one."""
    if source is None:
        return {}
    try:
        event = json.loads(sys.stdin.read() if source == "-" else Path(source).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{source} can't be read: {error}", param_hint="--event") from error
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"{source} is not JSON: {error}", param_hint="--event") from error
    if not isinstance(event, dict):
        raise typer.BadParameter(f"{source} holds no object but {type(event).__name__}", param_hint="--event")
    return event


def timed(time: str | None) -> dict[str, Any]:
    """The part of an event that sets the clock; raises ValueError when it is no time."""
    return {} if time is None else {"time": clock({"time": time}).isoformat()}


def _each(calls: Sequence[tuple[Function, dict[str, Any]]], step: Steps) -> Iterator[Outcome]:
    for function, event in calls:
        step.start(function.key)
        outcome = call(function, event)
        step.done(function.key, f"{outcome.status} {outcome.seconds:.1f} s {outcome.error}".rstrip())
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
