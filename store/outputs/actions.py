"""Planned actions: settings, what stands against them, the states planned · done · failed · undone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from store.client import Databases
from store.ids import Document, ObjectId
from store.rules.engagements import counted
from store.rules.visibility import public_posts, public_users
from store.schema import collection, ensure_indexes

EVERYTHING = "*"  # the settings that hold for all categories: the kill switch
_CLAIM_MS = 60_000  # a carrier that died gives its action free after this long
_STALE = timedelta(hours=24)


def read_settings(db: Databases) -> list[Document]:
    """What the operator set, by category."""
    return list(collection(db, "actionSettings").find({"_id": {"$ne": EVERYTHING}}).sort("_id", 1))


def save_settings(db: Databases, category: str, settings: Mapping[str, Any]) -> None:
    """Writes some settings of a category."""
    collection(db, "actionSettings").update_one({"_id": category}, {"$set": dict(settings)}, upsert=True)


def stop_everything(db: Databases, stopped: bool = True) -> None:
    """The kill switch: while it is on, nothing is planned or carried out."""
    save_settings(db, EVERYTHING, {"stopped": stopped})


def is_stopped(db: Databases) -> bool:
    """Whether the kill switch is on."""
    return bool((collection(db, "actionSettings").find_one({"_id": EVERYTHING}) or {}).get("stopped"))


def read_karma(db: Databases, condition: Mapping[str, Any]) -> list[Document]:
    """Karma documents that meet the condition."""
    return list(collection(db, "karma").find(condition, {"userId": 1, "actions": 1}))


def related(db: Databases, actor: ObjectId, now: datetime) -> set[ObjectId]:
    """Whom the actor follows or blocks, who blocks the actor, and the actor."""
    until = {"createdAt": {"$not": {"$gt": now}}}
    mine = {"user": actor, "$or": [{"following": True}, {"blocking": True}], **until}
    against = {"followedUser": actor, "blocking": True, **until}
    rows = collection(db, "relationships")
    return {actor, *rows.distinct("followedUser", mine), *rows.distinct("user", against)}


def not_public(db: Databases, users: Sequence[ObjectId]) -> set[ObjectId]:
    """Those of the users who are private or gone."""
    stages = [{"$match": {"_id": {"$in": list(users)}}}, *public_users(unstated=False), {"$project": {"_id": 1}}]
    return set(users) - {user["_id"] for user in collection(db, "users").aggregate(stages)}


def worth_liking(db: Databases, tagged: Any, over: Mapping[str, float]) -> list[Document]:
    """Posts of the statistics with the tags (an expression on contents) and numbers over those given."""
    creator = {"from": "creatorStats", "localField": "authorId", "foreignField": "_id", "as": "creator"}
    stages: list[dict[str, Any]] = [
        {"$match": {"likeCount": {"$gt": over["likes"]}}},
        {"$lookup": creator},
        {"$set": {name: {"$first": f"$creator.{name}"} for name in ("followerCount", "contentCount")}},
        {"$match": {"followerCount": {"$gt": over["followers"]}, "contentCount": {"$gt": over["posts"]}}},
        {"$project": {"likeCount": 1, "followerCount": 1, "contentCount": 1}},
    ]
    found = {each["_id"]: each for each in collection(db, "contentStats").aggregate(stages)}
    inside = {"_id": {"$in": list(found)}, "$expr": {"$eq": [tagged, 1]}}
    chosen = [{"$match": inside}, *public_posts(), {"$project": {"_id": 1}}]
    return [found[post["_id"]] for post in collection(db, "contents").aggregate(chosen)]


def liked_by(db: Databases, actor: ObjectId, posts: Sequence[ObjectId]) -> set[ObjectId]:
    """Those of the posts that the actor likes."""
    condition = {"user": actor, **counted(("like",)), "targetRef.$id": {"$in": list(posts)}}
    return {each["targetRef"].id for each in collection(db, "engagements").find(condition, {"targetRef": 1})}


def standing_targets(db: Databases, category: str, event: str, opposite: str) -> list[ObjectId]:
    """Targets of an event done and not since taken back."""
    latest: dict[str, Any] = {"$group": {"_id": "$target", "event": {"$last": "$event"}}}
    stages: list[dict[str, Any]] = [
        {"$match": {"category": category, "event": {"$in": [event, opposite]}, "state": "done"}},
        {"$sort": {"doneAt": 1}},
        latest,
        {"$match": {"event": event}},
        {"$sort": {"_id": 1}},
    ]
    return [each["_id"] for each in collection(db, "actions").aggregate(stages)]


def no_longer_published(db: Databases, posts: Sequence[ObjectId]) -> list[ObjectId]:
    """Those of the posts that are hidden or gone."""
    stages = [{"$match": {"_id": {"$in": list(posts)}}}, *public_posts(), {"$project": {"_id": 1}}]
    present = {post["_id"] for post in collection(db, "contents").aggregate(stages)}
    return [post for post in posts if post not in present]


def already_planned(db: Databases, actor: Any, dry_run: bool, since: datetime) -> set[tuple[str, Any]]:
    """(event, target) of what stands planned, or was planned since that moment and has ended."""
    waiting = {"actor": actor, "dryRun": dry_run, "$or": [{"state": "planned"}, {"plannedAt": {"$gte": since}}]}
    return {
        (each["event"], each["target"]) for each in collection(db, "actions").find(waiting, {"event": 1, "target": 1})
    }


def plan(db: Databases, action: Document) -> bool:
    """Writes a planned action; False when another run has written it."""
    written = collection(db, "actions").update_one({"_id": action["_id"]}, {"$setOnInsert": action}, upsert=True)
    return written.upserted_id is not None


def claim_due(db: Databases, now: datetime, network: str) -> Document | None:
    """The next action that is due and in earnest, for one carrier alone; what is a day late is left."""
    due = {"network": network, "state": "planned", "dryRun": False, "dueAt": {"$lte": now, "$gt": now - _STALE}}
    free = {"$lte": [{"$ifNull": ["$claimedUntil", now]}, "$$NOW"]}
    claim = [{"$set": {"claimedUntil": {"$add": ["$$NOW", _CLAIM_MS]}}}]
    return collection(db, "actions").find_one_and_update(
        due | {"$expr": {"$or": [{"$eq": [{"$type": "$claimedUntil"}, "missing"]}, free]}},
        claim,
        sort=[("dueAt", 1), ("_id", 1)],
        return_document=ReturnDocument.AFTER,
    )


def release(db: Databases, key: str) -> None:
    """Gives back a claim without having acted."""
    collection(db, "actions").update_one({"_id": key}, {"$unset": {"claimedUntil": ""}})


def end(db: Databases, key: str, state: str, now: datetime, **more: Any) -> None:
    """Notes how an action ended: done, failed or undone."""
    moment = {"done": "doneAt", "failed": "failedAt", "undone": "undoneAt"}[state]
    change = {"$set": {"state": state, moment: now, **more}, "$unset": {"claimedUntil": ""}}
    collection(db, "actions").update_one({"_id": key}, change)


def find(db: Databases, key: str) -> Document | None:
    """The action of that key."""
    return collection(db, "actions").find_one({"_id": key})


def listed(db: Databases, most: int = 100) -> list[Document]:
    """The latest actions."""
    return list(collection(db, "actions").find().sort([("plannedAt", -1), ("dueAt", 1)]).limit(most))


def ensure(db: Databases) -> None:
    """Makes the indexes of actions."""
    ensure_indexes(db, "actions")


def page(db: Databases, condition: Mapping[str, Any], most: int, skip: int) -> list[Document]:
    """Actions that meet the condition, the latest planned first."""
    ensure_indexes(db, "actions")
    order = [("plannedAt", -1), ("_id", 1)]
    return list(collection(db, "actions").find(dict(condition)).sort(order).skip(skip).limit(most))


def tally(db: Databases) -> dict[str, int]:
    """How many actions are in each state."""
    found = collection(db, "actions").aggregate([{"$sortByCount": "$state"}])
    return {str(each["_id"]): each["count"] for each in found}


def budgets(db: Databases, now: datetime, rates: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Requests that each network of `rates` (per hour, burst) would still take now; a bucket that is new is full."""
    stored = {each["_id"]: each for each in collection(db, "actionBudgets").find({"_id": {"$in": list(rates)}})}
    return {network: _left(stored.get(network, {}), now, *rate) for network, rate in rates.items()}


def names(db: Databases, actions: list[Document]) -> dict[Any, str]:
    """How users that these actions are about are called."""
    ids = [each["target"] for each in actions if each["event"] in ("FOLLOW_USER", "UNFOLLOW_USER")]
    users = collection(db, "users").find({"_id": {"$in": ids}}, {"displayName": 1, "displayId": 1})
    return {each["_id"]: str(each.get("displayName") or each.get("displayId") or each["_id"]) for each in users}


def user_called(db: Databases, name: str) -> Document | None:
    """The user with that displayId."""
    return collection(db, "users").find_one({"displayId": name}, {"displayName": 1, "displayId": 1})


def exists(db: Databases, user: Any) -> bool:
    """Whether there is such a user."""
    return collection(db, "users").find_one({"_id": user}, {"_id": 1}) is not None


def _left(bucket: Mapping[str, Any], now: datetime, per_hour: float, burst: float) -> float:
    since: timedelta = now - bucket.get("refilledAt", now)
    hours = max(0.0, since / timedelta(hours=1))
    return min(burst, max(0.0, float(bucket.get("tokens", burst)) + hours * per_hour))
