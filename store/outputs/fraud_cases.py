"""suspiciouscredentials: cases for moderators, their verdicts, and who is likely a bot."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from store.client import Databases
from store.ids import Document
from store.schema import collection

Verdict = tuple[bool, datetime]  # a bot?, since when that is known


def cases_of(db: Databases, credentials: Sequence[ObjectId]) -> dict[ObjectId, Document]:
    """The case of each credential that has one; an open case goes before a closed one."""
    cases: dict[ObjectId, Document] = {}
    for start in range(0, len(credentials), 50_000):
        wanted = {"seenCredential": {"$in": list(credentials[start : start + 50_000])}}
        for case in collection(db, "suspiciouscredentials").find(wanted):
            if not is_closed(cases.get(case["seenCredential"], {"status": "closed"})):
                continue
            cases[case["seenCredential"]] = case
    return cases


def is_closed(case: Document) -> bool:
    """Whether the case is done; one that an older version of the app opened has no status and is open."""
    return case.get("status") == "closed"


def latest_verdicts(db: Databases, now: datetime) -> dict[ObjectId, Verdict]:
    """The last verdict that has reached the features of each credential by `now`."""
    stages: list[dict[str, Any]] = [
        {"$match": {"verificationStatus": {"$in": [True, False]}, "verifiedAt": {"$lte": now}}},
        {
            "$group": {
                "_id": "$seenCredential",
                "last": {"$max": {"at": "$verifiedAt", "bot": "$verificationStatus"}},
            }
        },
    ]
    found = collection(db, "credentialfeatures").aggregate(stages, allowDiskUse=True)
    return {each["_id"]: (each["last"]["bot"], each["last"]["at"]) for each in found}


def open_case(db: Databases, case: Document) -> bool:
    """Opens a case under the credential's own id; False when somebody has opened it meanwhile."""
    try:
        collection(db, "suspiciouscredentials").insert_one({"_id": case["seenCredential"], **case, "status": "open"})
    except DuplicateKeyError:
        return False
    return True


def reopen_case(db: Databases, closed: Document, case: Document) -> bool:
    """Opens a closed case again, unless its verdict has changed since it was read; that stays under `earlier`."""
    unchanged = {name: closed.get(name) for name in ("_id", "status", "verificationStatus", "verifiedAt")}
    past = {name: closed.get(name) for name in ("score", "source", "audit", *_VERDICT)}
    fresh = {
        "$set": {**case, "status": "open"},
        "$unset": dict.fromkeys(_OF_A_VERDICT, ""),
        "$push": {"earlier": {"$each": [past], "$slice": -_MOST_EARLIER}},
    }
    return bool(collection(db, "suspiciouscredentials").update_one(unchanged, fresh).modified_count)


def verdicts_to_copy(db: Databases, case: ObjectId | None) -> Iterator[Document]:
    """Cases (or this one) with something in verificationStatus that has not reached the features."""
    differs = [{"$ne": [f"$copied.{name}", {"$ifNull": [f"${name}", None]}]} for name in _VERDICT]
    waiting = {"verificationStatus": {"$exists": True, "$ne": None}, "$expr": {"$or": differs}}
    yield from (collection(db, "suspiciouscredentials").find(waiting | ({"_id": case} if case else {})).sort("_id", 1))


def copy_verdict(db: Databases, credential: ObjectId, bot: bool, verified_at: datetime) -> bool:
    """Sets the verdict on the features that the moderator judged by; False when the credential has none.

    These are all up to the verdict; of a credential with none so old, its oldest.
    """
    features = collection(db, "credentialfeatures")
    verdict = {"$set": {"verificationStatus": bot, "verifiedAt": verified_at}}
    if features.update_many({"seenCredential": credential, "lastSeenAt": {"$lte": verified_at}}, verdict).matched_count:
        return True
    oldest = features.find_one({"seenCredential": credential}, {"_id": 1}, sort=[("lastSeenAt", 1)])
    return bool(oldest and features.update_one({"_id": oldest["_id"]}, verdict).matched_count)


def close_case(db: Databases, case: Document, now: datetime) -> bool:
    """Closes the case under the verdict that was copied; False when the verdict has changed meanwhile."""
    copied = {name: case.get(name) for name in _VERDICT}
    closed = {"$set": {"status": "closed", "closedAt": now, "copied": copied}}
    return bool(
        collection(db, "suspiciouscredentials").update_one({"_id": case["_id"], **copied}, closed).matched_count
    )


def likely_bot_accounts(db: Databases) -> list[ObjectId]:
    """The accounts, ascending, behind credentials that a moderator called a bot or that the detector takes for one.

    A moderator's last word goes before any score. A credential's newest score counts.
    """
    last_word = {"$max": {"at": "$verifiedAt", "bot": "$verificationStatus"}}
    stages: list[dict[str, Any]] = [
        {"$match": {"$or": [{"likelyBot": {"$in": [True, False]}}, {"verificationStatus": {"$in": [True, False]}}]}},
        {"$sort": {"seenCredential": 1, "lastSeenAt": 1}},
        {"$group": {"_id": "$seenCredential", "likely": {"$last": "$likelyBot"}, "word": last_word}},
        {"$match": {"$expr": {"$eq": [{"$ifNull": ["$word.bot", "$likely"]}, True]}}},
    ]
    suspects = [each["_id"] for each in collection(db, "credentialfeatures").aggregate(stages, allowDiskUse=True)]
    return sorted(collection(db, "credentials").distinct("account", {"_id": {"$in": suspects}}))


def users_of(db: Databases, accounts: Sequence[ObjectId]) -> list[ObjectId]:
    """The users that these accounts own."""
    return sorted(collection(db, "users").distinct("_id", {"ownerAccount": {"$in": list(accounts)}}))


_VERDICT = ("verificationStatus", "verifiedAt")
_MOST_EARLIER = 20  # verdicts of one case that are remembered
_OF_A_VERDICT = (*_VERDICT, "copied", "closedAt")
