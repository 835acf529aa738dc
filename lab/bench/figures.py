"""The figures of `feedpulse bench` as tables, and the goals that they miss."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_EXPONENT, MOST_SLOWER = 1.1, 1.5
FEW_SECONDS = 2.0  # of processors: under it a job's growth is that of its fixed costs
Found = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Figures that belong together."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def tables(found: Found) -> list[Table]:
    """Everything that was measured."""
    made = [growth(found), amounts(found)]
    return [*made, *(table(found) for table in (changed, beside_plain, requests))]


def growth(found: Found) -> Table:
    """Seconds of each job by size, and the exponents."""
    sizes = [each["users"] for each in found["sizes"]]
    rows = []
    for job in jobs(found):
        costs = [size["jobs"].get(job) for size in found["sizes"]]
        rows.append([job, *(f"{cost['seconds']:.1f}" if cost else "" for cost in costs), *exponents(found, job)])
    title = "Seconds of each job by number of members"
    return Table(title, ("job", *(f"{each:,}" for each in sizes), "exponent", "CPU exponent", "last two sizes"), rows)


def amounts(found: Found) -> Table:
    """Memory and documents of each job at the largest size at which it was measured."""
    names = ("megabytes", "server_megabytes", "examined", "returned", "written", "megabytes_out")
    rows = []
    for job in jobs(found):
        largest = [of(found, job, name)[1][-1] for name in names]
        rows.append([job, f"{of(found, job, 'seconds')[0][-1]:,}", *map(_number, largest)])
    columns = ("job", "members", "MB of the job", "MB of the server", "examined", "read", "written", "MB over the wire")
    return Table("Peak memory and documents of each job at its largest size", columns, rows)


def changed(found: Found) -> Table:
    """Each job after the change, beside its first run."""
    more = found["more"]
    share, (first,) = more["changed"]["share"], [s["jobs"] for s in found["sizes"] if s["users"] == more["users"]]
    rows = [
        [job, f"{first[job]['seconds']:.1f}", f"{cost['seconds']:.1f}", _percent(cost, first[job], "processor"),
         _number(cost["examined"]), _number(cost["written"])]
        for job, cost in more["changed"]["jobs"].items()
    ]  # fmt: skip
    columns = ("job", "first run, s", "after the change, s", "CPU", "examined", "written")
    return Table(f"After an hour in which {share:.0%} of {more['users']:,} members were active", columns, rows)


def beside_plain(found: Found) -> Table:
    """Returns our jobs, the baseline and the floors."""
    rows = [
        [each["what"], f"{each['ours']:,.1f}", f"{each['plain']:,.1f}", f"{each['timesFaster']:,.1f} ×",
         f"{each['aim']} ×" if each["aim"] else "", _sampled(each), f"{each['floor']:,.2f}", f"{each['timesFloor']} ×"]
        for each in found["more"]["plain"]
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


def requests(found: Found) -> Table:
    """Requests, idle and beside the jobs."""
    rows, served = [], found["more"]["serving"]
    for name in served["idle"]:
        for when in ("idle", "whileJobsRun"):
            each = served[when][name]
            words = {"idle": "nothing else", "whileJobsRun": "the hourly jobs"}[when]
            figures = (f"{each['p50']:.1f}", f"{each['p99']:.1f}", f"{each['aSecond']:,.0f}", f"{each['errors']:,}")
            rows.append([name, words, *figures, _slower(found, name) if when == "whileJobsRun" else ""])
    columns = ("requests", "beside", "p50, ms", "p99, ms", "a second", "errors", "times as long (p50, p99)")
    return Table("Requests in closed loops", columns, rows)


def misses(found: Found) -> Iterator[str]:
    """Yields a line for each missed goal."""
    for job in jobs(found):
        power = float(exponents(found, job)[2] or 0)
        if power > MOST_EXPONENT and of(found, job, "processor")[1][-1] > FEW_SECONDS:
            yield f"`{job}`: its CPU exponent is {power:.2f} (goal: at most {MOST_EXPONENT})."
    for each in found["more"]["plain"]:
        if each["aim"] and each["timesFaster"] < each["aim"]:
            yield f"{each['what']}: {each['timesFaster']} times faster than the baseline (goal: {each['aim']})."
    for name, slower in found["more"]["serving"]["timesAsLong"].items():
        over = [f"{quantile} {times} times" for quantile, times in slower.items() if times > MOST_SLOWER]
        if over:
            yield f"Requests of `{name}` take longer while jobs run: {', '.join(over)} (goal: at most {MOST_SLOWER})."


def jobs(found: Found) -> list[str]:
    """Every job that was measured, in their order."""
    return list(found["sizes"][0]["jobs"])


def of(found: Found, job: str, figure: str) -> tuple[list[int], list[float]]:
    """The sizes at which a job was measured, and a figure of it at each."""
    there = [each for each in found["sizes"] if job in each["jobs"]]
    return [each["users"] for each in there], [each["jobs"][job][figure] for each in there]


def exponents(found: Found, job: str) -> list[str]:
    """The exponent of seconds over all sizes, of processors' seconds (the work), and of these over the last two."""
    sizes, work = of(found, job, "processor")
    pairs = (of(found, job, "seconds"), (sizes, work), (sizes[-2:], work[-2:]))
    return [_written(slope(*each)) for each in pairs]


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The exponent b of cost = a·size^b by least squares of the logarithms; NaN for less than two sizes.

    >>> round(slope([10, 100, 1000], [2, 20, 200]), 6), round(slope([10, 1000], [3, 300000]), 6)
    (1.0, 2.5)
    """
    x, y = ([math.log(max(each, 1e-3)) for each in several] for several in (sizes, costs))
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((each - mean_x) ** 2 for each in x)
    if not spread:
        return math.nan
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread


def _written(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def _percent(cost: Found, before: Found, figure: str) -> str:
    return f"{cost[figure] / before[figure]:.0%}" if before[figure] else ""


def _sampled(each: Found) -> str:
    return "all" if each["sample"] >= each["of"] else f"{each['sample']:,} of {each['of']:,}"


def _slower(found: Found, name: str) -> str:
    slower = found["more"]["serving"]["timesAsLong"][name]
    return f"{slower['p50']}, {slower['p99']}"
