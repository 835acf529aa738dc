"""Moods with their consent, the posts they are read from, and the network that friends are recommended from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.client import Databases
from store.ids import Document, ObjectId
from store.rules.engagements import counted
from store.rules.visibility import public_posts
from store.schema import collection, ensure_indexes


@dataclass(frozen=True)
class ReadPost:
    """A post with what was found in its text and how the user stands to it."""

    content: ObjectId
    emotions: dict[str, float]
    language: str
    created_at: datetime
    activity: int  # acts on it before the clock: everybody's on own posts, the user's on others'
    own: bool


def has_consent(db: Databases, user: ObjectId) -> bool:
    """Whether the user opted in."""
    return collection(db, "moods").find_one({"_id": user, "consentedAt": {"$exists": True}}, {"_id": 1}) is not None


def give_consent(db: Databases, user: ObjectId, now: datetime) -> None:
    """Notes that the user opted in; an earlier consent stays as it is."""
    ensure_indexes(db, "moods")
    fresh = {"userId": user, "consentedAt": now}
    collection(db, "moods").update_one({"_id": user}, {"$setOnInsert": fresh}, upsert=True)


def delete_moods(db: Databases, users: Sequence[ObjectId]) -> int:
    """Deletes the consent and every mood of these users; gives how many documents went."""
    return collection(db, "moods").delete_many({"userId": {"$in": list(users)}}).deleted_count


def write_mood(db: Databases, user: ObjectId, now: datetime, mood: Document) -> None:
    """Keeps one analysis; the same clock replaces its own."""
    key = {"user": user, "at": now}
    collection(db, "moods").replace_one({"_id": key}, {"userId": user, "analysedAt": now, **mood}, upsert=True)


def drop_older_moods(db: Databases, user: ObjectId, since: datetime) -> None:
    """Deletes the user's analyses that are older than the retention, whatever the server's clock says."""
    collection(db, "moods").delete_many({"userId": user, "analysedAt": {"$lt": since}})


def latest_moods(db: Databases, users: Sequence[ObjectId], since: datetime, now: datetime) -> dict[ObjectId, str]:
    """The latest mood in since ≤ t < now of each of these users who opted in."""
    consented = collection(db, "moods").find(
        {"_id": {"$in": list(users)}, "consentedAt": {"$exists": True}}, {"_id": 1}
    )
    stages: list[dict[str, Any]] = [
        {"$match": {"userId": {"$in": [each["_id"] for each in consented]}, "analysedAt": {"$gte": since, "$lt": now}}},
        {"$sort": {"userId": 1, "analysedAt": -1}},
        {"$group": {"_id": "$userId", "mood": {"$first": "$mood"}}},
    ]
    return {each["_id"]: each["mood"] for each in collection(db, "moods").aggregate(stages)}


def mood_history(db: Databases, user: ObjectId, since: datetime, now: datetime, most: int) -> list[Document]:
    """The user's analyses in since ≤ t ≤ now as {at, mood}, the newest first."""
    kept = {"userId": user, "analysedAt": {"$gte": since, "$lte": now}}
    found = collection(db, "moods").find(kept, {"analysedAt": 1, "mood": 1}).sort("analysedAt", -1).limit(most)
    return [{"at": each["analysedAt"].isoformat(), "mood": each["mood"]} for each in found]


def own_posts(db: Databases, user: ObjectId, now: datetime, most: int) -> list[ReadPost]:
    """The user's latest published posts at `now` whose emotions are known, the newest first."""
    mine = {"author.id": user, "createdAt": {"$lte": now}}
    created = _created(db, mine, [{"$sort": {"createdAt": -1, "_id": -1}}, {"$limit": most}])
    activity = _acts(db, {"targetRef.$id": {"$in": list(created)}}, now)
    return _read(db, created, activity, own=True)


def engaged_posts(db: Databases, user: ObjectId, now: datetime, most: int) -> list[ReadPost]:
    """Others' published posts that the user engaged with latest before `now` and whose emotions are known."""
    acts = collection(db, "engagements").find(_counted(now) | {"user": user}, {"targetRef": 1})
    recent = acts.sort([("createdAt", -1), ("_id", -1)]).limit(most)
    ids = list(dict.fromkeys(each["targetRef"].id for each in recent))
    others = {"_id": {"$in": ids}, "author.id": {"$ne": user}, "createdAt": {"$lte": now}}
    created = _created(db, others, [])
    activity = _acts(db, {"user": user, "targetRef.$id": {"$in": list(created)}}, now)
    return _read(db, created, activity, own=False)


def languages_of(db: Databases, users: Sequence[ObjectId], now: datetime) -> dict[ObjectId, dict[str, int]]:
    """How many of each author's latest 200 posts at `now` are in each language."""
    result: dict[ObjectId, dict[str, int]] = {}
    for user in users:
        mine = {"author.id": user, "createdAt": {"$lte": now}}
        ids = [
            each["_id"] for each in collection(db, "contents").find(mine, {"_id": 1}).sort("createdAt", -1).limit(200)
        ]
        stages: list[dict[str, Any]] = [
            {"$match": {"contentId": {"$in": ids}}},
            {"$group": {"_id": "$language", "count": {"$sum": 1}}},
        ]
        result[user] = {each["_id"]: each["count"] for each in collection(db, "contentinfo").aggregate(stages)}
    return result


def _counted(now: datetime) -> dict[str, Any]:
    return {**counted(), "createdAt": {"$lt": now}}


def _created(db: Databases, condition: dict[str, Any], chosen: list[dict[str, Any]]) -> dict[ObjectId, datetime]:
    """When each public post that meets the condition was made."""
    stages = [{"$match": condition}, *public_posts(), *chosen, {"$project": {"createdAt": 1}}]
    return {post["_id"]: post["createdAt"] for post in collection(db, "contents").aggregate(stages)}


def _acts(db: Databases, condition: dict[str, Any], now: datetime) -> dict[ObjectId, int]:
    stages: list[dict[str, Any]] = [
        {"$match": _counted(now) | condition},
        {"$group": {"_id": "$targetRef.$id", "count": {"$sum": 1}}},
    ]
    return {each["_id"]: each["count"] for each in collection(db, "engagements").aggregate(stages)}


def _read(
    db: Databases, created: dict[ObjectId, datetime], activity: dict[ObjectId, int], *, own: bool
) -> list[ReadPost]:
    known = {"contentId": {"$in": list(created)}, "emotions": {"$nin": [None, {}]}}
    fields = {"contentId": 1, "emotions": 1, "language": 1}
    infos = {each["contentId"]: each for each in collection(db, "contentinfo").find(known, fields)}
    return [
        ReadPost(each, infos[each]["emotions"], infos[each].get("language", "und"), at, activity.get(each, 0), own)
        for each, at in created.items()
        if each in infos
    ]
