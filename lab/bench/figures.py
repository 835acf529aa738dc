"""The figures of `feedpulse bench` as tables, and the goals that they miss."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_EXPONENT, MOST_SLOWER = 1.1, 1.5
FEW_SECONDS = 2.0  # of CPU: below it fixed costs determine the growth
Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """One table of figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def tables(figures: Figures) -> list[Table]:
    """Returns all tables."""
    return [table(figures) for table in (growth, amounts, changed, baseline, requests)]


def growth(figures: Figures) -> Table:
    """Returns seconds of each job by size, and the exponents."""
    sizes = [size["users"] for size in figures["sizes"]]
    rows = []
    for job in jobs(figures):
        costs = [size["jobs"].get(job) for size in figures["sizes"]]
        rows.append([job, *(f"{cost['seconds']:.1f}" if cost else "" for cost in costs), *exponents(figures, job)])
    title = "Seconds of each job by number of members"
    return Table(title, ("job", *(f"{users:,}" for users in sizes), "exponent", "CPU exponent", "last two sizes"), rows)


def amounts(figures: Figures) -> Table:
    """Returns memory and documents of each job at its largest measured size."""
    names = ("megabytes", "server_megabytes", "examined", "returned", "written", "megabytes_out")
    rows = []
    for job in jobs(figures):
        largest = [of(figures, job, name)[1][-1] for name in names]
        rows.append([job, f"{of(figures, job, 'seconds')[0][-1]:,}", *map(_number, largest)])
    columns = ("job", "members", "MB of the job", "MB of the server", "examined", "read", "written", "MB over the wire")
    return Table("Peak memory and documents of each job at its largest size", columns, rows)


def changed(figures: Figures) -> Table:
    """Returns each job's costs after the change and at its first run."""
    more = figures["more"]
    share, (first,) = more["changed"]["share"], [s["jobs"] for s in figures["sizes"] if s["users"] == more["users"]]
    rows = [
        [job, f"{first[job]['seconds']:.1f}", f"{cost['seconds']:.1f}", _percent(cost, first[job], "processor"),
         _number(cost["examined"]), _number(cost["written"])]
        for job, cost in more["changed"]["jobs"].items()
    ]  # fmt: skip
    columns = ("job", "first run, s", "after the change, s", "CPU", "examined", "written")
    return Table(f"After an hour in which {share:.0%} of {more['users']:,} members were active", columns, rows)


def baseline(figures: Figures) -> Table:
    """Returns our jobs, the baseline and the floors."""
    rows = [
        [row["what"], f"{row['ours']:,.1f}", f"{row['plain']:,.1f}", f"{row['timesFaster']:,.1f} ×",
         f"{row['aim']} ×" if row["aim"] else "", _sampled(row), f"{row['floor']:,.2f}", f"{row['timesFloor']} ×"]
        for row in figures["more"]["plain"]
    ]  # fmt: skip
    columns = (
        "work",
        "ours, s",
        "baseline, s",
        "faster",
        "goal",
        "baseline measured on",
        "floor, s",
        "ours over floor",
    )
    return Table("Our jobs and the baseline, on the same server and data", columns, rows)


def requests(figures: Figures) -> Table:
    """Returns latencies of requests, alone and while jobs run."""
    rows, served = [], figures["more"]["serving"]
    for name in served["idle"]:
        for when in ("idle", "whileJobsRun"):
            loop = served[when][name]
            words = {"idle": "nothing else", "whileJobsRun": "the hourly jobs"}[when]
            cells = (f"{loop['p50']:.1f}", f"{loop['p99']:.1f}", f"{loop['aSecond']:,.0f}", f"{loop['errors']:,}")
            rows.append([name, words, *cells, _slower(figures, name) if when == "whileJobsRun" else ""])
    columns = ("requests", "beside", "p50, ms", "p99, ms", "a second", "errors", "times as long (p50, p99)")
    return Table("Requests in closed loops", columns, rows)


def misses(figures: Figures) -> Iterator[str]:
    """Yields a line for each missed goal."""
    for job in jobs(figures):
        power = float(exponents(figures, job)[2] or 0)
        if power > MOST_EXPONENT and of(figures, job, "processor")[1][-1] > FEW_SECONDS:
            yield f"`{job}`: its CPU exponent is {power:.2f} (goal: at most {MOST_EXPONENT})."
    for comparison in figures["more"]["plain"]:
        if comparison["aim"] and comparison["timesFaster"] < comparison["aim"]:
            faster, goal = comparison["timesFaster"], comparison["aim"]
            yield f"{comparison['what']}: {faster} times faster than the baseline (goal: {goal})."
    for name, slower in figures["more"]["serving"]["timesAsLong"].items():
        over = [f"{quantile} {times} times" for quantile, times in slower.items() if times > MOST_SLOWER]
        if over:
            yield f"Requests of `{name}` take longer while jobs run: {', '.join(over)} (goal: at most {MOST_SLOWER})."


def jobs(figures: Figures) -> list[str]:
    """Returns the measured jobs in order."""
    return list(figures["sizes"][0]["jobs"])


def of(figures: Figures, job: str, figure: str) -> tuple[list[int], list[float]]:
    """Returns the sizes at which a job was measured, and one of its figures at each."""
    there = [size for size in figures["sizes"] if job in size["jobs"]]
    return [size["users"] for size in there], [size["jobs"][job][figure] for size in there]


def exponents(figures: Figures, job: str) -> list[str]:
    """Returns three exponents: of seconds, of CPU seconds, and of CPU seconds over the last two sizes."""
    sizes, cpu = of(figures, job, "processor")
    pairs = (of(figures, job, "seconds"), (sizes, cpu), (sizes[-2:], cpu[-2:]))
    return [_rounded(slope(*pair)) for pair in pairs]


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Returns b of cost = a·size^b by least squares of the logarithms; NaN for less than two sizes.

    >>> round(slope([10, 100, 1000], [2, 20, 200]), 6), round(slope([10, 1000], [3, 300000]), 6)
    (1.0, 2.5)
    """
    x, y = ([math.log(max(value, 1e-3)) for value in values] for values in (sizes, costs))
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    variation = sum((value - mean_x) ** 2 for value in x)
    if not variation:
        return math.nan
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / variation


def _rounded(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def _percent(cost: Figures, before: Figures, figure: str) -> str:
    return f"{cost[figure] / before[figure]:.0%}" if before[figure] else ""


def _sampled(comparison: Figures) -> str:
    return "all" if comparison["sample"] >= comparison["of"] else f"{comparison['sample']:,} of {comparison['of']:,}"


def _slower(figures: Figures, name: str) -> str:
    slower = figures["more"]["serving"]["timesAsLong"][name]
    return f"{slower['p50']}, {slower['p99']}"
