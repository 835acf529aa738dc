"""What the panel reads of moods: how many people who opted in feel how, and nothing about one of them."""

from datetime import datetime
from typing import Any

from store.client import Databases
from store.ids import Document
from store.schema import collection, ensure_indexes


def consents(db: Databases) -> int:
    """How many people opted in."""
    ensure_indexes(db, "moods")
    return collection(db, "moods").count_documents({"consentedAt": {"$exists": True}})


def latest(db: Databases, since: datetime, now: datetime) -> dict[str, int]:
    """Mood → people who opted in and whose latest analysis in since ≤ t ≤ now it is."""
    newest: dict[str, Any] = {"$group": {"_id": "$userId", "user": {"$first": "$userId"}, "mood": {"$first": "$mood"}}}
    stages = [*_analyses(since, now), newest, *_OPTED_IN]
    found = collection(db, "moods").aggregate([*stages, {"$sortByCount": "$mood"}])
    return {str(each["_id"]): each["count"] for each in found}


def by_week(db: Databases, since: datetime, now: datetime) -> list[Document]:
    """Week, mood and how many people had that mood last in that week."""
    week = {"$dateTrunc": {"date": "$analysedAt", "unit": "week", "startOfWeek": "monday"}}
    last = {"mood": {"$first": "$mood"}, "user": {"$first": "$userId"}}
    person: dict[str, Any] = {"$group": {"_id": {"week": week, "user": "$userId"}, **last}}
    counted = {"$group": {"_id": {"week": "$_id.week", "mood": "$mood"}, "people": {"$sum": 1}}}
    shown = {"$project": {"_id": 0, "week": "$_id.week", "mood": "$_id.mood", "people": 1}}
    stages = [*_analyses(since, now), person, *_OPTED_IN, counted, shown]
    return list(collection(db, "moods").aggregate([*stages, {"$sort": {"week": 1}}], allowDiskUse=True))


def analyses_of(db: Databases, user: Any, since: datetime, most: int) -> list[Document]:
    """One person's analyses, the latest first; whoever asks has looked whether the person consents."""
    kept = {"userId": user, "analysedAt": {"$gte": since}}
    fields = {"_id": 0, "analysedAt": 1, "mood": 1, "reason": 1, "positivity": 1, "negativity": 1, "contents": 1}
    return list(collection(db, "moods").find(kept, fields).sort("analysedAt", -1).limit(most))


def _analyses(since: datetime, now: datetime) -> list[dict[str, Any]]:
    return [{"$match": {"analysedAt": {"$gte": since, "$lte": now}}}, {"$sort": {"analysedAt": -1}}]


_OPTED_IN: list[dict[str, Any]] = [
    {"$lookup": {"from": "moods", "localField": "user", "foreignField": "_id", "as": "consent"}},
    {"$match": {"consent.consentedAt": {"$exists": True}}},
]
