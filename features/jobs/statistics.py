"""Content, creator and hashtag statistics: aggregated inside the server, from app-db into analytics-db."""

from datetime import datetime
from typing import Any

from features.statistics.bots import engagements_of
from features.statistics.hashtags import hashtag_statistics
from features.statistics.pipelines import (
    Statistics,
    content_statistics,
    count_reasons,
    creator_statistics,
    later_engagements,
    without_contents,
)
from store import publish, queries
from store.client import Databases
from store.inputs import hashtag_forms
from store.inputs.visibility import read_hidden
from store.outputs import fraud_cases
from store.schema import ensure_indexes

Counts = dict[str, Any]


def update_content_stats(
    db: Databases, now: datetime, statistics: Statistics = Statistics(), discount_bots: bool = True
) -> Counts:
    """Writes contentStats as of `now`: every public content of the window, and no others."""
    ensure_indexes(db, "contents", "engagements", "contentStats")
    replay = queries.exists(db, "engagements", later_engagements(now))
    bots = _bot_engagements(db) if discount_bots else None
    with publish.replacing(db, "contentStats", now, "updatedAt", may_be_empty=True) as successor:
        publish.fill(db, "contents", content_statistics(now, statistics, read_hidden(db), replay, bots), successor)
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
    """Writes creatorStats as of `now`: every public user with the contents of the window.

    Users without any have zeros, also those that the app no longer has.
    """
    ensure_indexes(db, "contents", "engagements", "users", "creatorStats")
    replay = queries.exists(db, "engagements", later_engagements(now))
    bots = _bot_engagements(db) if discount_bots else None
    hidden = read_hidden(db)
    with publish.replacing(db, "creatorStats", now, "updatedAt", may_be_empty=True) as successor:
        publish.fill(db, "contents", creator_statistics(now, statistics, hidden, replay, bots), successor)
        hidden_users = set(hidden.users)
        emptied = sum(
            _keep_departed(db, [user for user in ids if user not in hidden_users], successor)
            for ids in publish.leaving(db, "creatorStats", successor)
        )
    return {
        "creators": queries.count(db, "creatorStats", {}),
        "withContents": queries.count(db, "creatorStats", {"contentCount": {"$gt": 0}}),
        "emptied": emptied,
        "rejected": _rejected(db, "creatorStats"),
    }


def _bot_engagements(db: Databases) -> dict[str, Any] | None:
    """Returns a filter on the engagements of likely bots, None when there are none."""
    accounts = fraud_cases.likely_bot_accounts(db)
    return engagements_of(accounts, fraud_cases.users_of(db, accounts)) if accounts else None


def _keep_departed(db: Databases, ids: list[Any], successor: publish.Generation) -> int:
    """Keeps creators that the app no longer has; returns how many of them had contents until now."""
    publish.keep(db, "creatorStats", ids, without_contents(), successor)
    return queries.count(db, "creatorStats", {"_id": {"$in": ids}, "contentCount": {"$gt": 0}})


def _rejected(db: Databases, name: str, **more: int) -> dict[str, int]:
    stored = {row["_id"]: row["count"] for row in queries.stream(db, name, count_reasons())}
    return stored | {reason: count for reason, count in more.items() if count}


def update_hashtag_stats(db: Databases, now: datetime, statistics: Statistics = Statistics()) -> dict[str, Any]:
    """Writes hashtagStats as of `now`: every hashtag of the public contents of the window, and no others."""
    ensure_indexes(db, "contents", "engagements", "hashtagStats")
    replay = queries.exists(db, "engagements", later_engagements(now))

    forms = hashtag_forms.read_forms(db, statistics.since(now), now)
    with publish.replacing(db, "hashtagStats", now, "updatedAt", may_be_empty=True) as successor:
        publish.fill(db, "contents", hashtag_statistics(now, statistics, read_hidden(db), replay, forms), successor)
        left = sum(map(len, publish.leaving(db, "hashtagStats", successor)))
    mistyped = {"hashtags": {"$exists": True, "$not": {"$type": ["array", "null"]}}, "createdAt": {"$lte": now}}
    rejected = queries.count(db, "contents", mistyped)
    hashtags = queries.count(db, "hashtagStats", {})
    return {"hashtags": hashtags, "left": left, "rejected": {"hashtags": rejected} if rejected else {}}
