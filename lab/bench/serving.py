"""Measures requests in closed loops, first alone, then while the hourly jobs run.

Every client of the personal predictor is a separate process with its own connection and snapshot, like a container on
AWS. There jobs and requests share only the database; here they share the CPU too.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

import numpy as np

from handlers.manifest import named
from lab.bench.feed_reader import Reader
from lab.bench.measure import CONTEXT
from store.client import Databases, connect

HOURLY = (
    "contentStats",
    "hashtagStats",
    "coldstartPredictor",
    "creatorStats",
    "servingSnapshot",
    "fraudFeatureExtractor",
    "karmaStats",
    "cascadeStats",
    "fraudPredictor",
)
SWAPPED = 3  # jobs until the guest feed is swapped
AHEAD_MINUTES = 50  # of the jobs' clocks, which must stay before the requests' clock


@dataclass(frozen=True)
class Plan:
    """Load and duration."""

    clients: int = 8
    candidates: int = 1_000
    seconds: float = 30.0
    longest: float = 150.0  # maximum, until the jobs have swapped the guest feed


def figures(db: Databases, uri: str, prefix: str, now: datetime, plan: Plan) -> dict[str, Any]:
    """Measures requests and guest feed reads, alone and while jobs run, and the slowdown."""
    idle = _measured(db, uri, prefix, now, plan, lambda: True)
    with _jobs(uri, prefix, now) as ran:
        busy = _measured(db, uri, prefix, now, plan, lambda: ran.value >= SWAPPED)
        jobs = ran.value
    slower = {
        name: {quantile: round(busy[name][quantile] / idle[name][quantile], 2) for quantile in ("p50", "p99")}
        for name in idle
    }
    return {"idle": idle, "whileJobsRun": busy, "timesAsLong": slower, "jobsDone": jobs, "plan": vars(plan)}


def _measured(
    db: Databases, uri: str, prefix: str, now: datetime, plan: Plan, enough: Callable[[], bool]
) -> dict[str, Any]:
    at = (now + timedelta(hours=1)).isoformat()
    requests = [list(_events(db, plan.candidates, at, seed)) for seed in range(plan.clients)]
    gate, end = CONTEXT.Barrier(plan.clients + 2), CONTEXT.Event()
    calls: list[tuple[Any, ...]] = [(_request, events) for events in requests]
    with _running([*calls, (_read, None)], uri, prefix, gate, end) as answers:
        gate.wait()
        began = time.perf_counter()
        time.sleep(plan.seconds)
        while not enough() and time.perf_counter() - began < plan.longest:
            time.sleep(0.5)
        end.set()
        seconds = time.perf_counter() - began
        results = [receiver.recv() for receiver in answers]
    return {"personal": _summed(results[:-1], seconds), "guestFeed": _summed(results[-1:], seconds)}


@contextmanager
def _running(calls: Sequence[tuple[Any, ...]], uri: str, prefix: str, gate: Any, end: Any) -> Iterator[list[Any]]:
    pipes = [CONTEXT.Pipe(duplex=False) for _ in calls]
    processes = [
        CONTEXT.Process(target=_client, args=(*call, uri, prefix, gate, end, sender))
        for call, (_, sender) in zip(calls, pipes, strict=True)
    ]
    for process in processes:
        process.start()
    try:
        yield [receiver for receiver, _ in pipes]
    finally:
        for process in processes:
            process.kill()
            process.join()


@contextmanager
def _jobs(uri: str, prefix: str, now: datetime) -> Iterator[Any]:
    """Repeats the hourly jobs during the block; yields the number of finished ones."""
    done = CONTEXT.Value("i", 0)
    process = CONTEXT.Process(target=_work, args=(uri, prefix, now, done))
    process.start()
    try:
        yield done
    finally:
        process.kill()
        process.join()


def _client(make_call: Any, events: Any, uri: str, prefix: str, gate: Any, end: Any, sender: Any) -> None:
    """Sends requests until the end; reports the seconds of each and the number of errors."""
    os.environ |= {"MONGODB_URI": uri, "DB_PREFIX": prefix}
    call = make_call(uri, prefix, events)
    for _ in range(3):  # warm
        call()
    gate.wait()
    spent, errors = [], 0
    while not end.is_set():
        began = time.perf_counter()
        errors += not call()
        spent.append(time.perf_counter() - began)
    sender.send((spent, errors))


def _request(uri: str, prefix: str, events: Sequence[dict[str, Any]]) -> Any:
    handler, endless = named("personalizeContentPredictor").load(), cycle(events)

    def call() -> bool:
        event = next(endless)
        answer = handler(event, None)
        return bool(answer["code"] == 200 and len(answer["result"]) == len(event["contents"]))

    return call


def _read(uri: str, prefix: str, _: None) -> Any:
    reader = Reader(connect(uri, prefix))
    return lambda: bool(reader.page(None, limit=100))


def _work(uri: str, prefix: str, now: datetime, done: Any) -> None:
    os.environ |= {"MONGODB_URI": uri, "DB_PREFIX": prefix}
    for minute in cycle(range(1, AHEAD_MINUTES)):
        for key in HOURLY:
            named(key).load()({"time": (now + timedelta(minutes=minute)).isoformat()}, None)
            done.value += 1


def _events(db: Databases, candidates: int, at: str, seed: int) -> Iterator[dict[str, Any]]:
    """Yields two hundred requests of random members for random contents."""
    draw = np.random.default_rng(seed)
    newest = db.app.contents.find({"visibility": "publish"}, {"_id": 1}).sort("createdAt", -1).limit(20 * candidates)
    contents = [str(content["_id"]) for content in newest]
    for account in db.app.accounts.aggregate([{"$sample": {"size": 200}}, {"$project": {"_id": 1}}]):
        some = draw.choice(contents, min(candidates, len(contents)), replace=False).tolist()
        yield {"accountId": str(account["_id"]), "contents": some, "time": at}


def _summed(results: Sequence[tuple[list[float], int]], seconds: float) -> dict[str, Any]:
    spent = np.array([time_ for times, _ in results for time_ in times])
    p50, p99 = np.percentile(spent, [50, 99]) * 1000
    return {
        "p50": round(float(p50), 2),  # milliseconds
        "p99": round(float(p99), 2),
        "aSecond": round(len(spent) / seconds, 1),
        "requests": len(spent),
        "errors": sum(errors for _, errors in results),
    }
