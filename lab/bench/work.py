"""The jobs as the bench runs them: by their handlers, as AWS would, at a given clock."""

from typing import Any

from handlers.manifest import daily, early, functions, late, named
from store.client import Databases, connect

TEXTS, DISPATCHER, WORKER = "topicsClassify", "personalizeContentTrainer", "personalizeContentWorker"
OPENED = f"{DISPATCHER}, every gate open"  # as if there were data enough for own models of all
JUDGE = "rankingEvaluation"  # judges models, so it comes when there are some
ANEW = (
    "coldstartTrainer",
    "fraudModelTrainer",
    "coldstartPredictor",
    "servingSnapshot",
    JUDGE,
    OPENED,
)  # whatever changed
LIGHT = ("topicsClassify", "contentStats", "creatorStats", "hashtagStats", "cascadeStats", "servingSnapshot",
         "fraudFeatureUpdater", "actionsPlan")  # fmt: skip
CHANGED = 100  # one in so many posts is new to topicsClassify


def in_order() -> list[str]:
    """Every function that runs by the clock or by a change, each after what it needs."""
    keys = [TEXTS, *(each.key for each in [*early(), *daily(), *late()])]
    keys = [each for each in dict.fromkeys(keys) if each != JUDGE and functions()[each].is_job]
    place = keys.index(DISPATCHER) + 1
    keys[place:place] = [OPENED, WORKER]
    return [*keys, JUDGE]


def job(key: str, time: str, event: dict[str, Any]) -> dict[str, Any]:
    """What the function counted."""
    counts: dict[str, Any] = named(key.partition(",")[0]).load()({"time": time, **event}, None)
    return counts


def event(uri: str, prefix: str, key: str, users: int) -> dict[str, Any]:
    """What the function is called with beside the clock: members' models go by shards, posts by name."""
    events = {TEXTS: _newest, WORKER: _shards, DISPATCHER: _by_shards, OPENED: _opened}
    if key not in events:
        return {}
    db = connect(uri, prefix)
    try:
        return events[key](db, users)
    finally:
        db.client.close()


def _newest(db: Databases, users: int) -> dict[str, Any]:
    """The newest posts, as changes of contents name them."""
    newest = db.app.contents.find({}, {"_id": 1}).sort("createdAt", -1).limit(max(users // CHANGED, 1))
    return {"contents": [str(each["_id"]) for each in newest]}


def _by_shards(db: Databases, users: int) -> dict[str, Any]:
    return {"answer": "shards"}


def _opened(db: Databases, users: int) -> dict[str, Any]:
    open_gates(db)
    return {"answer": "shards"}


def _shards(db: Databases, users: int) -> dict[str, Any]:
    """The shards that the dispatcher left."""
    waiting = db.analytics.trainingShards.find({"data": {"$exists": True}}, {"_id": 1})
    return {"shards": [each["_id"] for each in waiting]}


def open_gates(db: Databases) -> None:
    """As if there were data enough for members' own models: the gate lets all in, and all are to be trained anew."""
    gate = {"penalty": 3.0, "open": [True] * 5, "gain": [0.0] * 5, "error": [0.0] * 5}
    db.analytics.mlArtifacts_global.update_one({"account": "members"}, {"$set": {"report.gate": gate}})
    db.analytics.mlArtifacts.drop()  # deleted keys would lie in the way of every upsert for a minute
