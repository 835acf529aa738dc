"""Content and creator statistics: aggregated inside the server, from app-db into analytics-db."""

from datetime import datetime
from typing import Any

from features.statistics.bots import acts_of
from features.statistics.hashtags import hashtag_statistics
from features.statistics.pipelines import (
    Statistics,
    content_statistics,
    creator_statistics,
    later_engagements,
    reasons_counted,
    without_contents,
)
from store import publish, queries
from store.client import Databases
from store.outputs import fraud_cases
from store.schema import ensure_indexes

Counts = dict[str, Any]


def update_content_stats(
    db: Databases, now: datetime, statistics: Statistics = Statistics(), discount_bots: bool = True
) -> Counts:
    """contentStats as of `now`: every published content of the window; what is older or no longer published leaves."""
    ensure_indexes(db, "contents", "engagements", "contentStats")
    replay = queries.exists(db, "engagements", later_engagements(now))
    bots = _acts_of_bots(db) if discount_bots else None
    with publish.replacing(db, "contentStats", now, "updatedAt", may_be_empty=True) as successor:
        publish.fill(db, "contents", content_statistics(now, statistics, replay, bots), successor)
        left = sum(map(len, publish.leaving(db, "contentStats", successor)))
    return {
        "contents": queries.count(db, "contentStats", {}),
        "left": left,
        "later": queries.count(db, "contents", {"createdAt": {"$gt": now}}),
        "replayed": int(replay),
        "rejected": _rejected(db, "contentStats", createdAt=queries.count_without_date(db, "contents", "createdAt")),
    }


def update_creator_stats(
    db: Databases, now: datetime, statistics: Statistics = Statistics(), discount_bots: bool = True
) -> Counts:
    """creatorStats as of `now`: every user, with the contents of the window; who has none left stays with zeros."""
    ensure_indexes(db, "contents", "engagements", "users", "creatorStats")
    replay = queries.exists(db, "engagements", later_engagements(now))
    bots = _acts_of_bots(db) if discount_bots else None
    with publish.replacing(db, "creatorStats", now, "updatedAt", may_be_empty=True) as successor:
        publish.fill(db, "contents", creator_statistics(now, statistics, replay, bots), successor)
        emptied = sum(_kept(db, ids, successor) for ids in publish.leaving(db, "creatorStats", successor))
    return {
        "creators": queries.count(db, "creatorStats", {}),
        "withContents": queries.count(db, "creatorStats", {"contentCount": {"$gt": 0}}),
        "emptied": emptied,
        "rejected": _rejected(db, "creatorStats"),
    }


def _acts_of_bots(db: Databases) -> dict[str, Any] | None:
    """A filter on the engagements of likely bots, None when there are none."""
    accounts = fraud_cases.likely_bot_accounts(db)
    return acts_of(accounts, fraud_cases.users_of(db, accounts)) if accounts else None


def _kept(db: Databases, ids: list[Any], successor: publish.Generation) -> int:
    """Creators whom the app no longer has stay; how many of them had contents until now."""
    publish.keep(db, "creatorStats", ids, without_contents(), successor)
    return queries.count(db, "creatorStats", {"_id": {"$in": ids}, "contentCount": {"$gt": 0}})


def _rejected(db: Databases, name: str, **more: int) -> dict[str, int]:
    inside = {each["_id"]: each["count"] for each in queries.stream(db, name, reasons_counted())}
    return inside | {reason: count for reason, count in more.items() if count}


def update_hashtag_stats(db: Databases, now: datetime, statistics: Statistics = Statistics()) -> dict[str, Any]:
    """hashtagStats as of `now`; hashtags that no published content of the window carries leave."""
    ensure_indexes(db, "contents", "engagements", "hashtagStats")
    replay = queries.exists(db, "engagements", later_engagements(now))

    with publish.replacing(db, "hashtagStats", now, "updatedAt", may_be_empty=True) as successor:
        publish.fill(db, "contents", hashtag_statistics(now, statistics, replay), successor)
        left = sum(map(len, publish.leaving(db, "hashtagStats", successor)))
    mistyped = {"hashtags": {"$exists": True, "$not": {"$type": ["array", "null"]}}, "createdAt": {"$lte": now}}
    rejected = queries.count(db, "contents", mistyped)
    hashtags = queries.count(db, "hashtagStats", {})
    return {"hashtags": hashtags, "left": left, "rejected": {"hashtags": rejected} if rejected else {}}
