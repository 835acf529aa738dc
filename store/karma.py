"""What karma is made of, as columns; and the numbers that are kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from store.client import Databases
from store.columns import Columns, read_columns
from store.schema import collection

_ACCOUNT = {"from": "credentials", "localField": "seenCredential", "foreignField": "_id", "as": "credential"}
OWN_POSTS: Mapping[str, Any] = {"isRecast": {"$ne": True}}  # a recast is another's post


def read_own_posts(db: Databases, facts: Sequence[Mapping[str, Any]]) -> Columns:
    """Posts that are no recasts, counted by the stages `facts`: id, author, time, like, comment, recast, quote."""
    counts = {kind: ("float", {"$toDouble": f"${kind}Count"}) for kind in ("like", "comment", "recast", "quote")}
    fields = {"id": ("id", "$_id"), "author": ("id", "$authorId"), "time": ("time", "$createdAt"), **counts}
    return read_columns(collection(db, "contents"), [{"$match": OWN_POSTS}, *facts], fields)


def read_memberships(db: Databases, since: datetime, now: datetime, membership: Mapping[str, Any]) -> Columns:
    """Posts of [since, now] with hashtags: id, and 1 or 0 for each category."""
    tagged = {"createdAt": {"$gte": since, "$lte": now}, "hashtags.0": {"$exists": True}, **OWN_POSTS}
    fields = {"id": ("id", "$_id"), **{slug: ("int", inside) for slug, inside in membership.items()}}
    return read_columns(collection(db, "contents"), [{"$match": tagged}], fields)


def read_people(db: Databases) -> Columns:
    """Users: id, account, followers, followed (NaN when the app wrote none)."""
    fields = {
        "id": ("id", "$_id"),
        "account": ("id", "$ownerAccount"),
        "followers": ("float", _number("$followerCount")),
        "followed": ("float", _number("$followedCount")),
    }
    return read_columns(collection(db, "users"), [], fields)


def read_follows_since(db: Databases, since: datetime) -> Columns:
    """Follows made after `since`, also after any clock, as the app's counters have them: followed, time."""
    fields = {"followed": ("id", "$followedUser"), "time": ("time", "$createdAt")}
    match = {"createdAt": {"$gt": since}, "following": True}
    return read_columns(collection(db, "relationships"), [{"$match": match}], fields)


def read_suspicion(db: Databases, now: datetime) -> Columns:
    """How suspicious accounts are, 0 to 1: account, score; what a moderator found counts as 0 or 1."""
    found = {"$ifNull": ["$verificationStatus", {"$ifNull": ["$score", 0]}]}
    score = {
        "$min": [1.0, {"$max": [0.0, {"$toDouble": {"$cond": [{"$isNumber": found}, found, {"$eq": [found, True]}]}}]}]
    }
    stages: list[Mapping[str, Any]] = [{"$match": {"firstSeenAt": {"$not": {"$gt": now}}}}, {"$lookup": _ACCOUNT}]
    fields = {"account": ("id", {"$first": "$credential.account"}), "score": ("float", score)}
    return read_columns(collection(db, "suspiciouscredentials"), stages, fields)


def kept_digests(db: Databases) -> dict[str, str]:
    """The digest of every karma that is kept, by its key."""
    found = collection(db, "karma").find({}, {"digest": 1}, batch_size=20_000)
    return {each["_id"]: each["digest"] for each in found}


def _number(path: str) -> dict[str, Any]:
    return {"$cond": [{"$isNumber": path}, {"$toDouble": path}, float("nan")]}
