"""What karma is made of, as columns; and the numbers that are kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from store.client import Databases
from store.columns import Columns, read_columns
from store.ids import Document, ObjectId
from store.rules.engagements import ENGAGEMENT_TYPES, on_posts
from store.schema import collection

_ACCOUNT = {"from": "credentials", "localField": "seenCredential", "foreignField": "_id", "as": "credential"}
_FUNCTION = "karmaStats"
OWN_POSTS: Mapping[str, Any] = {"isRecast": {"$ne": True}}  # a recast is another's post


def read_own_posts(
    db: Databases, since: datetime, authors: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]
) -> Columns:
    """Posts since then that are no recasts, counted by the stages `facts`: id, author, time, like, comment, …"""
    counts = {kind: ("float", {"$toDouble": f"${kind}Count"}) for kind in ENGAGEMENT_TYPES}
    fields = {"id": ("id", "$_id"), "author": ("id", "$authorId"), "time": ("time", "$createdAt"), **counts}
    own = {"$match": {"createdAt": {"$gte": since}, **authors, **OWN_POSTS}}
    return read_columns(db, "contents", [own, *facts], fields)


def read_memberships(
    db: Databases, since: datetime, now: datetime, authors: Mapping[str, Any], tags: Any, membership: Mapping[str, Any]
) -> Columns:
    """Posts of [since, now] with hashtags: id, and 1 or 0 for each category, by the field `tags`."""
    tagged = {"createdAt": {"$gte": since, "$lte": now}, "hashtags.0": {"$exists": True}, **authors, **OWN_POSTS}
    fields = {"id": ("id", "$_id"), **{slug: ("int", inside) for slug, inside in membership.items()}}
    stages = [{"$match": tagged}, {"$project": {"tags": tags}}]
    return read_columns(db, "contents", stages, fields)


def read_people(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Users who meet the condition: id, account, created, followers, followed (NaN when the app wrote none)."""
    fields = {
        "id": ("id", "$_id"),
        "account": ("id", "$ownerAccount"),
        "created": ("time", "$createdAt"),
        "followers": ("float", _number("$followerCount")),
        "followed": ("float", _number("$followedCount")),
    }
    return read_columns(db, "users", [{"$match": condition}], fields)


def authors_changed(db: Databases, since: datetime, now: datetime) -> list[ObjectId]:
    """Whose posts were made, changed or engaged with in [since, now], ascending.

    The app moves `updatedAt` of a content at every engagement; engagements are looked at besides, for an app that
    does not.
    """
    target: list[Mapping[str, Any]] = [
        {"$match": {"createdAt": {"$gte": since, "$lt": now}, **on_posts()}},
        {"$group": {"_id": "$targetRef.$id"}},
    ]
    posts = [each["_id"] for each in collection(db, "engagements").aggregate(target, allowDiskUse=True)]
    moved: Mapping[str, Any] = {"$or": [{"createdAt": {"$gte": since, "$lte": now}}, {"updatedAt": {"$gte": since}}]}
    parts = [{"_id": {"$in": posts[start : start + 50_000]}} for start in range(0, len(posts), 50_000)]
    found: set[ObjectId] = set()
    for condition in [moved, *parts]:
        found.update(each for each in _authors(db, condition) if isinstance(each, ObjectId))
    return sorted(found)


def read_suspicion(db: Databases, now: datetime) -> Columns:
    """How suspicious accounts are, 0 to 1: account, score; what a moderator found by `now` counts as 0 or 1."""
    verdict = {"$cond": [{"$gt": [{"$ifNull": ["$verifiedAt", now]}, now]}, None, "$verificationStatus"]}
    found = {"$ifNull": [verdict, {"$ifNull": ["$score", 0]}]}
    score = {
        "$min": [1.0, {"$max": [0.0, {"$toDouble": {"$cond": [{"$isNumber": found}, found, {"$eq": [found, True]}]}}]}]
    }
    opened = {"createdAt": {"$not": {"$gt": now}}, "firstSeenAt": {"$not": {"$gt": now}}}
    stages: list[Mapping[str, Any]] = [{"$match": opened}, {"$lookup": _ACCOUNT}]
    fields = {"account": ("id", {"$first": "$credential.account"}), "score": ("float", score)}
    return read_columns(db, "suspiciouscredentials", stages, fields)


def kept_digests(db: Databases, users: Sequence[ObjectId] | None = None) -> dict[str, str]:
    """The digest of every karma that is kept, or of those of these users, by its key."""
    condition = {} if users is None else {"userId": {"$in": list(users)}}
    found = collection(db, "karma").find(condition, {"digest": 1}, batch_size=20_000)
    return {each["_id"]: each.get("digest", "") for each in found}


def kept_ranks(db: Databases, users: Sequence[ObjectId]) -> dict[tuple[ObjectId, str], float]:
    """The PageRank that is kept of each of these users by category."""
    condition = {"userId": {"$in": list(users)}, "influence.pagerank": {"$exists": True}}
    fields = {"userId": 1, "category": 1, "influence.pagerank": 1}
    found = collection(db, "karma").find(condition, fields, batch_size=20_000)
    return {(each["userId"], each["category"]): each["influence"]["pagerank"] for each in found}


def kept(db: Databases) -> int:
    """How many documents are kept."""
    return collection(db, "karma").estimated_document_count()


def read_state(db: Databases) -> Document | None:
    """What the last run left for the next."""
    return collection(db, "watermarks").find_one({"_id": _FUNCTION})


def keep_state(db: Databases, state: Mapping[str, Any]) -> None:
    """Leaves that for the next run."""
    collection(db, "watermarks").replace_one({"_id": _FUNCTION}, dict(state), upsert=True)


def _authors(db: Databases, condition: Mapping[str, Any]) -> list[Any]:
    stages: list[Mapping[str, Any]] = [{"$match": condition}, {"$group": {"_id": "$author.id"}}]
    return [each["_id"] for each in collection(db, "contents").aggregate(stages, allowDiskUse=True)]


def _number(path: str) -> dict[str, Any]:
    return {"$cond": [{"$isNumber": path}, {"$toDouble": path}, float("nan")]}
