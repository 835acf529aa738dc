"""Follows one by one, for evaluations."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from store.client import Databases
from store.documents import ObjectId, object_id
from store.schema import collection


def all_until(db: Databases, until: datetime) -> Iterator[tuple[ObjectId, ObjectId, datetime]]:
    """Follower, followed, moment of every follow before `until`."""
    condition = {"following": True, "createdAt": {"$lt": until}}
    for row in collection(db, "relationships").find(condition, {"user": 1, "followedUser": 1, "createdAt": 1}):
        yield row["user"], row["followedUser"], row["createdAt"]


def owners(db: Databases, users: Sequence[ObjectId]) -> dict[ObjectId, ObjectId]:
    """The account of each user who has one."""
    condition = {"_id": {"$in": list(users)}, "ownerAccount": {"$type": "objectId"}}
    return {row["_id"]: row["ownerAccount"] for row in collection(db, "users").find(condition, {"ownerAccount": 1})}


def as_id(value: object) -> ObjectId:
    """The id of a user as an answer gives it."""
    return object_id(value, "userId")
