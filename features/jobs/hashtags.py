"""hashtagStats: aggregated inside the server, from app-db.contents."""

from datetime import datetime
from typing import Any

from features.hashtags import hashtag_statistics
from features.statistics import Statistics, later_engagements
from store import publish, reads
from store.client import Databases
from store.schema import ensure_indexes


def update_hashtag_stats(db: Databases, now: datetime, statistics: Statistics = Statistics()) -> dict[str, Any]:
    """hashtagStats as of `now`; hashtags that no published content of the window carries leave."""
    ensure_indexes(db, "contents", "engagements", "hashtagStats")
    replay = reads.exists(db, "engagements", later_engagements(now))

    with publish.replacing(db, "hashtagStats", now, "updatedAt", may_be_empty=True) as successor:
        publish.fill(db, "contents", hashtag_statistics(now, statistics, replay), successor)
        left = sum(map(len, publish.leaving(db, "hashtagStats", successor)))
    mistyped = {"hashtags": {"$exists": True, "$not": {"$type": ["array", "null"]}}, "createdAt": {"$lte": now}}
    rejected = reads.count(db, "contents", mistyped)
    hashtags = reads.count(db, "hashtagStats", {})
    return {"hashtags": hashtags, "left": left, "rejected": {"hashtags": rejected} if rejected else {}}
