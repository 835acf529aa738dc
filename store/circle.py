"""The circle of one account: whom it follows, who follows alike, with whom it engages."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from store.client import Databases
from store.documents import ObjectId
from store.schema import ENGAGEMENT_TYPES, collection

_MOST_ROWS = 50_000  # of one query: beyond it, the accounts of interest are too popular to tell users apart


def users_of(db: Databases, account: ObjectId) -> set[ObjectId]:
    """The profiles of the account."""
    return set(collection(db, "users").distinct("_id", {"ownerAccount": account}))


def follows_of(db: Databases, users: Sequence[ObjectId], now: datetime) -> dict[ObjectId, list[ObjectId]]:
    """Whom each of the users follows at `now`."""
    rows = collection(db, "relationships").find(
        _following({"user": {"$in": list(users)}}, now), {"user": 1, "followedUser": 1}
    )
    found: defaultdict[ObjectId, list[ObjectId]] = defaultdict(list)
    for row in rows:
        found[row["user"]].append(row["followedUser"])
    return dict(found)


def followers_of(db: Databases, users: Sequence[ObjectId], now: datetime) -> list[tuple[ObjectId, ObjectId]]:
    """(follower, followed) of these users at `now`."""
    condition = _following({"followedUser": {"$in": list(users)}}, now)
    rows = collection(db, "relationships").find(condition, {"user": 1, "followedUser": 1}).limit(_MOST_ROWS)
    return [(row["user"], row["followedUser"]) for row in rows]


def blocked(db: Databases, users: Sequence[ObjectId], now: datetime) -> set[ObjectId]:
    """Whom these users block, and who blocks them."""
    rows, until = collection(db, "relationships"), {"blocking": True, "createdAt": {"$not": {"$gt": now}}}
    mine = rows.distinct("followedUser", {"user": {"$in": list(users)}} | until)
    return {*mine, *rows.distinct("user", {"followedUser": {"$in": list(users)}} | until)}


def engaged_authors(db: Databases, users: Sequence[ObjectId], now: datetime, days: float = 60.0) -> dict[ObjectId, int]:
    """How often these users engaged with each author's posts in the days before `now`."""
    stages: list[dict[str, Any]] = [
        {
            "$match": {
                "user": {"$in": list(users)},
                "createdAt": {"$gte": now - timedelta(days=days), "$lt": now},
                "targetRef.$ref": "content",
                "type": {"$in": list(ENGAGEMENT_TYPES)},
                "visibility": {"$ne": "deleted"},
            }
        },
        {"$lookup": {"from": "contents", "localField": "targetRef.$id", "foreignField": "_id", "as": "content"}},
        {"$group": {"_id": {"$first": "$content.author.id"}, "count": {"$sum": 1}}},
        {"$match": {"_id": {"$type": "objectId"}}},
    ]
    return {row["_id"]: row["count"] for row in collection(db, "engagements").aggregate(stages)}


def public(db: Databases, users: Sequence[ObjectId], now: datetime) -> set[ObjectId]:
    """Those of the users who exist at `now` and are public."""
    condition = {"_id": {"$in": list(users)}, "visibility": "publish", "createdAt": {"$not": {"$gt": now}}}
    return {row["_id"] for row in collection(db, "users").find(condition, {"_id": 1})}


def karma_of(db: Databases, users: Sequence[ObjectId]) -> dict[ObjectId, dict[str, float]]:
    """Karma by category, "global" among them."""
    found: defaultdict[ObjectId, dict[str, float]] = defaultdict(dict)
    condition = {"userId": {"$in": list(users)}}
    for row in collection(db, "karma").find(condition, {"userId": 1, "category": 1, "karma": 1}):
        found[row["userId"]][row["category"]] = row["karma"]
    return dict(found)


def _following(condition: dict[str, Any], now: datetime) -> dict[str, Any]:
    return condition | {"following": True, "createdAt": {"$not": {"$gt": now}}}
