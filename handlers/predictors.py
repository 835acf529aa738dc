"""Entries of the predictors stage."""

from datetime import datetime
from typing import Any

from handlers.runtime import Event, job
from store.client import Databases


@job("coldstartPredictor")
def coldstart_predictor(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Hourly, after the statistics: the guest feed of every country."""
    from predictors.jobs import guest_feed

    return guest_feed.publish_guest_feed(db, now)
