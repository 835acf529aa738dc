"""Follows and likes in app-db as the app writes them. Every write is idempotent."""

from datetime import datetime
from typing import Any

from bson import DBRef, ObjectId

from store.client import Databases
from store.rules.engagements import is_withdrawn
from store.schema import collection


def follow(db: Databases, actor: ObjectId, user: ObjectId, now: datetime) -> str:
    """Makes `actor` follow `user`, updates both counters and returns the user's id."""
    return _relate(db, actor, user, now, following=True)


def unfollow(db: Databases, actor: ObjectId, user: ObjectId, now: datetime) -> str:
    """Makes `actor` unfollow `user`, updates both counters and returns the user's id."""
    return _relate(db, actor, user, now, following=False)


def like(db: Databases, actor: ObjectId, post: ObjectId, now: datetime) -> str:
    """Writes a like, adds one to the post's counter and returns the post's id."""
    owner = collection(db, "users").find_one({"_id": actor}, {"ownerAccount": 1}) or {}
    fresh = {"account": owner.get("ownerAccount"), "itemId": None, "createdAt": now}
    return _engage(db, actor, post, now, "publish", fresh)


def unlike(db: Databases, actor: ObjectId, post: ObjectId, now: datetime) -> str:
    """Withdraws the like, subtracts one from the post's counter and returns the post's id."""
    return _engage(db, actor, post, now, "deleted", None)


def _relate(db: Databases, actor: ObjectId, user: ObjectId, now: datetime, following: bool) -> str:
    pair = {"user": actor, "followedUser": user}
    fresh = {"blocking": False, "visibility": "publish", "createdAt": now}
    change: dict[str, Any] = {"$set": {"following": following, "updatedAt": now}}
    if following:
        change["$setOnInsert"] = fresh
    before = collection(db, "relationships").find_one_and_update(pair, change, upsert=following)
    was = bool((before or {}).get("following"))
    if was != following and (before or following):
        step = 1 if following else -1
        collection(db, "users").update_one({"_id": user}, {"$inc": {"followerCount": step}})
        collection(db, "users").update_one({"_id": actor}, {"$inc": {"followedCount": step}})
    return str(user)


def _engage(
    db: Databases, actor: ObjectId, post: ObjectId, now: datetime, visibility: str, fresh: dict[str, Any] | None
) -> str:
    one = {"user": actor, "type": "like", "targetRef": DBRef("content", post)}
    change: dict[str, Any] = {"$set": {"visibility": visibility, "updatedAt": now}}
    if fresh is not None:
        change["$setOnInsert"] = fresh
    before = collection(db, "engagements").find_one_and_update(one, change, upsert=fresh is not None)
    was = before is not None and not is_withdrawn(before)
    if was != (visibility == "publish"):
        step = {"engagements.like.count": 1 if visibility == "publish" else -1}
        collection(db, "contents").update_one({"_id": post}, {"$inc": step, "$set": {"updatedAt": now}})
    return str(post)
