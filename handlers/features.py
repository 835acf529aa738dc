"""Entries of the features stage."""

from datetime import datetime
from typing import Any

from features.jobs import statistics
from handlers.runtime import Event, job
from store.client import Databases


@job("contentStats")
def content_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: contentStats from app-db.contents."""
    return statistics.update_content_stats(db, now)


@job("creatorStats")
def creator_stats(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly: creatorStats from app-db.users and contents."""
    return statistics.update_creator_stats(db, now)
