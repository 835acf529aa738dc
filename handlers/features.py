"""Entries of the features stage."""

from datetime import datetime
from typing import Any

from features.jobs import cascade_answers, cascades, statistics
from handlers.runtime import Event, job, service
from store.client import Databases


@job("contentStats")
def content_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: contentStats from app-db.contents."""
    return statistics.update_content_stats(db, now)


@job("creatorStats")
def creator_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: creatorStats from app-db.users and contents."""
    return statistics.update_creator_stats(db, now)


@job("cascadeStats")
def cascade_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: cascades, the trees of reshares, from app-db.contents and what tells of parents."""
    return cascades.update_cascades(db, now)


@service
def cascade(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """The reshare tree of {"contentId"}."""
    return cascade_answers.find_tree(db, event.get("contentId"), now)
