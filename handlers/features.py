"""Entries of the features stage."""

from datetime import datetime
from typing import Any

from handlers.job import job, service
from handlers.runtime import Event, clock
from store import settings
from store.change_streams import read_change, read_changes
from store.client import Databases


@job("contentStats")
def content_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: contentStats from app-db.contents."""
    from features.jobs import statistics

    return statistics.update_content_stats(db, now, discount_bots=settings.thresholds(db).discount_bots)


@job("creatorStats")
def creator_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: creatorStats from app-db.users and contents."""
    from features.jobs import statistics

    return statistics.update_creator_stats(db, now, discount_bots=settings.thresholds(db).discount_bots)


@job("cascadeStats")
def cascade_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: cascades, the trees of reshares, from app-db.contents and the parents that they name."""
    from features.jobs import cascades

    return cascades.update_cascades(db, now)


@service
def cascade(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """The reshare tree of {"contentId"}."""
    from features.jobs import cascade_lookup

    return cascade_lookup.find_tree(db, event.get("contentId"), now)


@job("hashtagStats")
def hashtag_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: hashtagStats from app-db.contents."""
    from features.jobs import statistics

    return statistics.update_hashtag_stats(db, now)


@job("topicsClassify", exclusive=False, resumable=True, check_erasure=False)
def topics_classify(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Change of app-db.contents, {"contents": [hex…]}, or neither to catch up: contentinfo and topics."""
    from features.jobs import texts
    from handlers.text_analyzer import text_analyzer

    return texts.classify_contents(db, now, read_change(event, "contents"), texts.Config(text_analyzer(db, now)))


@job("visibilityChanged", exclusive=False, check_erasure=False)
def visibility_changed(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Change of app-db.users or accounts, {"users": [hex…]}, {"accounts": [hex…]}, or none: what is hidden leaves."""
    from features.jobs import visibility

    return visibility.withdraw_hidden(db, read_changes(event, ("users", "accounts")))


@job("karmaStats")
def karma_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: karma by user and category, from app-db.contents and engagements."""
    from features.jobs import karma

    return karma.update_karma(db, now)


@service
def karma_evaluation(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Karma as of {"since"}, compared with what users earned until {"until"}."""
    from features.jobs import karma_evaluation

    return karma_evaluation.evaluate_karma(db, _moment(event, "since"), _moment(event, "until"))


def _moment(event: Event, field: str) -> datetime:
    try:
        return clock({"time": event[field]})
    except (KeyError, ValueError):
        raise ValueError(f"{field}: {str(event.get(field))[:60]} is not ISO 8601, like 2026-01-31T12:00:00Z") from None
