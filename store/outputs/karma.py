"""Inputs of karma as columns, and the stored karma."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from store.client import Databases
from store.columns import Columns, object_ids, read_columns
from store.ids import Document, ObjectId
from store.queries import number_or_nan, stream
from store.rules.engagements import ENGAGEMENT_TYPES, on_posts
from store.rules.visibility import Hidden, public_posts
from store.schema import collection

_ACCOUNT = {"from": "credentials", "localField": "seenCredential", "foreignField": "_id", "as": "credential"}
_FUNCTION = "karmaStats"
OWN_POSTS: Mapping[str, Any] = {"isRecast": {"$ne": True}}  # a recast is another's post


def read_own_posts(
    db: Databases, since: datetime, authors: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]
) -> Columns:
    """Returns posts since then that are no recasts, with the counts of the stages `facts`: id, author, time, like, …"""
    counts = {kind: ("float", {"$toDouble": f"${kind}Count"}) for kind in ENGAGEMENT_TYPES}
    fields = {"id": ("id", "$_id"), "author": ("id", "$authorId"), "time": ("time", "$createdAt"), **counts}
    own = {"$match": {"createdAt": {"$gte": since}, **authors, **OWN_POSTS}}
    return read_columns(db, "contents", [own, *facts], fields)


def read_memberships(
    db: Databases, since: datetime, now: datetime, authors: Mapping[str, Any], tags: Any, membership: Mapping[str, Any]
) -> Columns:
    """Returns posts of [since, now] with hashtags: id, and for each category 1 or 0, computed from the field `tags`."""
    tagged = {"createdAt": {"$gte": since, "$lte": now}, "hashtags.0": {"$exists": True}, **authors, **OWN_POSTS}
    fields = {"id": ("id", "$_id"), **{slug: ("int", inside) for slug, inside in membership.items()}}
    stages = [{"$match": tagged}, {"$project": {"tags": tags}}]
    return read_columns(db, "contents", stages, fields)


def read_people(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Returns users who meet the condition: id, account, created, followers, followed (NaN when the app wrote none)."""
    fields = {
        "id": ("id", "$_id"),
        "account": ("id", "$ownerAccount"),
        "created": ("time", "$createdAt"),
        "followers": ("float", number_or_nan("$followerCount")),
        "followed": ("float", number_or_nan("$followedCount")),
    }
    return read_columns(db, "users", [{"$match": condition}], fields)


def authors_changed(db: Databases, since: datetime, now: datetime) -> list[ObjectId]:
    """Returns the authors whose posts were created, changed or engaged with in [since, now], ascending.

    Most apps set `updatedAt` of a content at every engagement. Engagements are read too, for apps that do not.
    """
    targets: list[Mapping[str, Any]] = [
        {"$match": {"createdAt": {"$gte": since, "$lt": now}, **on_posts()}},
        {"$group": {"_id": "$targetRef.$id"}},
    ]
    posts = [group["_id"] for group in stream(db, "engagements", targets)]
    changed: Mapping[str, Any] = {"$or": [{"createdAt": {"$gte": since, "$lte": now}}, {"updatedAt": {"$gte": since}}]}
    parts = [{"_id": {"$in": posts[start : start + 50_000]}} for start in range(0, len(posts), 50_000)]
    return sorted(set().union(*(_authors(db, condition) for condition in [changed, *parts])))


def authors_recounted(db: Databases, since: datetime, now: datetime, hidden: Hidden, overall: str) -> list[ObjectId]:
    """Returns the users whose karma of the category `overall` stores another number of posts than [since, now] has.

    It finds the authors of posts that were hidden, deleted or shown again, which no date reports.
    """
    own = {"$match": {"createdAt": {"$gte": since, "$lte": now}, **OWN_POSTS}}
    by_author = [own, *public_posts(hidden), {"$group": {"_id": "$author.id", "posts": {"$sum": 1}}}]
    present = read_columns(db, "contents", by_author, {"user": ("id", "$_id"), "posts": ("int", "$posts")})
    of_users = [{"$match": {"category": overall}}]
    stored = read_columns(db, "karma", of_users, {"user": ("id", "$userId"), "posts": ("int", "$why.posts")})
    counts = dict(zip(present["user"].tolist(), present["posts"].tolist(), strict=True))
    posts = np.array([counts.get(user, 0) for user in stored["user"].tolist()], dtype=np.int64)
    return [user for user in object_ids(stored["user"][stored["posts"] != posts]) if user]


def _authors(db: Databases, condition: Mapping[str, Any]) -> set[ObjectId]:
    """Returns the authors of the posts that meet the condition."""
    stages: list[Mapping[str, Any]] = [{"$match": condition}, {"$group": {"_id": "$author.id"}}]
    return {group["_id"] for group in stream(db, "contents", stages) if isinstance(group["_id"], ObjectId)}


def read_suspicion(db: Databases, now: datetime) -> Columns:
    """Returns suspicion from 0 to 1: account, score; a moderator's verdict by `now` counts as 0 or 1."""
    verdict = {"$cond": [{"$gt": [{"$ifNull": ["$verifiedAt", now]}, now]}, None, "$verificationStatus"]}
    value = {"$ifNull": [verdict, {"$ifNull": ["$score", 0]}]}
    number = {"$toDouble": {"$cond": [{"$isNumber": value}, value, {"$eq": [value, True]}]}}
    score = {"$min": [1.0, {"$max": [0.0, number]}]}
    opened = {"createdAt": {"$not": {"$gt": now}}, "firstSeenAt": {"$not": {"$gt": now}}}
    stages: list[Mapping[str, Any]] = [{"$match": opened}, {"$lookup": _ACCOUNT}]
    fields = {"account": ("id", {"$first": "$credential.account"}), "score": ("float", score)}
    return read_columns(db, "suspiciouscredentials", stages, fields)


def stored_digests(db: Databases, users: Sequence[ObjectId] | None = None) -> dict[str, str]:
    """Returns `_id` → digest of all stored karma, or of the karma of these users."""
    condition = {} if users is None else {"userId": {"$in": list(users)}}
    rows = collection(db, "karma").find(condition, {"digest": 1}, batch_size=20_000)
    return {row["_id"]: row.get("digest", "") for row in rows}


def stored_ranks(db: Databases, users: Sequence[ObjectId]) -> dict[tuple[ObjectId, str], float]:
    """Returns (user, category) → stored PageRank of these users."""
    condition = {"userId": {"$in": list(users)}, "influence.pagerank": {"$exists": True}}
    fields = {"userId": 1, "category": 1, "influence.pagerank": 1}
    rows = collection(db, "karma").find(condition, fields, batch_size=20_000)
    return {(row["userId"], row["category"]): row["influence"]["pagerank"] for row in rows}


def read_state(db: Databases) -> Document | None:
    """Returns the state that the last run saved."""
    return collection(db, "watermarks").find_one({"_id": _FUNCTION})


def save_state(db: Databases, state: Mapping[str, Any]) -> None:
    """Saves the state for the next run."""
    collection(db, "watermarks").replace_one({"_id": _FUNCTION}, dict(state), upsert=True)
