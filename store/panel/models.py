"""Read models of the page of models: evaluations over time, artifacts without their bytes, detectors."""

from collections.abc import Mapping
from typing import Any

from store.client import Databases
from store.ids import Document
from store.queries import count_by
from store.schema import collection, ensure_indexes

_FIELDS = ("account", "model", "version", "trainedAt", "parent", "report", "format", "fingerprint")


def evaluations(db: Databases, most: int) -> list[Document]:
    """Returns the latest evaluations of the rankers, the oldest first."""
    ensure_indexes(db, "evaluations")
    fields = {"time": 1, "report.rankers": 1, "report.requests": 1, "report.alarm": 1}
    return list(collection(db, "evaluations").find({}, fields).sort("time", -1).limit(most))[::-1]


def last_evaluation(db: Databases) -> Document | None:
    """Returns the latest evaluation with its slices and drift."""
    return collection(db, "evaluations").find_one({}, sort=[("time", -1)])


def artifacts(db: Databases, name: str, condition: Mapping[str, Any], most: int, skip: int) -> list[Document]:
    """Returns artifacts by account, with their size in bytes and the previous version or None."""
    before = {"version": "$previous.version", "trainedAt": "$previous.trainedAt", "report": "$previous.report"}
    shown: dict[str, Any] = {
        **dict.fromkeys(_FIELDS, 1),
        "size": {"$binarySize": {"$ifNull": ["$artifact", b""]}},
        "before": {"$cond": [{"$eq": [{"$type": "$previous"}, "object"]}, before, None]},
    }
    stages: list[dict[str, Any]] = [
        {"$match": dict(condition)},
        {"$sort": {"account": 1, "model": 1}},
        {"$skip": skip},
        {"$limit": most},
        {"$project": shown},
    ]
    return list(collection(db, name).aggregate(stages))


def identities(db: Databases, name: str) -> dict[str, int]:
    """Returns reason → how many artifacts have no bytes for it."""
    reason = {"$ifNull": ["$report.why", "the gate of members' models is closed"]}
    return count_by(db, name, reason, [{"$match": {"format": "identity"}}])


def with_previous(db: Databases, name: str, condition: Mapping[str, Any]) -> int:
    """Returns how many artifacts have a previous version to roll back to."""
    return collection(db, name).count_documents({**condition, "previous": {"$type": "object"}})


def detectors(db: Databases) -> list[Document]:
    """Returns the candidates of the latest training of detectors, the served one first."""
    trained = collection(db, "frauddetectionmlartifacts")
    newest = trained.find_one({}, {"trainedAt": 1}, sort=[("trainedAt", -1)])
    if newest is None:
        return []
    size = {"$set": {"size": {"$binarySize": {"$ifNull": ["$artifact", b""]}}}}
    stages: list[dict[str, Any]] = [
        {"$match": {"trainedAt": newest["trainedAt"]}},
        size,
        {"$unset": ["artifact", "features"]},
        {"$sort": {"served": -1, "model": 1}},
    ]
    return list(trained.aggregate(stages))
