"""What an operator asks of the databases: last runs, the feed that is out, the server."""

from collections.abc import Mapping
from datetime import datetime
from statistics import median
from typing import Any

from store import reads
from store.client import Databases
from store.schema import collection

_LAST = ("time", "startedAt", "seconds", "status", "counts", "error")


def last_runs(db: Databases, since: datetime) -> Mapping[str, dict[str, Any]]:
    """Function → its last run, the clock of its last good one (`doneTime`), and how many failed since the moment."""
    failed = {"$and": [{"$eq": ["$status", "failed"]}, {"$gte": ["$startedAt", since]}]}
    done = {"$cond": [{"$eq": ["$status", "done"]}, "$time", None]}
    stages: list[dict[str, Any]] = [
        {"$sort": {"startedAt": -1}},
        {
            "$group": {
                "_id": "$function",
                **{name: {"$first": f"${name}"} for name in _LAST},
                "doneTime": {"$max": done},
                "failed": {"$sum": {"$cond": [failed, 1, 0]}},
            }
        },
    ]
    return {each["_id"]: each for each in reads.stream(db, "runs", stages)}


def guest_feed(db: Databases) -> dict[str, Any]:
    """Size of the published guest feed, its countries, and when it was made."""
    feed = collection(db, "guestfeeditems")
    newest = feed.find_one({}, {"updatedAt": 1})
    return {
        "items": feed.estimated_document_count(),
        "countries": len(feed.distinct("countryCode")),
        "updatedAt": newest["updatedAt"] if newest else None,
    }


def busiest_countries(db: Databases, most: int) -> list[str]:
    """The countries, lower case, that most accounts name and that have a guest feed."""
    code = {"$toLower": {"$toString": "$geolocation.countryCode"}}
    stages: list[dict[str, Any]] = [{"$sortByCount": code}, {"$limit": 4 * most}]
    named = [each["_id"] for each in reads.stream(db, "accounts", stages) if each["_id"]]
    return [each for each in named if reads.exists(db, "guestfeeditems", {"countryCode": each})][:most]


def top_of_feed(db: Databases, country: str, most: int) -> list[dict[str, Any]]:
    """The best of a country's guest feed: score, and of the content its text, age and author's names."""
    author = {"$ifNull": ["$writer.displayName", "$writer.displayId"]}
    stages: list[dict[str, Any]] = [
        {"$match": {"countryCode": country}},
        {"$sort": {"countryCode": 1, "score": -1}},
        {"$limit": most},
        {"$lookup": {"from": "contents", "localField": "content", "foreignField": "_id", "as": "post"}},
        {"$lookup": {"from": "users", "localField": "author", "foreignField": "_id", "as": "writer"}},
        {"$set": {"post": {"$first": "$post"}, "writer": {"$first": "$writer"}}},
        {
            "$project": {
                "score": 1,
                "content": 1,
                "author": author,
                "text": "$post.payload.message",
                "createdAt": "$post.createdAt",
            }
        },
    ]
    return list(reads.stream(db, "guestfeeditems", stages))


def server(db: Databases) -> dict[str, Any]:
    """Version, address and role of the server, and the bytes that both databases take."""
    hello = db.client.admin.command("hello")
    sizes = [database.command("dbStats") for database in (db.app, db.analytics)]
    return {
        "version": db.client.server_info()["version"],
        "address": hello.get("me") or "",
        "replicaSet": hello.get("setName"),
        "bytes": int(sum(each["storageSize"] + each["indexSize"] for each in sizes)),
    }


def median_seconds(db: Databases) -> dict[str, float]:
    """Function → the median seconds of its last hundred good runs."""
    stages: list[dict[str, Any]] = [
        {"$match": {"status": "done", "seconds": {"$type": "number"}}},
        {"$sort": {"startedAt": -1}},
        {"$group": {"_id": "$function", "seconds": {"$push": "$seconds"}}},
        {"$set": {"seconds": {"$slice": ["$seconds", 100]}}},
    ]
    return {each["_id"]: float(median(each["seconds"])) for each in reads.stream(db, "runs", stages)}


def users(db: Databases) -> int:
    """How many users the app has, about."""
    return collection(db, "users").estimated_document_count()
