"""`feedpulse cost`: what a day on AWS costs, from the seconds that this database's own runs took."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated, Any

import typer

from features.text.analyzer import OfflineReader
from handlers.manifest import Function, document, functions
from handlers.predictors import personalize_content_predictor
from handlers.runtime import databases
from ops import console
from ops.database import database
from store import queries
from store.client import Databases
from store.ids import Document
from store.runs import median_seconds, summaries, users

MIB_A_GIB = 1024
DAYS_A_MONTH = 30.4


@dataclass(frozen=True)
class Prices:
    """US dollars, on-demand, as published for us-east-1; look them up for your region before you rely on them."""

    gib_second: float = 0.0000133334  # Lambda on arm64; x86_64: 0.0000166667
    call: float = 0.20e-6  # of Lambda
    bus_event: float = 1.00e-6  # EventBridge
    metric_month: float = 0.30  # CloudWatch
    alarm_month: float = 0.10
    log_gib: float = 0.50
    key_month: float = 1.00  # KMS


@dataclass(frozen=True)
class Habits:
    """What a member does in a day."""

    posts: float = 0.2  # each is a change that topicsClassify reads
    rankings: float = 5.0
    reading_seconds: float = 0.1  # of one post in a warm container, where it can't be measured
    ranking_seconds: float = 0.15  # of one request in a warm container, likewise


@dataclass(frozen=True)
class Earlier:
    """Seconds measured in a smaller community."""

    users: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One function's day."""

    function: str
    calls: float
    measured: float  # seconds of one call here
    seconds: float  # of one call there
    gib: float
    dollars: float
    fits: bool  # one call ends within its timeout


def cost(
    users_then: Annotated[int, typer.Option("--users", min=1, help="members of the app")] = 1_000_000,
    posts: Annotated[float, typer.Option(min=0, help="posts of a member in a day")] = Habits.posts,
    rankings: Annotated[float, typer.Option(min=0, help="personal rankings of a member in a day")] = Habits.rankings,
    smaller: Annotated[Path | None, typer.Option(help="what --json said of a smaller community")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Dollars a day on AWS without the database: measured seconds times users, memory and price."""
    with database():
        db = databases()
        measured, users_now = median_seconds(db), users(db)
        if not measured or not users_now:
            raise ValueError("there are no runs to measure by: feedpulse run all, then again")
        habits = _measured(db, Habits(posts, rankings))
    before = _read(smaller, users_now) if smaller else Earlier()
    lines = list(day(measured, grown(measured, users_now, users_then, before), users_then, habits))
    total = sum(each.dollars for each in lines) + standing()
    result = {
        "users": users_then,
        "measuredAt": users_now,
        "functions": [asdict(each) for each in lines],
        "standingDollars": round(standing(), 4),
        "dollarsADay": round(total, 4),
        "dollarsAMillionUsersADay": round(total / users_then * 1e6, 4),
    }
    title = f"A day of {users_then:,} members, from runs at {users_now:,}: {total:,.2f} dollars without the database"
    columns = ("function", "calls", "s here", "s there", "GiB", "$", "")
    console.result(result, as_json, console.table(title, columns, _rows(lines)))


def grown(
    measured: Mapping[str, float], users_now: int, users_then: int, before: Earlier = Earlier()
) -> dict[str, float]:
    """Seconds of each function at another number of users, no fewer than measured.

    On the straight line through both measurements; with one alone, through zero.

    >>> grown({"a": 3.0}, 10, 100, Earlier(5, {"a": 2.0}))
    {'a': 21.0}
    """
    more, found = max(users_then - users_now, 0), {}
    for key, seconds in measured.items():
        users, less = (before.users, before.seconds[key]) if key in before.seconds else (0, 0.0)
        found[key] = seconds + more * max(seconds - less, 0.0) / (users_now - users)
    return found


def day(
    measured: Mapping[str, float],
    there: Mapping[str, float],
    members: float,
    habits: Habits,
    prices: Prices = Prices(),
) -> Iterator[Line]:
    """Each function's day: calls · (seconds · GiB · price of a GiB-second + price of a call).

    Jobs take the seconds that they would take `there`; what answers one event takes the same everywhere.
    """
    for key, each in functions().items():
        calls = calls_a_day(each, members, habits)
        single = {"topicsClassify": habits.reading_seconds, "personalizeContentPredictor": habits.ranking_seconds}
        here = single.get(key, measured.get(key, 0.0))
        seconds = here if key in single else there.get(key, 0.0)
        gib, timeout = _memory_and_timeout(key)
        dollars = calls * (seconds * gib * prices.gib_second + prices.call)
        dollars += calls * prices.bus_event if key == "topicsClassify" else 0.0
        if calls:
            yield Line(key, calls, round(here, 3), round(seconds, 3), gib, round(dollars, 6), seconds < timeout)


def calls_a_day(function: Function, members: float, habits: Habits) -> float:
    """How often a function is called in a day."""
    if function.key == "topicsClassify":
        return members * habits.posts
    if function.key == "personalizeContentPredictor":
        return members * habits.rankings
    if function.key == "personalizeContentWorker":
        return 1.0  # all shards of a day as one call: their seconds add up
    return sum(24.0 if timing.is_hourly else 1.0 for timing in function.timings)


def standing(prices: Prices = Prices()) -> float:
    """Dollars a day that stand whatever the app does: metrics, alarms and the key.

    About eight metrics a function that runs by the clock, three alarms each, two for the others.
    """
    timed = sum(bool(each.timings) for each in functions().values())
    alarms = 3 * timed + 2 * (len(functions()) - timed) + 4
    return (8 * timed * prices.metric_month + alarms * prices.alarm_month + prices.key_month) / DAYS_A_MONTH


def _read(path: Path, users_now: int) -> Earlier:
    try:
        said = json.loads(path.read_text())
        earlier = Earlier(int(said["measuredAt"]), {each["function"]: each["measured"] for each in said["functions"]})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"--smaller: {path} is not what feedpulse cost --json printed ({error})") from None
    if earlier.users >= users_now:
        raise ValueError(f"--smaller: {earlier.users:,} users are no fewer than the {users_now:,} here")
    return earlier


def _measured(db: Databases, habits: Habits) -> Habits:
    last = max(each["time"] for each in summaries(db, datetime.now(UTC)).values())
    found = {"reading_seconds": reading_seconds(db), "ranking_seconds": ranking_seconds(db, last)}
    return replace(habits, **{name: seconds for name, seconds in found.items() if seconds is not None})


def _memory_and_timeout(key: str) -> tuple[float, float]:
    said = document()
    body, provider = said["functions"][key], said["provider"]
    return body.get("memorySize", provider["memorySize"]) / MIB_A_GIB, body.get("timeout", provider["timeout"])


def _rows(lines: list[Line]) -> list[list[Any]]:
    return [
        [each.function, f"{each.calls:,.0f}", f"{each.measured:,.2f}", f"{each.seconds:,.1f}", f"{each.gib:.2f}",
         f"{each.dollars:,.2f}", "" if each.fits else "over its timeout"]
        for each in sorted(lines, key=lambda each: -each.dollars)
    ]  # fmt: skip


EVENTS = 12  # the first warms up


def reading_seconds(db: Databases) -> float | None:
    """The median of reading one post; None without posts."""
    reader = OfflineReader()
    posts = _sampled(db, "contents", {"payload.message": {"$type": "string"}}, {"text": "$payload.message"})
    return _median(lambda post: reader.read([post["text"]]), posts)


def ranking_seconds(db: Databases, now: datetime) -> float | None:
    """The median of ranking what lives at `now` for one member; None without members or the snapshot."""
    if not queries.exists(db, "servingSnapshot", {}):
        return None
    members = _sampled(db, "accounts", {"isGuest": {"$ne": True}}, {"accountId": {"$toString": "$_id"}})
    return _median(lambda each: personalize_content_predictor(each | {"time": now.isoformat()}, None), members)


def _sampled(db: Databases, name: str, condition: Mapping[str, Any], shape: Mapping[str, Any]) -> Iterator[Document]:
    chosen: list[Mapping[str, Any]] = [{"$match": condition}, {"$sample": {"size": EVENTS}}]
    return queries.stream(db, name, [*chosen, {"$project": {"_id": 0, **shape}}])


def _median(answer: Callable[[Document], Any], asked: Iterator[Document]) -> float | None:
    seconds = []
    for each in asked:
        started = perf_counter()
        answer(each)
        seconds.append(perf_counter() - started)
    return median(seconds[1:]) if len(seconds) > 1 else None
