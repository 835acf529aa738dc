"""Requests while nothing else runs, and while the hourly jobs do: closed loops, each client at once asks again.

A client of the personal predictor is a container of its own, as on AWS, with its own connection and snapshot. On AWS
jobs have processors of their own and share only the database with requests; here they share the processors too.
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
SWAPPED = 3  # jobs after which the guest feed was swapped
AHEAD_MINUTES = 50  # of the jobs' clocks, which must stay before that of the requests


@dataclass(frozen=True)
class Plan:
    """How hard, and for how long."""

    clients: int = 8
    candidates: int = 1_000
    seconds: float = 30.0
    longest: float = 150.0  # until the jobs beside it have swapped the guest feed


def figures(db: Databases, uri: str, prefix: str, now: datetime, plan: Plan) -> dict[str, Any]:
    """Requests and reads of the guest feed, idle and beside the jobs, and how much slower they are beside them."""
    idle = _measured(db, uri, prefix, now, plan, lambda: True)
    with _jobs(uri, prefix, now) as ran:
        busy = _measured(db, uri, prefix, now, plan, lambda: ran.value >= SWAPPED)
        jobs = ran.value
    slower = {name: {each: round(busy[name][each] / idle[name][each], 2) for each in ("p50", "p99")} for name in idle}
    return {"idle": idle, "whileJobsRun": busy, "timesAsLong": slower, "jobsDone": jobs, "plan": vars(plan)}


def _measured(
    db: Databases, uri: str, prefix: str, now: datetime, plan: Plan, enough: Callable[[], bool]
) -> dict[str, Any]:
    at = (now + timedelta(hours=1)).isoformat()
    asked = [list(_events(db, plan.candidates, at, seed)) for seed in range(plan.clients)]
    gate, end = CONTEXT.Barrier(plan.clients + 2), CONTEXT.Event()
    ways: list[tuple[Any, ...]] = [(_ask, events) for events in asked]
    with _running([*ways, (_read, None)], uri, prefix, gate, end) as answers:
        gate.wait()
        began = time.perf_counter()
        time.sleep(plan.seconds)
        while not enough() and time.perf_counter() - began < plan.longest:
            time.sleep(0.5)
        end.set()
        seconds = time.perf_counter() - began
        said = [each.recv() for each in answers]
    return {"personal": _summed(said[:-1], seconds), "guestFeed": _summed(said[-1:], seconds)}


@contextmanager
def _running(ways: Sequence[tuple[Any, ...]], uri: str, prefix: str, gate: Any, end: Any) -> Iterator[list[Any]]:
    pipes = [CONTEXT.Pipe(duplex=False) for _ in ways]
    processes = [
        CONTEXT.Process(target=_client, args=(*way, uri, prefix, gate, end, sender))
        for way, (_, sender) in zip(ways, pipes, strict=True)
    ]
    for each in processes:
        each.start()
    try:
        yield [receiver for receiver, _ in pipes]
    finally:
        for each in processes:
            each.kill()
            each.join()


@contextmanager
def _jobs(uri: str, prefix: str, now: datetime) -> Iterator[Any]:
    """The hourly jobs one after another, again and again; gives how many have ended."""
    done = CONTEXT.Value("i", 0)
    process = CONTEXT.Process(target=_work, args=(uri, prefix, now, done))
    process.start()
    try:
        yield done
    finally:
        process.kill()
        process.join()


def _client(way: Any, given: Any, uri: str, prefix: str, gate: Any, end: Any, sender: Any) -> None:
    """Asks until the end; sends the seconds of each answer and how many went wrong."""
    os.environ |= {"MONGODB_URI": uri, "DB_PREFIX": prefix}
    ask = way(uri, prefix, given)
    for _ in range(3):  # warm
        ask()
    gate.wait()
    spent, errors = [], 0
    while not end.is_set():
        began = time.perf_counter()
        errors += not ask()
        spent.append(time.perf_counter() - began)
    sender.send((spent, errors))


def _ask(uri: str, prefix: str, events: Sequence[dict[str, Any]]) -> Any:
    handler, several = named("personalizeContentPredictor").load(), cycle(events)

    def ask() -> bool:
        event = next(several)
        answer = handler(event, None)
        return bool(answer["code"] == 200 and len(answer["result"]) == len(event["contents"]))

    return ask


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
    """Two hundred requests of members drawn at random, each with contents drawn at random."""
    draw = np.random.default_rng(seed)
    newest = db.app.contents.find({"visibility": "publish"}, {"_id": 1}).sort("createdAt", -1).limit(20 * candidates)
    contents = [str(each["_id"]) for each in newest]
    for account in db.app.accounts.aggregate([{"$sample": {"size": 200}}, {"$project": {"_id": 1}}]):
        some = draw.choice(contents, min(candidates, len(contents)), replace=False).tolist()
        yield {"accountId": str(account["_id"]), "contents": some, "time": at}


def _summed(said: Sequence[tuple[list[float], int]], seconds: float) -> dict[str, Any]:
    spent = np.array([each for several, _ in said for each in several])
    p50, p99 = np.percentile(spent, [50, 99]) * 1000
    return {
        "p50": round(float(p50), 2),  # milliseconds
        "p99": round(float(p99), 2),
        "aSecond": round(len(spent) / seconds, 1),
        "requests": len(spent),
        "errors": sum(errors for _, errors in said),
    }
