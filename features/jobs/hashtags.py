"""hashtagStats: aggregated inside the server, from app-db.contents."""

from datetime import datetime
from typing import Any

from features.hashtags import hashtag_statistics
from features.statistics import Statistics, later_engagements
from store import publish, reads
from store.client import Databases
from store.schema import collection, ensure_indexes


def update_hashtag_stats(db: Databases, now: datetime, statistics: Statistics = Statistics()) -> dict[str, Any]:
    """hashtagStats as of `now`; hashtags that no published content of the window carries leave."""
    ensure_indexes(db, "contents", "engagements", "hashtagStats")
    replay = reads.exists(db, "engagements", later_engagements(now))

    publish.merge_into(db, "contents", hashtag_statistics(now, statistics, replay), "hashtagStats")

    left = collection(db, "hashtagStats").delete_many({"updatedAt": {"$ne": now}}).deleted_count
    mistyped = {"hashtags": {"$exists": True, "$not": {"$type": ["array", "null"]}}, "createdAt": {"$lte": now}}
    rejected = reads.count(db, "contents", mistyped)
    hashtags = reads.count(db, "hashtagStats", {})
    return {"hashtags": hashtags, "left": left, "rejected": {"hashtags": rejected} if rejected else {}}
