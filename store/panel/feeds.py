"""What the page of feeds reads: guest feeds, what is popular, and who is a member."""

import re
from datetime import datetime
from typing import Any

from store import queries
from store.client import Databases
from store.ids import Document, ObjectId
from store.schema import collection

_RECENT = 5_000  # accounts and engagements that are looked through for examples


def countries(db: Databases) -> list[str]:
    """The countries that have a guest feed, by code."""
    return sorted(str(each) for each in collection(db, "guestfeeditems").distinct("countryCode"))


def busy_countries(db: Databases, most: int) -> list[str]:
    """The countries that most of the newest accounts name, lower case."""
    code = "$geolocation.countryCode"
    called = {"$toLower": {"$cond": [{"$eq": [{"$type": code}, "string"]}, code, ""]}}
    stages: list[dict[str, Any]] = [
        {"$sort": {"_id": -1}},
        {"$limit": _RECENT},
        {"$project": {"_id": 0, "code": called}},
        {"$match": {"code": {"$ne": ""}}},
        {"$sortByCount": "$code"},
        {"$limit": most},
    ]
    return [each["_id"] for each in queries.stream(db, "accounts", stages)]


def guest_feed(db: Databases, country: str, most: int) -> list[Document]:
    """The best of a country's guest feed: content, author, score, originalAuthor, updatedAt."""
    wanted = {"content": 1, "author": 1, "score": 1, "originalAuthor": 1, "updatedAt": 1}
    found = collection(db, "guestfeeditems").find({"countryCode": country}, wanted)
    return list(found.sort("_id", 1).limit(most))


def popular(db: Databases, most: int) -> list[Document]:
    """The posts with the highest content score, (engagements + 1)·ageScore: content, score, engagements."""
    wanted = {"content": "$contentId", "score": 1, "engagements": "$aggregator.engagementScore", "updatedAt": 1}
    return list(collection(db, "contentStats").find({}, wanted).sort("score", -1).limit(most))


def snapshot_time(db: Databases) -> datetime | None:
    """As of when personal ranking knows the community."""
    header = collection(db, "servingSnapshot").find_one({"_id": 0}, {"createdAt": 1})
    return header["createdAt"] if header else None


def find_members(db: Databases, words: str, most: int) -> list[Document]:
    """Profiles by the id of their account or of themselves, or by how their displayId begins: the fewest fields."""
    if ObjectId.is_valid(words):
        key = ObjectId(words)
        return _profiles(db, {"$or": [{"_id": key}, {"ownerAccount": key}]}, most)
    begins = {"displayId": {"$regex": f"^{re.escape(words.removeprefix('@'))}"}}
    return _profiles(db, begins, most) if words.removeprefix("@") else []


def active_members(db: Databases, most: int) -> list[Document]:
    """Profiles of those who engaged last."""
    latest: list[dict[str, Any]] = [
        {"$sort": {"createdAt": -1}},
        {"$limit": _RECENT},
        {"$match": {"user": {"$type": "objectId"}}},
        {"$group": {"_id": "$user", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$limit": most},
    ]
    users = [each["_id"] for each in queries.stream(db, "engagements", latest)]
    found = {each["_id"]: each for each in _profiles(db, {"_id": {"$in": users}}, most)}
    return [found[user] for user in users if user in found]


def member(db: Databases, account: ObjectId) -> Document | None:
    """The account's country and whether it is a guest's, with its first profile's names; None without an account."""
    wanted = {"geolocation.countryCode": 1, "isGuest": 1}
    found = collection(db, "accounts").find_one({"_id": account}, wanted)
    if found is None:
        return None
    profile = next(iter(_profiles(db, {"ownerAccount": account}, 1)), {})
    place = found.get("geolocation")
    code = place.get("countryCode") if isinstance(place, dict) else None
    return {
        "account": account,
        "country": code.lower() if isinstance(code, str) else "",
        "isGuest": found.get("isGuest") is True,
        "displayName": profile.get("displayName"),
        "displayId": profile.get("displayId"),
    }


def _profiles(db: Databases, condition: dict[str, Any], most: int) -> list[Document]:
    wanted = {"ownerAccount": 1, "displayId": 1, "displayName": 1}
    owned = {"$and": [condition, {"ownerAccount": {"$type": "objectId"}}]}
    return list(collection(db, "users").find(owned, wanted).limit(most))
