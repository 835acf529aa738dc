"""The jobs that the bench runs through their handlers, at a given clock."""

from typing import Any

from handlers.manifest import daily, early, functions, late, named
from store.client import Databases, connect

TEXTS, DISPATCHER, WORKER = "topicsClassify", "personalizeContentTrainer", "personalizeContentWorker"
OPENED = f"{DISPATCHER}, every gate open"  # as if all members had enough data for member effects
EVALUATION = "rankingEvaluation"  # last, because it needs models
FULL_RUNS = (
    "coldstartTrainer",
    "fraudModelTrainer",
    "coldstartPredictor",
    "servingSnapshot",
    EVALUATION,
    OPENED,
)  # cost the same after any change
LIGHT = ("topicsClassify", "contentStats", "creatorStats", "hashtagStats", "cascadeStats", "servingSnapshot",
         "fraudFeatureUpdater", "actionsPlan")  # fmt: skip
CHANGED = 100  # one in this many posts is new to topicsClassify


def in_order() -> list[str]:
    """Returns every job, each after the jobs that it needs."""
    keys = [TEXTS, *(function.key for function in [*early(), *daily(), *late()])]
    keys = [key for key in dict.fromkeys(keys) if key != EVALUATION and functions()[key].is_job]
    place = keys.index(DISPATCHER) + 1
    keys[place:place] = [OPENED, WORKER]
    return [*keys, EVALUATION]


def job(key: str, time: str, event: dict[str, Any]) -> dict[str, Any]:
    """Calls the function and returns its counts."""
    counts: dict[str, Any] = named(key.partition(",")[0]).load()({"time": time, **event}, None)
    return counts


def event(uri: str, prefix: str, key: str, users: int) -> dict[str, Any]:
    """Returns the event of a function, without the clock: shards for members' models, ids for posts."""
    events = {TEXTS: _newest, WORKER: _shards, DISPATCHER: _by_shards, OPENED: _opened}
    if key not in events:
        return {}
    db = connect(uri, prefix)
    try:
        return events[key](db, users)
    finally:
        db.client.close()


def _newest(db: Databases, users: int) -> dict[str, Any]:
    """Returns the newest posts, like changes of contents."""
    newest = db.app.contents.find({}, {"_id": 1}).sort("createdAt", -1).limit(max(users // CHANGED, 1))
    return {"contents": [str(content["_id"]) for content in newest]}


def _by_shards(db: Databases, users: int) -> dict[str, Any]:
    return {"answer": "shards"}


def _opened(db: Databases, users: int) -> dict[str, Any]:
    open_gates(db)
    return {"answer": "shards"}


def _shards(db: Databases, users: int) -> dict[str, Any]:
    """Returns the shards of the dispatcher."""
    waiting = db.analytics.trainingShards.find({"data": {"$exists": True}}, {"_id": 1})
    return {"shards": [shard["_id"] for shard in waiting]}


def open_gates(db: Databases) -> None:
    """Opens the gate of member effects for all members, and removes the stored ones."""
    gate = {"penalty": 3.0, "open": [True] * 5, "gain": [0.0] * 5, "error": [0.0] * 5}
    db.analytics.mlArtifacts_global.update_one({"account": "members"}, {"$set": {"report.gate": gate}})
    db.analytics.mlArtifacts.drop()  # deleted keys would slow down every upsert for a minute
