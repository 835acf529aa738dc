"""Seconds and memory of the statistics and the guest feed, by the number of contents.

    python -m tests.bench.scale [--contents 20000 200000] [--countries 250]

The app is made inside the server: ten engagements and ten exposures a content, a creator for every ten contents.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from features.countries import COUNTRIES
from features.jobs.statistics import update_content_stats, update_creator_stats
from features.matrix import GUEST_COLUMNS
from predictors.jobs.guest_feed import publish_guest_feed
from store.client import Databases, connect
from store.outputs import models
from store.rules.model_names import GUEST_MODEL
from store.schema import ensure_indexes
from tests.reliability.swaps import serving_or_given
from trainers.boosters import GLOBAL, fit

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
PER_CONTENT, PER_CREATOR = 10, 10
_MONTH_MS = 30 * 86_400_000
Expression = dict[str, Any]


def fill(db: Databases, contents: int, countries: int) -> None:
    """Writes the app of so many contents, a global model, and the indexes."""
    creators = max(contents // PER_CREATOR, 1)
    here = {"$arrayElemAt": [list(COUNTRIES[:countries]), {"$mod": ["$n", min(countries, len(COUNTRIES))]}]}
    _write(db, "accounts", creators, {"_id": _id("a", "$n"), "geolocation": {"countryCode": here}})
    _write(db, "users", creators, {"_id": _id("b", "$n"), "ownerAccount": _id("a", "$n"), "followerCount": "$n"})
    _write(db, "contents", contents, _content(contents, creators))
    act = {"$mod": [{"$multiply": ["$n", 7919]}, contents]}
    actor = {"$mod": [{"$multiply": ["$n", 104_729]}, creators]}
    named = {"account": _id("a", actor), "createdAt": _moment("$n", contents * PER_CONTENT)}
    kind = {"$arrayElemAt": [["like", "like", "comment", "recast", "quote"], {"$mod": ["$n", 5]}]}
    engagement = {"user": _id("b", actor), "type": kind, "targetRef": _reference(act), **named}
    _write(db, "engagements", contents * PER_CONTENT, engagement)
    shown = {"viewer": named["account"], "content": _id("c", act), "seenAt": named["createdAt"]}
    _write(db, "feeditems", contents * PER_CONTENT, shown)
    ensure_indexes(db, "users", "contents", "engagements", "feeditems", "relationships")
    _train(db)


def measured(uri: str, prefix: str, job: str, now: datetime = NOW) -> dict[str, float]:
    """Seconds of a job in a process of its own, and the most memory that process had."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_measured_here, (uri, prefix, job, now))


def figures(uri: str, contents: int, countries: int, jobs: Sequence[str]) -> dict[str, Any]:
    """What each job took on a fresh app of so many contents."""
    prefix = f"scale-{os.getpid()}-{contents}-"
    db = connect(uri, prefix)
    try:
        began = time.perf_counter()
        fill(db, contents, countries)
        found: dict[str, Any] = {"fill": {"seconds": round(time.perf_counter() - began, 1)}}
        for job in jobs:
            found[job] = measured(uri, prefix, job)
            print(contents, job, found[job], file=sys.stderr, flush=True)  # noqa: T201
        return found
    finally:
        for each in (db.app, db.analytics):
            db.client.drop_database(each.name)
        db.client.close()


def _replayed(db: Databases, now: datetime) -> dict[str, Any]:
    return update_content_stats(db, now - timedelta(hours=1))


JOBS: dict[str, Callable[[Databases, datetime], dict[str, Any]]] = {
    "contentStats": update_content_stats,
    "creatorStats": update_creator_stats,
    "contentStats of an earlier clock": _replayed,
    "guest feed": publish_guest_feed,
}


def _measured_here(uri: str, prefix: str, job: str, now: datetime) -> dict[str, float]:
    db = connect(uri, prefix)
    began = time.perf_counter()
    JOBS[job](db, now)
    seconds = time.perf_counter() - began
    return {"seconds": round(seconds, 2), "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def _content(contents: int, creators: int) -> Expression:
    count = {"$mod": ["$n", 50]}
    return {
        "_id": _id("c", "$n"),
        "author": {"id": _id("b", {"$mod": ["$n", creators]})},
        "type": {"$arrayElemAt": [["short", "blog", "image"], {"$mod": ["$n", 3]}]},
        "payload": {"message": {"$concat": ["A post of some words, number ", {"$toString": "$n"}]}},
        "engagements": {name: {"count": count} for name in ("like", "comment", "recast", "quote")},
        "visibility": "publish",
        "createdAt": _moment("$n", contents),  # as ids rise, as an app's do
    }


def _write(db: Databases, name: str, count: int, shape: Expression) -> None:
    """Documents of that shape, of `$n` from 0 to count − 1."""
    block = 1000
    stages: list[Expression] = [
        {"$documents": [{"block": {"$range": [0, count, block]}}]},
        {"$unwind": "$block"},
        {"$set": {"n": {"$range": ["$block", {"$min": [count, {"$add": ["$block", block]}]}]}}},
        {"$unwind": "$n"},
        {"$set": {"n": {"$toLong": "$n"}}},
        {"$replaceWith": shape},
        {"$out": name},
    ]
    db.app.aggregate(stages)


def _id(digit: str, number: Any) -> Expression:
    padded = {"$toString": {"$add": [number, 10_000_000_000]}}
    return {"$toObjectId": {"$concat": [digit * 13, padded]}}


def _reference(number: Any) -> Expression:
    name = {"$setField": {"field": {"$literal": "$ref"}, "input": {}, "value": "content"}}
    return {"$setField": {"field": {"$literal": "$id"}, "input": name, "value": _id("c", number)}}


def _moment(number: str, count: int) -> Expression:
    back = {"$multiply": [{"$subtract": [count, number]}, _MONTH_MS // count]}
    return {"$subtract": [NOW, {"$add": [back, 1]}]}


def _train(db: Databases) -> None:
    """A model of the size of a real one, of noise: what matters here is the work."""
    draw = np.random.default_rng(1)
    matrix = draw.gamma(1.0, 5.0, size=(20_000, len(GUEST_COLUMNS))).astype(np.float32)
    label = (draw.random(len(matrix)) < 0.1).astype(np.float64)
    artifact = fit(matrix, label, np.ones(len(matrix)), None, GLOBAL)
    world = models.Artifact("global", GUEST_MODEL, artifact, "ubj", GUEST_COLUMNS, None)
    models.save(db, "mlArtifacts_global", [world], NOW)


def main() -> None:
    """The figures of each size, and how they grow, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contents", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--countries", type=int, default=len(COUNTRIES))
    parser.add_argument("--jobs", nargs="+", default=list(JOBS))
    given = parser.parse_args()
    with serving_or_given() as uri:
        found = {size: figures(uri, size, given.countries, given.jobs) for size in given.contents}
    first, last = found[given.contents[0]], found[given.contents[-1]]
    ratio = {job: round(last[job]["seconds"] / first[job]["seconds"], 1) for job in given.jobs}
    print(json.dumps({**found, "times": ratio}, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
