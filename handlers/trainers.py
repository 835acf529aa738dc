"""Entries of the trainers stage."""

from datetime import datetime
from typing import Any

from handlers.runtime import Event, job
from store.client import Databases


@job("coldstartTrainer")
def coldstart_trainer(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Daily: the guest rankers of all countries."""
    from trainers.jobs import country

    return country.train_countries(db, now)
