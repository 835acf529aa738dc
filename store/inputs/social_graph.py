"""The circle of one account: whom it follows, who follows alike, with whom it engages."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from store.client import Databases
from store.columns import Columns, read_columns
from store.ids import Document, ObjectId
from store.inputs.event_log import read_follows
from store.rules.engagements import counted
from store.rules.visibility import public_users
from store.schema import collection

_AUTHOR = {
    "from": "contents",
    "localField": "_id",
    "foreignField": "_id",
    "pipeline": [{"$project": {"_id": 0, "author.id": 1}}],
    "as": "content",
}


def users_of(db: Databases, account: ObjectId) -> list[ObjectId]:
    """The profiles of the account."""
    return sorted(each["_id"] for each in collection(db, "users").find({"ownerAccount": account}, {"_id": 1}))


def relations(db: Databases, users: Sequence[ObjectId], now: datetime) -> Columns:
    """What stands at `now` between these users and others: user, followed, following, blocking (1 or 0)."""
    own = list(users)
    flags = {name: ("int", {"$toInt": {"$eq": [f"${name}", True]}}) for name in ("following", "blocking")}
    either = {"$or": [{"user": {"$in": own}}, {"followedUser": {"$in": own}}]} | _until(now)
    fields = {"user": ("id", "$user"), "followed": ("id", "$followedUser"), **flags}
    return read_columns(db, "relationships", [{"$match": either}], fields)


def follows_of(db: Databases, users: Sequence[ObjectId], now: datetime) -> Columns:
    """Whom these users follow at `now`: user, followed."""
    return read_follows(db, {"user": {"$in": list(users)}} | _until(now))


def followers_of(db: Databases, users: Sequence[ObjectId], now: datetime, most: int) -> Columns:
    """Who follows these users at `now`: user, followed; those of the least followed first, about `most` rows.

    Whom many follow tells little of who is alike.
    """
    numbers = collection(db, "users").find({"_id": {"$in": list(users)}}, {"followerCount": 1})
    known = {each["_id"]: each.get("followerCount") for each in numbers}
    counts = {user: float(number) if isinstance(number, int | float) else 0.0 for user, number in known.items()}
    chosen: list[ObjectId] = []
    rows = 0.0
    for user in sorted(users, key=lambda each: (counts.get(each, 0.0), each)):
        rows += max(counts.get(user, 0.0), 1.0)
        if rows > most and chosen:
            break
        chosen.append(user)
    return read_follows(db, {"followedUser": {"$in": chosen}} | _until(now), most)


def engaged_authors(db: Databases, users: Sequence[ObjectId], now: datetime, days: float = 60.0) -> dict[ObjectId, int]:
    """How often these users engaged with each author's posts in the days before `now`."""
    recent = {"createdAt": {"$gte": now - timedelta(days=days), "$lt": now}}
    stages: list[dict[str, Any]] = [
        {"$match": {"user": {"$in": list(users)}, **recent, **counted()}},
        {"$group": {"_id": "$targetRef.$id", "count": {"$sum": 1}}},
        {"$lookup": _AUTHOR},
        {"$group": {"_id": {"$first": "$content.author.id"}, "count": {"$sum": "$count"}}},
        {"$match": {"_id": {"$type": "objectId"}}},
    ]
    return {row["_id"]: row["count"] for row in collection(db, "engagements").aggregate(stages)}


def public(db: Databases, users: Sequence[ObjectId], now: datetime) -> set[ObjectId]:
    """Those of the users who exist at `now` and are public."""
    there = {"_id": {"$in": list(users)}} | _until(now)
    stages = [{"$match": there}, *public_users(unstated=False), {"$project": {"_id": 1}}]
    return {row["_id"] for row in collection(db, "users").aggregate(stages)}


def karma_of(db: Databases, users: Sequence[ObjectId]) -> dict[ObjectId, dict[str, float]]:
    """Karma by category, "global" among them."""
    found: defaultdict[ObjectId, dict[str, float]] = defaultdict(dict)
    fields = {"_id": 0, "userId": 1, "category": 1, "karma": 1}
    for row in collection(db, "karma").find({"userId": {"$in": list(users)}}, fields, batch_size=10_000):
        found[row["userId"]][row["category"]] = row["karma"]
    return dict(found)


def followed(db: Databases, users: Sequence[ObjectId], now: datetime, most: int = 2_000) -> list[ObjectId]:
    """Whom these users follow at `now`."""
    condition = {"user": {"$in": list(users)}, "following": True, "blocking": {"$ne": True}} | _until(now)
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
        {"$match": known | {"following": True, "blocking": {"$ne": True}} | _until(now)},
        {"$group": {"_id": "$followedUser", "common": {"$sum": 1}}},
        {"$match": {"_id": {"$type": "objectId"}}},
        {"$sort": {"common": -1, "_id": 1}},
        {"$limit": most},
    ]
    return {each["_id"]: each["common"] for each in collection(db, "relationships").aggregate(stages)}


def public_people(db: Databases, users: Sequence[ObjectId], now: datetime) -> dict[ObjectId, Document]:
    """Those of the users who are people, visible, and there at `now`."""
    people = {"_id": {"$in": list(users)}, "type": {"$ne": "page"}} | _until(now)
    return {user["_id"]: user for user in _public(db, people, [])}


def largest(db: Databases, without: Sequence[ObjectId], now: datetime, most: int) -> list[Document]:
    """The visible users whom most follow, as {_id, followerCount}."""
    followed_by_some = {"_id": {"$nin": list(without)}, "followerCount": {"$gt": 0}} | _until(now)
    return _public(db, followed_by_some, [{"$sort": {"followerCount": -1, "_id": 1}}, {"$limit": most}])


def live_hashtags(db: Databases, most: int) -> list[str]:
    """The hashtags with the highest score."""
    return [
        each["_id"]
        for each in collection(db, "hashtagStats").find({}, {"_id": 1}).sort([("score", -1), ("_id", 1)]).limit(most)
    ]


def _public(db: Databases, condition: dict[str, Any], chosen: Sequence[dict[str, Any]]) -> list[Document]:
    """Public users who meet the condition, as {_id, followerCount}."""
    stages = [{"$match": condition}, *public_users(unstated=True), *chosen, {"$project": {"followerCount": 1}}]
    return list(collection(db, "users").aggregate(stages))


def _until(now: datetime) -> dict[str, Any]:
    """Made by `now`; documents without a date count as old."""
    return {"createdAt": {"$not": {"$gt": now}}}
