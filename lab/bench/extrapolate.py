"""`feedpulse scale`: extrapolates the costs of docs/performance.json to any number of members."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.bench.figures import jobs, of, slope

GIB, MB_A_GIB, FOREVER = 2**30, 1024, 10**12
IN_SERVER = ("hashtagStats",)  # the shards of the database share its seconds
PARTS = {  # how to split a job that is too large for one call
    "contentStats": "each shard aggregates its contents, one call publishes; not built",
    "creatorStats": "contents sharded by author, as contentStats; not built",
    "hashtagStats": "each shard groups its contents, one call joins the groups",
    "personalizeContentWorker": "500 members per message, any number of calls (queue, Dask, Ray, Spark)",
    "topicsClassify": "one event per change",
    "fraudFeatureExtractor": "by ranges of credentials; not built",
    "karmaStats": "the daily full run by category, other runs by author; not built",
    "cascadeStats": "by ranges of roots; not built",
    "servingSnapshot": "one snapshot per region or language, with contents of the last days only; not built",
    "coldstartPredictor": "by continent, from one snapshot; not built",
    "coldstartTrainer": "requests are already sampled; the log by day; not built",
    "personalizeContentTrainer": "one dispatcher per range of members; not built",
    "personalizeContentTrainer, every gate open": "as personalizeContentTrainer; not built",
    "rankingEvaluation": "requests are already sampled; the log by day; not built",
    "fraudModelTrainer": "trains on at most 20,000, reads all features: sample in the server; not built",
    "fraudPredictor": "by ranges of credentials; not built",
}


@dataclass(frozen=True)
class Limits:
    """Limits of one call and of one shard of the database."""

    call_seconds: float = 900.0  # timeout of Lambda
    call_gib: float = 10.0  # maximum memory of Lambda
    shard_gib: float = 1_000.0  # of documents and indexes; on its disk they take about a third


@dataclass(frozen=True)
class Need:
    """Costs of a job at one size, as a single call."""

    job: str
    seconds: float
    gib: float
    calls: int  # that keep each part within the limits
    breaks_at: int  # members at which one call reaches a limit
    how: str  # to split it


@dataclass(frozen=True)
class Scale:
    """Costs at one number of members."""

    users: int
    documents: int
    gib: float
    shards: int
    needs: Sequence[Need]


COLUMNS = ("job", "seconds", "GiB", "calls", "one call until", "how to split it")


def extrapolate(figures: Mapping[str, Any], users: int, limits: Limits = Limits()) -> Scale:
    """Returns the costs at `users` members, from the two largest measured sizes; jobs that break first come first."""
    last = figures["sizes"][-1]
    times = users / last["users"]
    held = sum(sum(sizes.values()) for sizes in last["bytes"].values()) * times / GIB
    shards = math.ceil(held / limits.shard_gib)
    needs = [_need(figures, job, users, shards, limits) for job in jobs(figures) if job in PARTS]
    ordered = sorted(needs, key=lambda need: need.breaks_at)
    return Scale(users, round(sum(last["documents"].values()) * times), round(held, 1), shards, ordered)


def _need(figures: Mapping[str, Any], job: str, users: int, shards: int, limits: Limits) -> Need:
    seconds, memory = of(figures, job, "seconds"), of(figures, job, "megabytes")
    needed_seconds = grown(*seconds, users) / (shards if job in IN_SERVER else 1)
    gib = grown(*memory, users) / MB_A_GIB
    calls = max(1, math.ceil(needed_seconds / limits.call_seconds), math.ceil(gib / limits.call_gib))
    until = min(reaching(*seconds, limits.call_seconds), reaching(*memory, limits.call_gib * MB_A_GIB))
    return Need(job, round(needed_seconds, 1), round(gib, 2), calls, int(min(until, FOREVER)), PARTS[job])


def grown(sizes: Sequence[int], costs: Sequence[float], users: int) -> float:
    """Returns the cost at `users`: on the line through the last two sizes, or by a power above 1.

    >>> grown([10, 20], [5, 6], 40), grown([10, 20], [1, 4], 40)
    (8.0, 16.0)
    """
    power, a_member = _steepness(sizes, costs)
    if power > 1:
        return float(costs[-1] * (users / sizes[-1]) ** power)
    return costs[-1] + a_member * (users - sizes[-1])


def reaching(sizes: Sequence[int], costs: Sequence[float], limit: float) -> float:
    """Returns the number of members at which the cost reaches the limit.

    >>> reaching([10, 20], [5, 6], 8.0), reaching([10, 20], [5, 5], 8.0)
    (40.0, inf)
    """
    power, a_member = _steepness(sizes, costs)
    if power > 1:
        return float(sizes[-1] * (limit / costs[-1]) ** (1 / power))
    return sizes[-1] + (limit - costs[-1]) / a_member if a_member else math.inf


def _steepness(sizes: Sequence[int], costs: Sequence[float]) -> tuple[float, float]:
    """Returns the exponent between the last two sizes, and the cost of one more member (at least 0)."""
    if len(sizes) < 2:
        return 1.0, costs[-1] / sizes[-1]
    rise = (costs[-1] - costs[-2]) / (sizes[-1] - sizes[-2])
    return round(slope(sizes[-2:], costs[-2:]), 9), max(rise, 0.0)


def rows(scale: Scale) -> list[list[Any]]:
    """Returns one row per job, in the order in which they reach a limit."""
    return [
        [need.job, f"{need.seconds:,.0f}", f"{need.gib:,.1f}", f"{need.calls:,}", about(need.breaks_at), need.how]
        for need in scale.needs
    ]


def about(number: int) -> str:
    """Returns the number in words, rounded to two digits.

    >>> about(123_456), about(7_890_000), about(2_300_000_000)
    ('120 thousand', '7.9 million', '2.3 billion')
    """
    if number >= FOREVER:
        return "any"
    for unit, size in (("billion", 10**9), ("million", 10**6), ("thousand", 1000)):
        if number >= size:
            return f"{float(f'{number / size:.2g}'):g} {unit}"
    return str(number)


def title(scale: Scale) -> str:
    """Returns the title of the table of one scale."""
    held = f"{scale.documents:,} documents, {scale.gib:,.0f} GiB with indexes, shards: {scale.shards:,}"
    return f"{scale.users:,} members: {held}"
