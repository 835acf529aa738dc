"""Moods with their consent, and the posts that they are read from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.client import Databases
from store.ids import Document, ObjectId
from store.inputs.visibility import read_public_posts
from store.queries import count_by, exists, ids_where
from store.rules.engagements import counted
from store.rules.visibility import published
from store.schema import collection, ensure_indexes


@dataclass(frozen=True)
class ReadPost:
    """A post with its text analysis and the user's relation to it."""

    content: ObjectId
    emotions: dict[str, float]
    language: str
    created_at: datetime
    activity: int  # engagements before the clock: everybody's on own posts, the user's on others'
    own: bool


def has_consent(db: Databases, user: ObjectId) -> bool:
    """Returns whether the user opted in."""
    return exists(db, "moods", {"_id": user, "consentedAt": {"$exists": True}})


def give_consent(db: Databases, user: ObjectId, now: datetime) -> None:
    """Records that the user opted in; an earlier consent is unchanged."""
    ensure_indexes(db, "moods")
    fresh = {"userId": user, "consentedAt": now}
    collection(db, "moods").update_one({"_id": user}, {"$setOnInsert": fresh}, upsert=True)


def delete_moods(db: Databases, users: Sequence[ObjectId]) -> int:
    """Deletes consent and moods of these users and returns how many documents."""
    return collection(db, "moods").delete_many({"userId": {"$in": list(users)}}).deleted_count


def write_mood(db: Databases, user: ObjectId, now: datetime, mood: Document) -> None:
    """Writes one analysis; one of the same clock is replaced."""
    key = {"user": user, "at": now}
    collection(db, "moods").replace_one({"_id": key}, {"userId": user, "analysedAt": now, **mood}, upsert=True)


def drop_older_moods(db: Databases, since: datetime) -> None:
    """Deletes every analysis before `since`, by the clock of the job and not by the server's."""
    collection(db, "moods").delete_many({"analysedAt": {"$lt": since}})


def latest_moods(db: Databases, users: Sequence[ObjectId], since: datetime, now: datetime) -> dict[ObjectId, str]:
    """Returns the latest mood in since ≤ t < now of each of these users who opted in."""
    consented = ids_where(db, "moods", {"_id": {"$in": list(users)}, "consentedAt": {"$exists": True}})
    stages: list[dict[str, Any]] = [
        {"$match": {"userId": {"$in": list(consented)}, "analysedAt": {"$gte": since, "$lt": now}}},
        {"$sort": {"userId": 1, "analysedAt": -1}},
        {"$group": {"_id": "$userId", "mood": {"$first": "$mood"}}},
    ]
    return {group["_id"]: group["mood"] for group in collection(db, "moods").aggregate(stages)}


def mood_history(db: Databases, user: ObjectId, since: datetime, now: datetime, most: int) -> list[Document]:
    """Returns the user's analyses in since ≤ t ≤ now as {at, mood}, the newest first."""
    window = {"userId": user, "analysedAt": {"$gte": since, "$lte": now}}
    analyses = collection(db, "moods").find(window, {"analysedAt": 1, "mood": 1}).sort("analysedAt", -1).limit(most)
    return [{"at": analysis["analysedAt"].isoformat(), "mood": analysis["mood"]} for analysis in analyses]


def own_posts(db: Databases, user: ObjectId, now: datetime, most: int) -> list[ReadPost]:
    """Returns the user's latest public posts at `now` whose emotions are known, the newest first."""
    own = {"author.id": user, "createdAt": {"$lte": now}}
    created = _created(db, own, [{"$sort": {"createdAt": -1, "_id": -1}}, {"$limit": most}])
    activity = _engagements_by_post(db, {"targetRef.$id": {"$in": list(created)}}, now)
    return _read(db, created, activity, own=True)


def engaged_posts(db: Databases, user: ObjectId, now: datetime, most: int) -> list[ReadPost]:
    """Returns others' public posts that the user engaged with last before `now` and whose emotions are known."""
    engagements = collection(db, "engagements").find(_counted(now) | {"user": user}, {"targetRef": 1})
    recent = engagements.sort([("createdAt", -1), ("_id", -1)]).limit(most)
    ids = list(dict.fromkeys(engagement["targetRef"].id for engagement in recent))
    others = {"_id": {"$in": ids}, "author.id": {"$ne": user}, "createdAt": {"$lte": now}}
    created = _created(db, others, [])
    activity = _engagements_by_post(db, {"user": user, "targetRef.$id": {"$in": list(created)}}, now)
    return _read(db, created, activity, own=False)


def languages_of(db: Databases, users: Sequence[ObjectId], now: datetime) -> dict[ObjectId, dict[str, int]]:
    """Returns user → language → how many of the user's latest 200 posts at `now` are in it."""
    result: dict[ObjectId, dict[str, int]] = {}
    for user in users:
        own = {"author.id": user, "createdAt": {"$lte": now}}
        posts = collection(db, "contents").find(own, {"_id": 1}).sort("createdAt", -1).limit(200)
        latest = {"contentId": {"$in": [post["_id"] for post in posts]}}
        result[user] = count_by(db, "contentinfo", "$language", [{"$match": latest}])
    return result


def _counted(now: datetime) -> dict[str, Any]:
    return {**counted(), "createdAt": {"$lt": now}}


def _created(db: Databases, condition: dict[str, Any], chosen: list[dict[str, Any]]) -> dict[ObjectId, datetime]:
    """Returns when each public post that meets the condition was created."""
    stages = [{"$match": {**condition, **published()}}, *chosen, {"$project": {"createdAt": 1}}]
    created = {post["_id"]: post["createdAt"] for post in collection(db, "contents").aggregate(stages)}
    public = read_public_posts(db, created)
    return {post: at for post, at in created.items() if post in public}


def _engagements_by_post(db: Databases, condition: dict[str, Any], now: datetime) -> dict[ObjectId, int]:
    return count_by(db, "engagements", "$targetRef.$id", [{"$match": _counted(now) | condition}])


def _read(
    db: Databases, created: dict[ObjectId, datetime], activity: dict[ObjectId, int], *, own: bool
) -> list[ReadPost]:
    known = {"contentId": {"$in": list(created)}, "emotions": {"$nin": [None, {}]}}
    fields = {"contentId": 1, "emotions": 1, "language": 1}
    infos = {info["contentId"]: info for info in collection(db, "contentinfo").find(known, fields)}
    return [
        ReadPost(post, infos[post]["emotions"], infos[post].get("language", "und"), at, activity.get(post, 0), own)
        for post, at in created.items()
        if post in infos
    ]
