"""Content and creator statistics: aggregated inside the server, from app-db into analytics-db."""

from datetime import datetime
from typing import Any

from features.discount import acts_of
from features.statistics import (
    Statistics,
    content_statistics,
    creator_statistics,
    later_engagements,
    reasons_counted,
    without_contents,
)
from store import publish, reads, suspects
from store.client import Databases
from store.schema import collection, ensure_indexes

Counts = dict[str, Any]


def update_content_stats(
    db: Databases, now: datetime, statistics: Statistics = Statistics(), discount_bots: bool = True
) -> Counts:
    """contentStats as of `now`: every published content of the window; what is older or no longer published leaves."""
    ensure_indexes(db, "contents", "engagements", "contentStats")
    replay = reads.exists(db, "engagements", later_engagements(now))
    bots = _acts_of_bots(db) if discount_bots else None
    _forget_clock(db, "contentStats", now)

    publish.merge_into(db, "contents", content_statistics(now, statistics, replay, bots), "contentStats")

    left = collection(db, "contentStats").delete_many({"updatedAt": {"$ne": now}}).deleted_count
    return {
        "contents": reads.count(db, "contentStats", {}),
        "left": left,
        "later": reads.count(db, "contents", {"createdAt": {"$gt": now}}),
        "replayed": int(replay),
        "rejected": _rejected(db, "contentStats", createdAt=reads.count_without_date(db, "contents", "createdAt")),
    }


def update_creator_stats(
    db: Databases, now: datetime, statistics: Statistics = Statistics(), discount_bots: bool = True
) -> Counts:
    """creatorStats as of `now`: every user, with the contents of the window; who has none left stays with zeros."""
    ensure_indexes(db, "contents", "engagements", "users", "creatorStats")
    replay = reads.exists(db, "engagements", later_engagements(now))
    bots = _acts_of_bots(db) if discount_bots else None
    _forget_clock(db, "creatorStats", now)

    publish.merge_into(db, "contents", creator_statistics(now, statistics, replay, bots), "creatorStats")

    idle = {"contentCount": {"$gt": 0}, "updatedAt": {"$ne": now}}
    emptied = collection(db, "creatorStats").update_many(idle, without_contents()).modified_count
    return {
        "creators": reads.count(db, "creatorStats", {}),
        "withContents": reads.count(db, "creatorStats", {"contentCount": {"$gt": 0}}),
        "emptied": emptied,
        "rejected": _rejected(db, "creatorStats"),
    }


def _acts_of_bots(db: Databases) -> dict[str, Any] | None:
    """A filter on the engagements of likely bots, None when there are none."""
    accounts = suspects.likely_bot_accounts(db)
    return acts_of(accounts, suspects.users_of(db, accounts)) if accounts else None


def _forget_clock(db: Databases, name: str, now: datetime) -> None:
    """After an earlier run at the same clock: what has left since then would look as if this run had counted it."""
    collection(db, name).update_many({"updatedAt": now}, {"$unset": {"updatedAt": ""}})


def _rejected(db: Databases, name: str, **more: int) -> dict[str, int]:
    inside = {each["_id"]: each["count"] for each in reads.stream(db, name, reasons_counted())}
    return inside | {reason: count for reason, count in more.items() if count}
