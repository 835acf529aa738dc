"""`feedpulse scale`: what each part needs at any number of members, reckoned from docs/performance.json."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.bench.figures import jobs, of, slope

GIB, MB_A_GIB, FOREVER = 2**30, 1024, 10**12
IN_SERVER = ("hashtagStats",)  # its seconds are shared by the database's shards
PARTS = {  # what one call would take a part of, were it too much for one; the first ones work so today
    "contentStats": "every shard aggregates its own contents, one publishes; by pointer: each; not built",
    "creatorStats": "contents sharded by author; as the one above",
    "hashtagStats": "every shard groups its own contents, one joins the groups",
    "personalizeContentWorker": "500 members a message, any number of calls (queue, Dask, Ray, Spark)",
    "topicsClassify": "each change is an event of its own",
    "fraudFeatureExtractor": "by ranges of credentials; not built",
    "karmaStats": "the daily whole run by category, the rest by author; not built",
    "cascadeStats": "by ranges of roots; not built",
    "servingSnapshot": "one snapshot a region or language, with contents of the last days only; not built",
    "coldstartPredictor": "by continent, from one snapshot; not built",
    "coldstartTrainer": "its requests are a sample already; the log it is drawn from by day; not built",
    "personalizeContentTrainer": "one dispatcher a range of members; not built",
    "personalizeContentTrainer, every gate open": "as the one above; not built",
    "rankingEvaluation": "its requests are a sample already; the log by day; not built",
    "fraudModelTrainer": "learns from 20,000 at most; reads all features: a sample by the server; not built",
    "fraudPredictor": "by ranges of credentials; not built",
}


@dataclass(frozen=True)
class Limits:
    """What one call and one shard of the database can hold; AWS's and our own choices."""

    call_seconds: float = 900.0  # the longest that Lambda lets a call run
    call_gib: float = 10.0  # the most memory that Lambda gives
    shard_gib: float = 1_000.0  # of documents and indexes; on its disk they take about a third


@dataclass(frozen=True)
class Need:
    """What a job needs at that size, were it one call."""

    job: str
    seconds: float
    gib: float
    calls: int  # so that each part stays within the limits
    breaks_at: int  # members at which one call stops being enough
    how: str  # it is taken apart


@dataclass(frozen=True)
class Scale:
    """What a number of members needs."""

    users: int
    documents: int
    gib: float
    shards: int
    needs: Sequence[Need]


COLUMNS = ("job", "seconds", "GiB", "calls", "one call until", "taken apart")


def reckoned(found: Mapping[str, Any], users: int, limits: Limits = Limits()) -> Scale:
    """Lines through the two largest measured sizes; where a cost grows faster than they do, its power."""
    last = found["sizes"][-1]
    times = users / last["users"]
    held = sum(sum(each.values()) for each in last["bytes"].values()) * times / GIB
    shards = math.ceil(held / limits.shard_gib)
    needs = [_need(found, job, users, shards, limits) for job in jobs(found) if job in PARTS]
    ordered = sorted(needs, key=lambda each: each.breaks_at)
    return Scale(users, round(sum(last["documents"].values()) * times), round(held, 1), shards, ordered)


def _need(found: Mapping[str, Any], job: str, users: int, shards: int, limits: Limits) -> Need:
    seconds, memory = of(found, job, "seconds"), of(found, job, "megabytes")
    took = grown(*seconds, users) / (shards if job in IN_SERVER else 1)
    gib = grown(*memory, users) / MB_A_GIB
    calls = max(1, math.ceil(took / limits.call_seconds), math.ceil(gib / limits.call_gib))
    until = min(reaching(*seconds, limits.call_seconds), reaching(*memory, limits.call_gib * MB_A_GIB))
    return Need(job, round(took, 1), round(gib, 2), calls, int(min(until, FOREVER)), PARTS[job])


def grown(sizes: Sequence[int], costs: Sequence[float], users: int) -> float:
    """The cost at that many members: on the line through the last two sizes, or the power where it is over 1.

    >>> grown([10, 20], [5, 6], 40), grown([10, 20], [1, 4], 40)
    (8.0, 16.0)
    """
    power, a_member = _steepness(sizes, costs)
    if power > 1:
        return float(costs[-1] * (users / sizes[-1]) ** power)
    return costs[-1] + a_member * (users - sizes[-1])


def reaching(sizes: Sequence[int], costs: Sequence[float], limit: float) -> float:
    """At how many members the cost is the limit.

    >>> reaching([10, 20], [5, 6], 8.0), reaching([10, 20], [5, 5], 8.0)
    (40.0, inf)
    """
    power, a_member = _steepness(sizes, costs)
    if power > 1:
        return float(sizes[-1] * (limit / costs[-1]) ** (1 / power))
    return sizes[-1] + (limit - costs[-1]) / a_member if a_member else math.inf


def _steepness(sizes: Sequence[int], costs: Sequence[float]) -> tuple[float, float]:
    """The exponent between the last two sizes, and the cost of one more member, at least 0."""
    if len(sizes) < 2:
        return 1.0, costs[-1] / sizes[-1]
    rise = (costs[-1] - costs[-2]) / (sizes[-1] - sizes[-2])
    return round(slope(sizes[-2:], costs[-2:]), 9), max(rise, 0.0)


def rows(scale: Scale) -> list[list[Any]]:
    """A line a job, what breaks first before the others."""
    return [
        [each.job, f"{each.seconds:,.0f}", f"{each.gib:,.1f}", f"{each.calls:,}", about(each.breaks_at), each.how]
        for each in scale.needs
    ]


def about(number: int) -> str:
    """Two digits of it, as one says it.

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
    """Returns the heading of one scale's table."""
    held = f"{scale.documents:,} documents, {scale.gib:,.0f} GiB with indexes, shards: {scale.shards:,}"
    return f"{scale.users:,} members: {held}"
