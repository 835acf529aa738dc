"""Read models of the page of moods: counts over people who opted in, and the analyses of one of them."""

from datetime import datetime
from typing import Any

from store.client import Databases
from store.ids import Document
from store.queries import count_by
from store.schema import collection, ensure_indexes


def consents(db: Databases) -> int:
    """Returns how many people opted in."""
    ensure_indexes(db, "moods")
    return collection(db, "moods").count_documents({"consentedAt": {"$exists": True}})


def latest(db: Databases, since: datetime, now: datetime) -> dict[str, int]:
    """Returns mood → how many people who opted in have it in their latest analysis in since ≤ t ≤ now."""
    newest: dict[str, Any] = {"$group": {"_id": "$userId", "user": {"$first": "$userId"}, "mood": {"$first": "$mood"}}}
    return count_by(db, "moods", "$mood", [*_analyses(since, now), newest, *_OPTED_IN])


def by_week(db: Databases, since: datetime, now: datetime) -> list[Document]:
    """Returns week, mood and `people`: how many had that mood in their last analysis of that week."""
    week = {"$dateTrunc": {"date": "$analysedAt", "unit": "week", "startOfWeek": "monday"}}
    last = {"mood": {"$first": "$mood"}, "user": {"$first": "$userId"}}
    person: dict[str, Any] = {"$group": {"_id": {"week": week, "user": "$userId"}, **last}}
    counted = {"$group": {"_id": {"week": "$_id.week", "mood": "$mood"}, "people": {"$sum": 1}}}
    shown = {"$project": {"_id": 0, "week": "$_id.week", "mood": "$_id.mood", "people": 1}}
    stages = [*_analyses(since, now), person, *_OPTED_IN, counted, shown]
    return list(collection(db, "moods").aggregate([*stages, {"$sort": {"week": 1}}], allowDiskUse=True))


def analyses_of(db: Databases, user: Any, since: datetime, most: int) -> list[Document]:
    """Returns the user's analyses, the latest first. The caller has checked the consent."""
    recent = {"userId": user, "analysedAt": {"$gte": since}}
    fields = {"_id": 0, "analysedAt": 1, "mood": 1, "reason": 1, "positivity": 1, "negativity": 1, "contents": 1}
    return list(collection(db, "moods").find(recent, fields).sort("analysedAt", -1).limit(most))


def _analyses(since: datetime, now: datetime) -> list[dict[str, Any]]:
    return [{"$match": {"analysedAt": {"$gte": since, "$lte": now}}}, {"$sort": {"analysedAt": -1}}]


_OPTED_IN: list[dict[str, Any]] = [
    {"$lookup": {"from": "moods", "localField": "user", "foreignField": "_id", "as": "consent"}},
    {"$match": {"consent.consentedAt": {"$exists": True}}},
]
