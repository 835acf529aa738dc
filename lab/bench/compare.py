"""Our jobs beside the plain way, on the same server and data, and beside their floors.

A floor is what nobody can go below here: the same documents written by the server alone or by bulk, the same readings
over the wire, a native booster without a wrapper around it.
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
class Beside:
    """One comparison."""

    what: str
    jobs: tuple[str, ...]  # of ours
    way: Callable[..., plain.Took]
    given: tuple[Any, ...]
    floor: Callable[[Databases], dict[str, Any]]
    aim: int | None = None  # times faster
    changed: bool = False  # our jobs' run after the change counts, not the first one


def figures(uri: str, prefix: str, now: datetime, first: Jobs, changed: Jobs, part: int) -> list[dict[str, Any]]:
    """Each comparison whose jobs were measured: our seconds, the plain way's, how many times faster, the floor's.

    `first` and `changed` are the costs of the jobs' first run and of the one after the change; `part` divides samples.
    """
    names = {each.what for each in comparisons(now, part) if set(each.jobs) <= set(first)}
    timed = measured(uri, prefix, _timed, now, part, names).counts
    return [
        _row(each, changed if each.changed else first, *timed[each.what])
        for each in comparisons(now, part)
        if each.what in names
    ]


def comparisons(now: datetime, part: int) -> list[Beside]:
    """What is compared; of the plain ways that would take hours a sample."""
    feed, fraud, training = "coldstartPredictor", "fraudFeatureExtractor", (work.DISPATCHER, work.OPENED, work.WORKER)
    few = (now, 40 // part)
    statistics = ("contentStats", "creatorStats")
    once, bulk = (now, 1, 20_000 // part), (now + timedelta(seconds=1), 5_000, 1_000_000)
    return [
        Beside("members' models, from rows to models", (work.WORKER,), _fits, few, _floor_models, 100),
        Beside("members' models, from the log to models", training, plain.user_training, few, _floor_models, 100),
        Beside("guest feed", (feed,), _feed, (now, max(4 // part, 1)), _floor_feed, 20),
        Beside("statistics, 1 % changed", statistics, plain.statistics, once, _floor_statistics, 10, changed=True),
        Beside("the same, against bulk writes", statistics, plain.statistics, bulk, _floor_statistics, changed=True),
        Beside("fraud features", (fraud,), plain.fraud_features, (now, 1_000 // part), _floor_fraud, 10),
    ]


def _timed(now: datetime, part: int, names: Collection[str]) -> dict[str, Any]:
    """What the plain way took, and the floor, by name; in one process, for it has much to import."""
    chosen = [each for each in comparisons(now, part) if each.what in names]
    db = databases()
    return {each.what: (each.way(db, *each.given), each.floor(db)) for each in chosen}


def _row(beside: Beside, jobs: Jobs, took: plain.Took, floor: Mapping[str, Any]) -> dict[str, Any]:
    ours = sum(jobs[each]["seconds"] for each in beside.jobs)
    return {
        "what": beside.what,
        "ours": round(ours, 2),
        "plain": round(took.whole, 1),
        "timesFaster": round(took.whole / ours, 1),
        "aim": beside.aim,
        "sample": took.did,
        "of": took.of,
        "floor": round(floor["seconds"], 3),
        "floorIs": floor["what"],
        "timesFloor": round(ours / floor["seconds"], 1),
    }


def _fits(db: Databases, now: datetime, most: int) -> plain.Took:
    """Without the frame that is made once."""
    return replace(plain.user_training(db, now, most), fixed=0.0)


def _feed(db: Databases, now: datetime, most: int) -> plain.Took:
    return plain.guest_feed(db, now, list(COUNTRIES), most)


def _floor_models(db: Databases) -> dict[str, Any]:
    """A small native booster for each member who ever engaged, of as many rows as one has, on one core."""
    members = db.analytics.mlArtifacts.estimated_document_count()
    rows = max(db.app.feeditems.estimated_document_count() // max(members, 1), 5)
    draw, few = np.random.default_rng(1), min(members, 400)
    matrix, label = draw.normal(size=(few, rows, 12)).astype(np.float32), draw.random((few, rows)) < 0.3
    given = {"objective": "binary:logistic", "max_depth": 2, "tree_method": "exact", "nthread": 1}
    began = time.perf_counter()
    for x, y in zip(matrix, label, strict=True):
        xgboost.train(given, xgboost.DMatrix(x, y, nthread=1), 8).save_raw("ubj")
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
    """Seconds, with the indexes kept up or built of the finished documents, whichever is faster."""
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
