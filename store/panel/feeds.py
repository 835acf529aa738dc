"""Read models of the page of feeds: guest feeds, popular posts and members."""

import re
from collections import Counter
from datetime import datetime
from typing import Any

from store import queries
from store.client import Databases
from store.ids import Document, ObjectId
from store.rules.countries import country_code
from store.schema import collection

_RECENT = 5_000  # accounts and engagements that are searched for examples


def countries(db: Databases) -> list[str]:
    """Returns the codes of the countries that have a guest feed, sorted."""
    return sorted(str(code) for code in collection(db, "guestfeeditems").distinct("countryCode"))


def busy_countries(db: Databases, most: int) -> list[str]:
    """Returns the codes of the countries that most of the newest accounts name."""
    stages: list[dict[str, Any]] = [{"$sort": {"_id": -1}}, {"$limit": _RECENT}]
    accounts: Counter[str] = Counter()
    for written, count in queries.count_by(db, "accounts", "$geolocation.countryCode", stages).items():
        accounts[country_code(written)] += count
    return [code for code, _ in accounts.most_common() if code][:most]


def guest_feed(db: Databases, country: str, most: int) -> list[Document]:
    """Returns the best items of a country's guest feed: content, author, score, originalAuthor, updatedAt."""
    fields = {"content": 1, "author": 1, "score": 1, "originalAuthor": 1, "updatedAt": 1}
    return list(collection(db, "guestfeeditems").find({"countryCode": country}, fields).sort("_id", 1).limit(most))


def popular(db: Databases, most: int) -> list[Document]:
    """Returns the posts with the highest content score, (engagements + 1)·ageScore: content, score, engagements."""
    fields = {"content": "$contentId", "score": 1, "engagements": "$aggregator.engagementScore", "updatedAt": 1}
    return list(collection(db, "contentStats").find({}, fields).sort("score", -1).limit(most))


def snapshot_time(db: Databases) -> datetime | None:
    """Returns the time of the published snapshot."""
    header = collection(db, "servingSnapshot").find_one({"_id": 0}, {"createdAt": 1})
    return header["createdAt"] if header else None


def find_members(db: Databases, words: str, most: int) -> list[Document]:
    """Returns profiles by the id of their account, by their own id, or by the beginning of their displayId."""
    if ObjectId.is_valid(words):
        key = ObjectId(words)
        return _profiles(db, {"$or": [{"_id": key}, {"ownerAccount": key}]}, most)
    begins = {"displayId": {"$regex": f"^{re.escape(words.removeprefix('@'))}"}}
    return _profiles(db, begins, most) if words.removeprefix("@") else []


def active_members(db: Databases, most: int) -> list[Document]:
    """Returns profiles of the users with the most recent engagements."""
    latest: list[dict[str, Any]] = [
        {"$sort": {"createdAt": -1}},
        {"$limit": _RECENT},
        {"$match": {"user": {"$type": "objectId"}}},
        {"$group": {"_id": "$user", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$limit": most},
    ]
    users = [group["_id"] for group in queries.stream(db, "engagements", latest)]
    profiles = {profile["_id"]: profile for profile in _profiles(db, {"_id": {"$in": users}}, most)}
    return [profiles[user] for user in users if user in profiles]


def member(db: Databases, account: ObjectId) -> Document | None:
    """Returns the account's country, whether it is a guest, and its first profile's names; None without an account."""
    stored = collection(db, "accounts").find_one({"_id": account}, {"geolocation.countryCode": 1, "isGuest": 1})
    if stored is None:
        return None
    profile = next(iter(_profiles(db, {"ownerAccount": account}, 1)), {})
    place = stored.get("geolocation")
    code = place.get("countryCode") if isinstance(place, dict) else None
    return {
        "account": account,
        "country": country_code(code),
        "isGuest": stored.get("isGuest") is True,
        "displayName": profile.get("displayName"),
        "displayId": profile.get("displayId"),
    }


def _profiles(db: Databases, condition: dict[str, Any], most: int) -> list[Document]:
    fields = {"ownerAccount": 1, "displayId": 1, "displayName": 1}
    owned = {"$and": [condition, {"ownerAccount": {"$type": "objectId"}}]}
    return list(collection(db, "users").find(owned, fields).limit(most))
