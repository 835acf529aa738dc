"""Who follows whom around one user, and who is large."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from store.client import Databases
from store.documents import Document, ObjectId
from store.schema import collection


def followed(db: Databases, users: Sequence[ObjectId], now: datetime, most: int = 2_000) -> list[ObjectId]:
    """Whom these users follow at `now`."""
    condition = {"user": {"$in": list(users)}, "following": True, "blocking": {"$ne": True}} | _by(now)
    found = collection(db, "relationships").find(condition, {"followedUser": 1}).sort("_id", 1).limit(most)
    return list(dict.fromkeys(each["followedUser"] for each in found if "followedUser" in each))


def blocked(db: Databases, user: ObjectId) -> set[ObjectId]:
    """Whom the user blocks and who blocks the user."""
    sides = {"$or": [{"user": user}, {"followedUser": user}], "blocking": True}
    found = collection(db, "relationships").find(sides, {"user": 1, "followedUser": 1})
    return {each[side] for each in found for side in ("user", "followedUser") if side in each} - {user}


def second_degree(
    db: Databases, user: ObjectId, first: Sequence[ObjectId], without: set[ObjectId], now: datetime, most: int
) -> dict[ObjectId, int]:
    """People whom the `first` follow, and by how many of them; those with most in common first."""
    excluded = [user, *first, *without]
    known = {"user": {"$in": list(first)}, "followedUser": {"$nin": excluded}}
    stages: list[dict[str, Any]] = [
        {"$match": known | {"following": True, "blocking": {"$ne": True}} | _by(now)},
        {"$group": {"_id": "$followedUser", "common": {"$sum": 1}}},
        {"$match": {"_id": {"$type": "objectId"}}},
        {"$sort": {"common": -1, "_id": 1}},
        {"$limit": most},
    ]
    return {each["_id"]: each["common"] for each in collection(db, "relationships").aggregate(stages)}


def public_people(db: Databases, users: Sequence[ObjectId], now: datetime) -> dict[ObjectId, Document]:
    """Those of the users who are people, visible, and there at `now`."""
    open_to_all = {
        "_id": {"$in": list(users)},
        "type": {"$ne": "page"},
        "visibility": {"$in": [None, "publish"]},
    } | _by(now)
    found = collection(db, "users").find(open_to_all, {"followerCount": 1})
    return {each["_id"]: each for each in found}


def largest(db: Databases, without: Sequence[ObjectId], now: datetime, most: int) -> list[Document]:
    """The visible users whom most follow, as {_id, followerCount}."""
    open_to_all = {
        "_id": {"$nin": list(without)},
        "visibility": {"$in": [None, "publish"]},
        "followerCount": {"$gt": 0},
    }
    found = collection(db, "users").find(open_to_all | _by(now), {"followerCount": 1})
    return list(found.sort([("followerCount", -1), ("_id", 1)]).limit(most))


def live_hashtags(db: Databases, most: int) -> list[str]:
    """The hashtags with the highest score."""
    return [
        each["_id"]
        for each in collection(db, "hashtagStats").find({}, {"_id": 1}).sort([("score", -1), ("_id", 1)]).limit(most)
    ]


def _by(now: datetime) -> dict[str, Any]:
    """Made by `now`; documents without a date count as old."""
    return {"createdAt": {"$not": {"$gt": now}}}
