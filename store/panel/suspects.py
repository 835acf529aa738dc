"""What the page of suspects reads and writes: the queue, one case with what its credential did, verdicts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson.max_key import MaxKey
from bson.min_key import MinKey
from pymongo import ASCENDING, DESCENDING

from store import queries
from store.client import Databases
from store.columns import Columns, read_columns
from store.ids import Document, ObjectId
from store.leases import hold
from store.outputs.fraud_cases import DECIDED, OF_A_VERDICT, VERDICT
from store.schema import FEEDITEM_FIELDS, collection, ensure_indexes

UPDATER = "fraudFeatureUpdater"  # copies verdicts; its lease keeps a withdrawal and a copy apart
_QUEUE = [("verificationStatus", ASCENDING), ("score", DESCENDING), ("_id", ASCENDING)]
_WAITING = {"verificationStatus": {"$nin": [True, False]}}
BANDS = (0.0, 0.9, 0.95, 0.99, 0.995, 0.999)  # lower ends of the bands of scores


def queue(db: Databases, after: ObjectId | None, most: int) -> list[Document]:
    """Cases without a verdict, the highest score first; those that come after that case. Reads a page of the index."""
    ensure_indexes(db, "suspiciouscredentials")
    cases = collection(db, "suspiciouscredentials")
    last = cases.find_one({"_id": after}) if after else None
    start = _place(last) if last else (None, MaxKey(), MinKey())
    found = cases.find(_WAITING | ({"_id": {"$ne": after}} if after else {})).hint(_QUEUE)
    return list(found.min(_bound(*start)).max(_bound(False, MaxKey(), MinKey())).limit(most))


def decided(db: Databases, most: int, skip: int = 0) -> list[Document]:
    """Cases with a verdict, the latest first."""
    found = collection(db, "suspiciouscredentials").find(DECIDED)
    return list(found.sort("verifiedAt", -1).skip(skip).limit(most))


def sizes(db: Databases) -> dict[str, int]:
    """How many cases wait for a verdict and how many have one."""
    cases = collection(db, "suspiciouscredentials")
    done = cases.count_documents(DECIDED)
    return {"waiting": max(cases.estimated_document_count() - done, 0), "decided": done}


def case(db: Databases, key: ObjectId) -> Document | None:
    """One case."""
    return collection(db, "suspiciouscredentials").find_one({"_id": key})


def decide(db: Databases, key: ObjectId, bot: bool, now: datetime) -> Document | None:
    """Writes a moderator's verdict on a case that has none; gives the case as it was, None when there is no such."""
    verdict = {"$set": {"verificationStatus": bot, "verifiedAt": now}}
    return collection(db, "suspiciouscredentials").find_one_and_update({"_id": key} | _WAITING, verdict)


def withdraw(db: Databases, key: ObjectId, verified_at: datetime) -> Document | None:
    """Takes that verdict back, also from the features that it had reached, where an earlier one stands again.

    Gives the case as it was; None when it bears no such verdict.

    Raises:
        LeaseHeldError: while verdicts are being copied.
    """
    with hold(db, UPDATER):
        done = {"_id": key, "verifiedAt": verified_at} | DECIDED
        opened = {"$set": {"status": "open"}, "$unset": dict.fromkeys(OF_A_VERDICT, "")}
        case = collection(db, "suspiciouscredentials").find_one_and_update(done, opened)
        if case:
            _unlearn(db, case)
    return case


def verdict_counts(db: Databases) -> list[Document]:
    """Past verdicts by score at opening, cause and lot: band (its lower end), source, audit, cases, bots."""
    bands = {"$switch": {
        "branches": [{"case": {"$gte": ["$each.score", low]}, "then": low} for low in sorted(BANDS, reverse=True)],
        "default": 0.0,
    }}  # fmt: skip
    now = {name: f"${name}" for name in ("score", "source", "audit", "verificationStatus")}
    by = {"band": bands, "source": {"$ifNull": ["$each.source", ""]}, "audit": {"$eq": ["$each.audit", True]}}
    bots = {"$sum": {"$cond": ["$each.verificationStatus", 1, 0]}}
    stages: list[dict[str, Any]] = [
        {"$match": {"$or": [DECIDED, {"earlier.0": {"$exists": True}}]}},
        {"$project": {"each": {"$concatArrays": [[now], {"$ifNull": ["$earlier", []]}]}}},
        {"$unwind": "$each"},
        {"$match": {"each.verificationStatus": {"$in": [True, False]}}},
        {"$group": {"_id": by, "cases": {"$sum": 1}, "bots": bots}},
    ]
    rows = queries.stream(db, "suspiciouscredentials", stages)
    return [each["_id"] | {"cases": each["cases"], "bots": each["bots"]} for each in rows]


def detector(db: Databases, now: datetime) -> Document | None:
    """Which detector serves: model, version, threshold, trainedAt."""
    wanted = {"model": 1, "version": 1, "threshold": 1, "trainedAt": 1}
    served = {"served": True, "trainedAt": {"$lte": now}}
    return collection(db, "frauddetectionmlartifacts").find_one(served, wanted, sort=[("trainedAt", -1)])


def newest_features(db: Databases, credential: ObjectId) -> Document | None:
    """The score and the reasons of the credential's newest features."""
    wanted = {"count": 1, "fraudScore": 1, "reasons": 1, "scoredAt": 1, "firstSeenAt": 1, "lastSeenAt": 1, "judged": 1}
    found = collection(db, "credentialfeatures").find({"seenCredential": credential}, wanted)
    return next(iter(found.sort("lastSeenAt", -1).limit(1)), None)


def population(db: Databases, now: datetime, most: int) -> Columns:
    """The latest readings of everybody but likely bots: credential (S12), seconds."""
    left = _either("offScreenAt")
    latest: list[dict[str, Any]] = [
        {"$match": {"seenAt": {"$lte": now}}},
        {"$sort": {"seenAt": -1}},
        {"$limit": most},
    ]
    ended = {"$cond": [{"$eq": [{"$type": left}, "date"]}, left, None]}
    seconds = {"$divide": [{"$subtract": [ended, "$seenAt"]}, 1e3]}
    fields = {"credential": ("id", _either("seenCredential")), "seconds": ("float", seconds)}
    return read_columns(db, "feeditems", latest, fields)


def likely_bots(db: Databases, credentials: Sequence[ObjectId]) -> list[ObjectId]:
    """Those of these credentials that the detector or a moderator takes for bots."""
    suspected = {"$or": [{"likelyBot": True}, {"verificationStatus": True}]}
    return list(collection(db, "credentialfeatures").distinct(
        "seenCredential", {"seenCredential": {"$in": list(credentials)}} | suspected
    ))  # fmt: skip


def activity(db: Databases, users: Sequence[ObjectId], since: datetime, until: datetime) -> dict[str, dict[str, int]]:
    """What these users did by day (ISO 8601): `engaged` by engagements, `posted` by posts."""
    window = {"$gte": since, "$lte": until}
    mine = {"engaged": ("engagements", "user"), "posted": ("contents", "author.id")}
    return {
        name: {
            each["_id"]: each["count"]
            for each in queries.stream(db, kind, _by_day({field: {"$in": list(users)}, "createdAt": window}))
        }
        for name, (kind, field) in mine.items()
    }


def _place(case: Document) -> tuple[Any, Any, Any]:
    """Where the case stands in the queue, or stood before its verdict."""
    status = case.get("verificationStatus")
    return (None if isinstance(status, bool) else status, case.get("score"), case["_id"])


def _bound(*place: Any) -> list[tuple[str, Any]]:
    """A place in the index of the queue."""
    return [(name, value) for (name, _), value in zip(_QUEUE, place, strict=True)]


def _unlearn(db: Databases, case: Document) -> None:
    features, credential = collection(db, "credentialfeatures"), case["seenCredential"]
    copied = {"seenCredential": credential, "verifiedAt": case["verifiedAt"]}
    features.update_many(copied, {"$unset": dict.fromkeys(VERDICT, "")})
    if earlier := case.get("earlier"):
        before = {"seenCredential": credential, "lastSeenAt": {"$lte": earlier[-1]["verifiedAt"]}}
        features.update_many(before, {"$set": {name: earlier[-1][name] for name in VERDICT}})


def _by_day(condition: dict[str, Any]) -> list[dict[str, Any]]:
    day = {"$dateToString": {"date": "$createdAt", "format": "%Y-%m-%d"}}
    return [{"$match": condition}, {"$group": {"_id": day, "count": {"$sum": 1}}}]


def _either(field: str) -> Any:
    first, *older = (f"${name}" for name in FEEDITEM_FIELDS[field])
    return {"$ifNull": [first, *older]} if older else first
