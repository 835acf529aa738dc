"""Actions: settings, what they are planned from, and the states planned · done · failed · undone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from store.client import Databases
from store.ids import Document, ObjectId
from store.inputs.visibility import read_public_posts, read_public_users
from store.queries import ids_where
from store.rules.engagements import counted
from store.rules.reshares import bare_reshare
from store.schema import collection, ensure_indexes

EVERYTHING = "*"  # _id of the settings of all categories: the kill switch
_CLAIM_MS = 60_000  # a claim ends after this time, so the action of a killed run becomes free
_STALE = timedelta(hours=24)
_AUTHORS = {"$setUnion": [["$author.id"], [{"$ifNull": ["$originalPost.author.id", "$author.id"]}]]}


def read_settings(db: Databases) -> list[Document]:
    """Returns the operator's settings, by category."""
    return list(collection(db, "actionSettings").find({"_id": {"$ne": EVERYTHING}}).sort("_id", 1))


def save_settings(db: Databases, category: str, settings: Mapping[str, Any]) -> None:
    """Writes these settings of a category."""
    collection(db, "actionSettings").update_one({"_id": category}, {"$set": dict(settings)}, upsert=True)


def stop_everything(db: Databases, stopped: bool = True) -> None:
    """Sets the kill switch. While it is on, nothing is planned or executed."""
    save_settings(db, EVERYTHING, {"stopped": stopped})


def is_stopped(db: Databases) -> bool:
    """Returns whether the kill switch is on."""
    return bool((collection(db, "actionSettings").find_one({"_id": EVERYTHING}) or {}).get("stopped"))


def read_karma(db: Databases, condition: Mapping[str, Any]) -> list[Document]:
    """Returns userId and actions of the karma documents that meet the condition."""
    return list(collection(db, "karma").find(condition, {"userId": 1, "actions": 1}))


def followed(db: Databases, actor: ObjectId, now: datetime) -> set[ObjectId]:
    """Returns the users that the actor follows."""
    follows = {"user": actor, "following": True, "createdAt": {"$not": {"$gt": now}}}
    return set(collection(db, "relationships").distinct("followedUser", follows))


def not_public(db: Databases, users: Sequence[ObjectId]) -> set[ObjectId]:
    """Returns those of the users who are private or gone."""
    return set(users) - read_public_users(db, users)


def posts_to_like(db: Databases, tagged: Any, over: Mapping[str, float]) -> list[Document]:
    """Returns the statistics of public posts whose numbers exceed `over` and for which the expression `tagged` is 1.

    `authors` of a post are its author and that of its original; a bare reshare has `original`.
    """
    creator = {"from": "creatorStats", "localField": "authorId", "foreignField": "_id", "as": "creator"}
    stages: list[dict[str, Any]] = [
        {"$match": {"likeCount": {"$gt": over["likes"]}}},
        {"$lookup": creator},
        {"$set": {name: {"$first": f"$creator.{name}"} for name in ("followerCount", "contentCount")}},
        {"$match": {"followerCount": {"$gt": over["followers"]}, "contentCount": {"$gt": over["posts"]}}},
        {"$project": {"likeCount": 1, "followerCount": 1, "contentCount": 1}},
    ]
    posts = {post["_id"]: post for post in collection(db, "contentStats").aggregate(stages)}
    inside = {"_id": {"$in": list(posts)}, "$expr": {"$eq": [tagged, 1]}}
    public = read_public_posts(db, ids_where(db, "contents", inside))
    original = {"$cond": [bare_reshare(), "$originalPost._id", "$$REMOVE"]}
    chosen: list[dict[str, Any]] = [
        {"$match": {"_id": {"$in": list(public)}}},
        {"$sort": {"_id": 1}},
        {"$project": {"authors": _AUTHORS, "original": original}},
    ]
    return [posts[post["_id"]] | post for post in collection(db, "contents").aggregate(chosen)]


def authors_of(db: Databases, post: ObjectId) -> list[ObjectId]:
    """Returns the author of the post and that of its original."""
    stages: list[dict[str, Any]] = [{"$match": {"_id": post}}, {"$project": {"authors": _AUTHORS}}]
    return [author for row in collection(db, "contents").aggregate(stages) for author in row["authors"]]


def liked_by(db: Databases, actor: ObjectId, posts: Sequence[ObjectId]) -> set[ObjectId]:
    """Returns those of the posts that the actor likes, or likes a bare reshare of."""
    copies = {"originalPost._id": {"$in": list(posts)}, "$expr": bare_reshare()}
    reshares = collection(db, "contents").find(copies, {"originalPost._id": 1})
    post_of = {post: post for post in posts} | {copy["_id"]: copy["originalPost"]["_id"] for copy in reshares}
    condition = {"user": actor, **counted(("like",)), "targetRef.$id": {"$in": list(post_of)}}
    return {post_of[like["targetRef"].id] for like in collection(db, "engagements").find(condition, {"targetRef": 1})}


def current_targets(db: Databases, category: str, event: str, opposite: str) -> list[ObjectId]:
    """Returns targets of an event that was executed and not reversed since."""
    latest: dict[str, Any] = {"$group": {"_id": "$target", "event": {"$last": "$event"}}}
    stages: list[dict[str, Any]] = [
        {"$match": {"category": category, "event": {"$in": [event, opposite]}, "state": "done"}},
        {"$sort": {"doneAt": 1}},
        latest,
        {"$match": {"event": event}},
        {"$sort": {"_id": 1}},
    ]
    return [group["_id"] for group in collection(db, "actions").aggregate(stages)]


def no_longer_published(db: Databases, posts: Sequence[ObjectId]) -> list[ObjectId]:
    """Returns those of the posts that are hidden or gone."""
    public = read_public_posts(db, posts)
    return [post for post in posts if post not in public]


def already_planned(db: Databases, actor: Any, dry_run: bool, since: datetime) -> set[tuple[str, Any]]:
    """Returns (event, target) of the actor's actions that are planned, or were planned since then and have ended."""
    recent = {"actor": actor, "dryRun": dry_run, "$or": [{"state": "planned"}, {"plannedAt": {"$gte": since}}]}
    actions = collection(db, "actions").find(recent, {"event": 1, "target": 1})
    return {(action["event"], action["target"]) for action in actions}


def plan(db: Databases, action: Document) -> bool:
    """Writes a planned action; returns False if another run has written it."""
    written = collection(db, "actions").update_one({"_id": action["_id"]}, {"$setOnInsert": action}, upsert=True)
    return written.upserted_id is not None


def claim_due(db: Databases, now: datetime, network: str) -> Document | None:
    """Claims and returns the next live action that is due and less than a day late, for this run only."""
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
    """Releases a claim without executing the action."""
    collection(db, "actions").update_one({"_id": key}, {"$unset": {"claimedUntil": ""}})


def end(db: Databases, key: str, state: str, now: datetime, **more: Any) -> None:
    """Records how an action ended: done, failed or undone."""
    moment = {"done": "doneAt", "failed": "failedAt", "undone": "undoneAt"}[state]
    change = {"$set": {"state": state, moment: now, **more}, "$unset": {"claimedUntil": ""}}
    collection(db, "actions").update_one({"_id": key}, change)


def find(db: Databases, key: str) -> Document | None:
    """Returns the action with that key."""
    return collection(db, "actions").find_one({"_id": key})


def latest(db: Databases, most: int = 100) -> list[Document]:
    """Returns the actions that were planned last."""
    return list(collection(db, "actions").find().sort([("plannedAt", -1), ("dueAt", 1)]).limit(most))


def page(db: Databases, condition: Mapping[str, Any], most: int, skip: int) -> list[Document]:
    """Returns actions that meet the condition, the latest planned first."""
    ensure_indexes(db, "actions")
    order = [("plannedAt", -1), ("_id", 1)]
    return list(collection(db, "actions").find(dict(condition)).sort(order).skip(skip).limit(most))


def budgets(db: Databases, now: datetime, rates: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Returns bucket → tokens left at `now`, for the buckets of `rates`: (per hour, burst). A new bucket is full."""
    stored = {bucket["_id"]: bucket for bucket in collection(db, "actionBudgets").find({"_id": {"$in": list(rates)}})}
    return {name: _left(stored.get(name, {}), now, *rate) for name, rate in rates.items()}


def names(db: Databases, actions: list[Document]) -> dict[Any, str]:
    """Returns the names of the users that these actions follow or unfollow."""
    ids = [action["target"] for action in actions if action["event"] in ("FOLLOW_USER", "UNFOLLOW_USER")]
    users = collection(db, "users").find({"_id": {"$in": ids}}, {"displayName": 1, "displayId": 1})
    return {user["_id"]: str(user.get("displayName") or user.get("displayId") or user["_id"]) for user in users}


def user_called(db: Databases, name: str) -> Document | None:
    """Returns the user with that displayId."""
    return collection(db, "users").find_one({"displayId": name}, {"displayName": 1, "displayId": 1})


def _left(bucket: Mapping[str, Any], now: datetime, per_hour: float, burst: float) -> float:
    since: timedelta = now - bucket.get("refilledAt", now)
    hours = max(0.0, since / timedelta(hours=1))
    return min(burst, max(0.0, float(bucket.get("tokens", burst)) + hours * per_hour))
