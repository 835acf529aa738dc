"""Compares our jobs with the baseline and with a floor, on the same server and data.

A floor is a lower bound: the same documents copied by the server or inserted in bulk, the same readings transferred,
a native booster without a wrapper.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import xgboost
from bson.raw_bson import RawBSONDocument
from pymongo import IndexModel

from features.countries import COUNTRIES
from handlers.runtime import databases
from lab.bench import plain, work
from lab.bench.measure import measured
from store.client import Databases
from store.schema import COLLECTIONS

RAW = {"document_class": RawBSONDocument}
Jobs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Comparison:
    """One comparison."""

    what: str
    jobs: tuple[str, ...]  # ours
    baseline: Callable[..., plain.Sample]
    arguments: tuple[Any, ...]
    floor: Callable[[Databases], dict[str, Any]]
    aim: int | None = None  # times faster
    changed: bool = False  # compares the jobs' run after the change, not the first one


def figures(uri: str, prefix: str, now: datetime, first: Jobs, changed: Jobs, part: int) -> list[dict[str, Any]]:
    """Returns the comparisons whose jobs were measured: seconds of ours, the baseline and the floor.

    `first` and `changed` are the costs of the jobs' first run and of the one after the change; `part` divides samples.
    """
    names = {comparison.what for comparison in comparisons(now, part) if set(comparison.jobs) <= set(first)}
    timed = measured(uri, prefix, _timed, now, part, names).counts
    return [
        _row(comparison, changed if comparison.changed else first, *timed[comparison.what])
        for comparison in comparisons(now, part)
        if comparison.what in names
    ]


def comparisons(now: datetime, part: int) -> list[Comparison]:
    """Returns the comparisons; baselines that would take hours run on a sample."""
    feed, fraud, training = "coldstartPredictor", "fraudFeatureExtractor", (work.DISPATCHER, work.OPENED, work.WORKER)
    few = (now, 40 // part)
    statistics = ("contentStats", "creatorStats")
    once, bulk = (now, 1, 20_000 // part), (now + timedelta(seconds=1), 5_000, 1_000_000)
    return [
        Comparison("members' models, from rows to models", (work.WORKER,), _fits, few, _floor_models, 100),
        Comparison("members' models, from the log to models", training, plain.user_training, few, _floor_models, 100),
        Comparison("guest feed", (feed,), _feed, (now, max(4 // part, 1)), _floor_feed, 20),
        Comparison("statistics, 1 % changed", statistics, plain.statistics, once, _floor_statistics, 10, changed=True),
        Comparison(
            "the same, against bulk writes", statistics, plain.statistics, bulk, _floor_statistics, changed=True
        ),
        Comparison("fraud features", (fraud,), plain.fraud_features, (now, 1_000 // part), _floor_fraud, 10),
    ]


def _timed(now: datetime, part: int, names: Collection[str]) -> dict[str, Any]:
    """Measures baselines and floors by name, in one process because the imports are slow."""
    chosen = [comparison for comparison in comparisons(now, part) if comparison.what in names]
    db = databases()
    return {
        comparison.what: (comparison.baseline(db, *comparison.arguments), comparison.floor(db)) for comparison in chosen
    }


def _row(comparison: Comparison, jobs: Jobs, sample: plain.Sample, floor: Mapping[str, Any]) -> dict[str, Any]:
    ours = sum(jobs[job]["seconds"] for job in comparison.jobs)
    return {
        "what": comparison.what,
        "ours": round(ours, 2),
        "plain": round(sample.whole, 1),
        "timesFaster": round(sample.whole / ours, 1),
        "aim": comparison.aim,
        "sample": sample.units,
        "of": sample.of,
        "floor": round(floor["seconds"], 3),
        "floorIs": floor["what"],
        "timesFloor": round(ours / floor["seconds"], 1),
    }


def _fits(db: Databases, now: datetime, most: int) -> plain.Sample:
    """Returns the training baseline without the frame that is built once."""
    return replace(plain.user_training(db, now, most), fixed=0.0)


def _feed(db: Databases, now: datetime, most: int) -> plain.Sample:
    return plain.guest_feed(db, now, list(COUNTRIES), most)


def _floor_models(db: Databases) -> dict[str, Any]:
    """Trains a small native booster per member who ever engaged, on the average number of rows, on one core."""
    members = db.analytics.mlArtifacts.estimated_document_count()
    rows = max(db.app.feeditems.estimated_document_count() // max(members, 1), 5)
    draw, few = np.random.default_rng(1), min(members, 400)
    matrix, label = draw.normal(size=(few, rows, 12)).astype(np.float32), draw.random((few, rows)) < 0.3
    parameters = {"objective": "binary:logistic", "max_depth": 2, "tree_method": "exact", "nthread": 1}
    began = time.perf_counter()
    for x, y in zip(matrix, label, strict=True):
        xgboost.train(parameters, xgboost.DMatrix(x, y, nthread=1), 8).save_raw("ubj")
    seconds = (time.perf_counter() - began) * members / few
    return {"seconds": seconds, "what": f"{members:,} native boosters of 8 trees, without reading or writing"}


def _floor_feed(db: Databases) -> dict[str, Any]:
    feed = list(db.app.get_collection("guestfeeditems").with_options(_raw(db)).find())
    seconds = _inserted(db.app, feed, list(COLLECTIONS["guestfeeditems"].indexes))
    return {"seconds": seconds, "what": f"{len(feed):,} finished documents inserted in bulk, with their indexes"}


def _floor_statistics(db: Databases) -> dict[str, Any]:
    analytics, began = db.analytics, time.perf_counter()
    for name in ("contentStats", "creatorStats"):
        analytics[name].aggregate([{"$out": "floor"}])
    seconds = time.perf_counter() - began
    analytics.floor.drop()
    return {"seconds": seconds, "what": "the finished documents copied inside the server, without indexes"}


def _floor_fraud(db: Databases) -> dict[str, Any]:
    features = list(db.analytics.get_collection("credentialfeatures").with_options(_raw(db)).find())
    began, shown = time.perf_counter(), {"_id": 0, "seenCredential": 1, "seenAt": 1, "offScreenAt": 1, "content": 1}
    for _ in db.app.feeditems.find_raw_batches({}, shown, batch_size=100_000):
        pass
    wire = time.perf_counter() - began
    indexes = list(COLLECTIONS["credentialfeatures"].indexes)
    seconds = wire + _inserted(db.analytics, features, indexes)
    return {
        "seconds": seconds,
        "what": "all exposures over the wire once, and the finished documents inserted in bulk",
    }


def _raw(db: Databases) -> Any:
    return db.app.codec_options.with_options(**RAW)


def _inserted(database: Any, documents: list[Any], indexes: list[IndexModel]) -> float:
    """Returns the seconds of the faster order: indexes before or after the documents."""
    seconds = []
    for last in (False, True):
        began = time.perf_counter()
        if not last:
            database.floor.create_indexes(indexes)
        if documents:
            database.floor.insert_many(documents, ordered=False)
        database.floor.create_indexes(indexes)
        seconds.append(time.perf_counter() - began)
        database.floor.drop()
    return min(seconds)
