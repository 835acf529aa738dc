"""What the page of suspects reads and writes: the queue, one case with its credential's activity, verdicts."""

from collections.abc import Mapping, Sequence
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
    """Returns cases without a verdict, the highest score first, after the case `after`; reads one page of the index."""
    ensure_indexes(db, "suspiciouscredentials")
    cases = collection(db, "suspiciouscredentials")
    last = cases.find_one({"_id": after}) if after else None
    start = _place(last) if last else (None, MaxKey(), MinKey())
    waiting = cases.find(_WAITING | ({"_id": {"$ne": after}} if after else {})).hint(_QUEUE)
    return list(waiting.min(_bound(*start)).max(_bound(False, MaxKey(), MinKey())).limit(most))


def decided(db: Databases, most: int, skip: int = 0) -> list[Document]:
    """Returns cases with a verdict, the latest first."""
    cases = collection(db, "suspiciouscredentials").find(DECIDED)
    return list(cases.sort("verifiedAt", -1).skip(skip).limit(most))


def sizes(db: Databases) -> dict[str, int]:
    """Returns how many cases wait for a verdict and how many have one."""
    cases = collection(db, "suspiciouscredentials")
    done = cases.count_documents(DECIDED)
    return {"waiting": max(cases.estimated_document_count() - done, 0), "decided": done}


def case(db: Databases, key: ObjectId) -> Document | None:
    """Returns one case."""
    return collection(db, "suspiciouscredentials").find_one({"_id": key})


def decide(db: Databases, key: ObjectId, bot: bool, now: datetime) -> Document | None:
    """Writes a verdict on a case that has none; returns the case as it was, or None if there is no such case."""
    verdict = {"$set": {"verificationStatus": bot, "verifiedAt": now}}
    return collection(db, "suspiciouscredentials").find_one_and_update({"_id": key} | _WAITING, verdict)


def withdraw(db: Databases, key: ObjectId, verified_at: datetime) -> Document | None:
    """Withdraws that verdict from the case and from features, where an earlier verdict takes effect again.

    Returns the case as it was, or None if it has no such verdict.

    Raises:
        LeaseHeldError: while verdicts are copied.
    """
    with hold(db, UPDATER):
        done = {"_id": key, "verifiedAt": verified_at} | DECIDED
        opened = {"$set": {"status": "open"}, "$unset": dict.fromkeys(OF_A_VERDICT, "")}
        case = collection(db, "suspiciouscredentials").find_one_and_update(done, opened)
        if case:
            _remove_copied_verdict(db, case)
    return case


def verdict_counts(db: Databases) -> list[Document]:
    """Returns counts of past verdicts: band (lower end of the score), source, audit (random sample), cases, bots."""
    bands = {"$switch": {
        "branches": [{"case": {"$gte": ["$case.score", low]}, "then": low} for low in sorted(BANDS, reverse=True)],
        "default": 0.0,
    }}  # fmt: skip
    now = {name: f"${name}" for name in ("score", "source", "audit", "verificationStatus")}
    by = {"band": bands, "source": {"$ifNull": ["$case.source", ""]}, "audit": {"$eq": ["$case.audit", True]}}
    bots = {"$sum": {"$cond": ["$case.verificationStatus", 1, 0]}}
    stages: list[dict[str, Any]] = [
        {"$match": {"$or": [DECIDED, {"earlier.0": {"$exists": True}}]}},
        {"$project": {"case": {"$concatArrays": [[now], {"$ifNull": ["$earlier", []]}]}}},
        {"$unwind": "$case"},
        {"$match": {"case.verificationStatus": {"$in": [True, False]}}},
        {"$group": {"_id": by, "cases": {"$sum": 1}, "bots": bots}},
    ]
    groups = queries.stream(db, "suspiciouscredentials", stages)
    return [group["_id"] | {"cases": group["cases"], "bots": group["bots"]} for group in groups]


def detector(db: Databases, now: datetime) -> Document | None:
    """Returns the served detector: model, version, threshold, trainedAt."""
    fields = {"model": 1, "version": 1, "threshold": 1, "trainedAt": 1}
    served = {"served": True, "trainedAt": {"$lte": now}}
    return collection(db, "frauddetectionmlartifacts").find_one(served, fields, sort=[("trainedAt", -1)])


def newest_features(db: Databases, credential: ObjectId) -> Document | None:
    """Returns score and reasons of the credential's newest features."""
    fields = {"count": 1, "fraudScore": 1, "reasons": 1, "scoredAt": 1, "firstSeenAt": 1, "lastSeenAt": 1, "judged": 1}
    one = {"seenCredential": credential}
    return collection(db, "credentialfeatures").find_one(one, fields, sort=[("lastSeenAt", -1)])


def population(db: Databases, now: datetime, most: int) -> Columns:
    """Returns the latest exposures of all credentials: credential (S12), seconds."""
    left = _either("offScreenAt")
    latest: list[Mapping[str, Any]] = [
        {"$match": {"seenAt": {"$lte": now}}},
        {"$sort": {"seenAt": -1}},
        {"$limit": most},
    ]
    ended = {"$cond": [{"$eq": [{"$type": left}, "date"]}, left, None]}
    seconds = {"$divide": [{"$subtract": [ended, "$seenAt"]}, 1e3]}
    fields = {"credential": ("id", _either("seenCredential")), "seconds": ("float", seconds)}
    return read_columns(db, "feeditems", latest, fields)


def likely_bots(db: Databases, credentials: Sequence[ObjectId]) -> list[ObjectId]:
    """Returns those of the credentials that are likely bots, by the detector or by a moderator."""
    suspected = {"$or": [{"likelyBot": True}, {"verificationStatus": True}]}
    return list(collection(db, "credentialfeatures").distinct(
        "seenCredential", {"seenCredential": {"$in": list(credentials)}} | suspected
    ))  # fmt: skip


def activity(db: Databases, users: Sequence[ObjectId], since: datetime, until: datetime) -> dict[str, dict[str, int]]:
    """Returns `engaged` and `posted`: day (ISO 8601) → how many engagements and posts of these users."""
    day = {"$dateToString": {"date": "$createdAt", "format": "%Y-%m-%d"}}
    window = {"createdAt": {"$gte": since, "$lte": until}}
    sources = {"engaged": ("engagements", "user"), "posted": ("contents", "author.id")}
    return {
        name: queries.count_by(db, source, day, [{"$match": {field: {"$in": list(users)}} | window}])
        for name, (source, field) in sources.items()
    }


def _place(case: Document) -> tuple[Any, Any, Any]:
    """Returns the case's place in the queue, for a decided case the place before its verdict."""
    status = case.get("verificationStatus")
    return (None if isinstance(status, bool) else status, case.get("score"), case["_id"])


def _bound(*place: Any) -> list[tuple[str, Any]]:
    """Returns a bound of the queue's index."""
    return [(name, value) for (name, _), value in zip(_QUEUE, place, strict=True)]


def _remove_copied_verdict(db: Databases, case: Document) -> None:
    features, credential = collection(db, "credentialfeatures"), case["seenCredential"]
    copied = {"seenCredential": credential, "verifiedAt": case["verifiedAt"]}
    features.update_many(copied, {"$unset": dict.fromkeys(VERDICT, "")})
    if earlier := case.get("earlier"):
        before = {"seenCredential": credential, "lastSeenAt": {"$lte": earlier[-1]["verifiedAt"]}}
        features.update_many(before, {"$set": {name: earlier[-1][name] for name in VERDICT}})


def _either(field: str) -> Any:
    first, *older = (f"${name}" for name in FEEDITEM_FIELDS[field])
    return {"$ifNull": [first, *older]} if older else first
