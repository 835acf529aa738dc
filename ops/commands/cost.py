"""`feedpulse cost`: the price of a day on AWS, from the seconds in docs/performance.json."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from handlers.manifest import Function, document, functions
from lab.bench.extrapolate import grown
from lab.bench.figures import of
from ops import console
from ops.commands.bench import KEPT, read

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
    key_month: float = 1.00  # KMS


@dataclass(frozen=True)
class Habits:
    """Average activity of a member in a day."""

    posts: float = 0.2  # each is a change that triggers topicsClassify
    rankings: float = 5.0  # calls of personalizeContentPredictor


@dataclass(frozen=True)
class Line:
    """Cost of one function in a day."""

    function: str
    calls: float
    members: int  # at which it was measured
    measured: float  # seconds of one call at that size
    seconds: float  # of one call at the requested size
    gib: float
    dollars: float
    fits: bool  # one call ends within its timeout


def cost(
    users: Annotated[int, typer.Option("--users", min=1, help="members of the app")] = 1_000_000,
    posts: Annotated[float, typer.Option(min=0, help="posts of a member in a day")] = Habits.posts,
    rankings: Annotated[float, typer.Option(min=0, help="personal rankings of a member in a day")] = Habits.rankings,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Dollars a day on AWS without the database: benchmark seconds at that size, times memory and price."""
    lines = list(day(read(KEPT), users, Habits(posts, rankings)))
    total = sum(line.dollars for line in lines) + standing()
    result = {
        "users": users,
        "functions": [asdict(line) for line in lines],
        "standingDollars": round(standing(), 4),
        "dollarsADay": round(total, 4),
        "dollarsAMillionUsersADay": round(total / users * 1e6, 4),
    }
    title = f"A day of {users:,} members: {total:,.2f} dollars without the database"
    columns = ("function", "calls", "measured at", "s measured", "s", "GiB", "$", "")
    console.result(result, as_json, console.table(title, columns, _rows(lines)))


def day(
    figures: Mapping[str, Any], members: int, habits: Habits = Habits(), prices: Prices = Prices()
) -> Iterator[Line]:
    """Cost of each function in a day: calls · (seconds · GiB · price of a GiB-second + price of a call).

    Jobs grow with the members as in `feedpulse scale`; a call that handles one event takes the same at any size.
    """
    for key, function in functions().items():
        calls = calls_a_day(function, members, habits)
        if not calls:
            continue
        measured_at, measured, seconds = _seconds(figures, function, members)
        gib, timeout = _memory_and_timeout(key)
        dollars = calls * (seconds * gib * prices.gib_second + prices.call)
        dollars += calls * prices.bus_event if key == "topicsClassify" else 0.0
        rounded = (round(measured, 3), round(seconds, 3), gib, round(dollars, 6))
        yield Line(key, calls, measured_at, *rounded, seconds < timeout)


def calls_a_day(function: Function, members: float, habits: Habits) -> float:
    """Returns how often a function is called in a day."""
    if function.key == "topicsClassify":
        return members * habits.posts
    if function.key == "personalizeContentPredictor":
        return members * habits.rankings
    if function.key == "personalizeContentWorker":
        return 1.0  # all shards of a day as one call: their seconds add up
    return sum(24.0 if timing.is_hourly else 1.0 for timing in function.timings)


def standing(prices: Prices = Prices()) -> float:
    """Returns the dollars a day that do not depend on activity: metrics, alarms and the key.

    About eight metrics for each scheduled function, three alarms each, two for the others.
    """
    timed = sum(bool(function.timings) for function in functions().values())
    alarms = 3 * timed + 2 * (len(functions()) - timed) + 4
    return (8 * timed * prices.metric_month + alarms * prices.alarm_month + prices.key_month) / DAYS_A_MONTH


def _seconds(figures: Mapping[str, Any], function: Function, members: int) -> tuple[int, float, float]:
    """Returns the members at which a function was measured, the seconds of a call there, and at `members`."""
    if function.key == "personalizeContentPredictor":
        # Clients keep every core busy, so a request takes cores ÷ requests a second of one core.
        request = figures["machine"]["cores"] / figures["more"]["serving"]["idle"]["personal"]["aSecond"]
        return figures["more"]["users"], request, request
    sizes, costs = of(figures, function.key, "seconds")
    if function.key == "topicsClassify":
        posts = [size["jobs"][function.key]["counts"]["classified"] for size in figures["sizes"][: len(sizes)]]
        post = _seconds_a_post(costs, posts)
        return sizes[-1], post, post
    share = _share_of_a_first_run(figures, function) if function.is_hourly else 1.0
    return sizes[-1], share * costs[-1], share * grown(sizes, costs, members)


def _seconds_a_post(costs: list[float], posts: list[int]) -> float:
    """Returns the seconds that one more post takes: loading the models, once a container, is left out.

    >>> round(_seconds_a_post([4.0, 5.0], [100, 300]), 9)
    0.005
    """
    return max(grown(posts, costs, posts[-1] + 1) - costs[-1], 0.0)


def _share_of_a_first_run(figures: Mapping[str, Any], function: Function) -> float:
    """Returns the seconds of a run after an hour of changes, as a share of the first run at the same size."""
    more, key = figures["more"], function.key
    if key not in more["changed"]["jobs"]:
        return 1.0
    sizes, costs = of(figures, key, "seconds")
    first = dict(zip(sizes, costs, strict=True))[more["users"]]
    return float(more["changed"]["jobs"][key]["seconds"] / first)


def _memory_and_timeout(key: str) -> tuple[float, float]:
    manifest = document()
    body, provider = manifest["functions"][key], manifest["provider"]
    return body.get("memorySize", provider["memorySize"]) / MIB_A_GIB, body.get("timeout", provider["timeout"])


def _rows(lines: list[Line]) -> list[list[Any]]:
    return [
        [line.function, f"{line.calls:,.0f}", f"{line.members:,}", f"{line.measured:,.2f}", f"{line.seconds:,.1f}",
         f"{line.gib:.2f}", f"{line.dollars:,.2f}", "" if line.fits else "over its timeout"]
        for line in sorted(lines, key=lambda line: -line.dollars)
    ]  # fmt: skip
