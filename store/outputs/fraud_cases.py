"""suspiciouscredentials: cases for moderators, their verdicts, and the accounts of likely bots."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from store.client import Databases
from store.ids import Document
from store.schema import collection

DECIDED = {"verificationStatus": {"$in": [True, False]}}
VERDICT = ("verificationStatus", "verifiedAt")
OF_A_VERDICT = (*VERDICT, "copied", "closedAt")
_MOST_EARLIER = 20  # stored past verdicts of a case
Verdict = tuple[bool, datetime]  # whether it is a bot, and when a moderator decided


def cases_of(db: Databases, credentials: Sequence[ObjectId]) -> dict[ObjectId, Document]:
    """Returns the case of each credential that has one; an open case is preferred to a closed one."""
    cases: dict[ObjectId, Document] = {}
    for start in range(0, len(credentials), 50_000):
        condition = {"seenCredential": {"$in": list(credentials[start : start + 50_000])}}
        for case in collection(db, "suspiciouscredentials").find(condition):
            if not is_closed(cases.get(case["seenCredential"], {"status": "closed"})):
                continue
            cases[case["seenCredential"]] = case
    return cases


def is_closed(case: Document) -> bool:
    """Returns whether the case is closed; a case of an older version of the app has no status and is open."""
    return case.get("status") == "closed"


def latest_verdicts(db: Databases, now: datetime) -> dict[ObjectId, Verdict]:
    """Returns the last verdict up to `now` in the features of each credential."""
    stages: list[dict[str, Any]] = [
        {"$match": DECIDED | {"verifiedAt": {"$lte": now}}},
        {
            "$group": {
                "_id": "$seenCredential",
                "last": {"$max": {"at": "$verifiedAt", "bot": "$verificationStatus"}},
            }
        },
    ]
    groups = collection(db, "credentialfeatures").aggregate(stages, allowDiskUse=True)
    return {group["_id"]: (group["last"]["bot"], group["last"]["at"]) for group in groups}


def open_case(db: Databases, case: Document) -> bool:
    """Opens a case with the credential's id as its own; returns False if it exists already."""
    try:
        collection(db, "suspiciouscredentials").insert_one({"_id": case["seenCredential"], **case, "status": "open"})
    except DuplicateKeyError:
        return False
    return True


def reopen_case(db: Databases, closed: Document, case: Document) -> bool:
    """Opens a closed case again and appends its verdict to `earlier`; returns False if the verdict has changed."""
    unchanged = {name: closed.get(name) for name in ("_id", "status", "verificationStatus", "verifiedAt")}
    past = {name: closed.get(name) for name in ("score", "source", "audit", *VERDICT)}
    change = {
        "$set": {**case, "status": "open"},
        "$unset": dict.fromkeys(OF_A_VERDICT, ""),
        "$push": {"earlier": {"$each": [past], "$slice": -_MOST_EARLIER}},
    }
    return bool(collection(db, "suspiciouscredentials").update_one(unchanged, change).modified_count)


def verdicts_to_copy(db: Databases, case: ObjectId | None) -> Iterator[Document]:
    """Yields the cases, or this one, with a verdict that is not in the features yet."""
    differs = [{"$ne": [f"$copied.{name}", {"$ifNull": [f"${name}", None]}]} for name in VERDICT]
    waiting = {"verificationStatus": {"$exists": True, "$ne": None}, "$expr": {"$or": differs}}
    yield from (collection(db, "suspiciouscredentials").find(waiting | ({"_id": case} if case else {})).sort("_id", 1))


def copy_verdict(db: Databases, credential: ObjectId, bot: bool, verified_at: datetime) -> bool:
    """Sets the verdict on the credential's features up to its time, or on the oldest features if all are later.

    Returns False when the credential has no features.
    """
    features = collection(db, "credentialfeatures")
    verdict = {"$set": {"verificationStatus": bot, "verifiedAt": verified_at}}
    if features.update_many({"seenCredential": credential, "lastSeenAt": {"$lte": verified_at}}, verdict).matched_count:
        return True
    oldest = features.find_one({"seenCredential": credential}, {"_id": 1}, sort=[("lastSeenAt", 1)])
    return bool(oldest and features.update_one({"_id": oldest["_id"]}, verdict).matched_count)


def close_case(db: Databases, case: Document, now: datetime) -> bool:
    """Closes the case whose verdict was copied; returns False if the verdict has changed meanwhile."""
    copied = {name: case.get(name) for name in VERDICT}
    change = {"$set": {"status": "closed", "closedAt": now, "copied": copied}}
    return bool(
        collection(db, "suspiciouscredentials").update_one({"_id": case["_id"], **copied}, change).matched_count
    )


def likely_bot_accounts(db: Databases) -> list[ObjectId]:
    """Returns the accounts, ascending, of credentials that are likely bots.

    The last verdict of a credential decides; without a verdict, its newest score.
    """
    verdict = {"$max": {"at": "$verifiedAt", "bot": "$verificationStatus"}}
    stages: list[dict[str, Any]] = [
        {"$match": {"$or": [{"likelyBot": {"$in": [True, False]}}, DECIDED]}},
        {"$sort": {"seenCredential": 1, "lastSeenAt": 1}},
        {"$group": {"_id": "$seenCredential", "likely": {"$last": "$likelyBot"}, "verdict": verdict}},
        {"$match": {"$expr": {"$eq": [{"$ifNull": ["$verdict.bot", "$likely"]}, True]}}},
    ]
    bots = [group["_id"] for group in collection(db, "credentialfeatures").aggregate(stages, allowDiskUse=True)]
    return sorted(collection(db, "credentials").distinct("account", {"_id": {"$in": bots}}))


def users_of(db: Databases, accounts: Sequence[ObjectId]) -> list[ObjectId]:
    """Returns the users that these accounts own, ascending."""
    return sorted(collection(db, "users").distinct("_id", {"ownerAccount": {"$in": list(accounts)}}))
