"""Entries of the trainers stage."""

from datetime import datetime
from typing import Any

from handlers.queue import sender, shards_of
from handlers.runtime import Event, service
from handlers.switches import job
from store import settings
from store.client import Databases


@job("coldstartTrainer")
def coldstart_trainer(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Daily: the guest rankers of all countries."""
    from trainers.jobs import country

    return country.train_countries(db, now, country.Config(discount_bots=settings.thresholds(db).discount_bots))


@job("personalizeContentTrainer")
def personalize_content_trainer(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Daily: the members' booster, and own models of the members whose data changed, over the queue or here."""
    from trainers.jobs import members

    config = members.Config(discount_bots=settings.thresholds(db).discount_bots)
    return members.train_all_members(db, now, sender(), config)


@service
def personalize_content_worker(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Messages of the queue: own models of the members of each shard; failed messages come back by themselves."""
    from trainers.jobs import members

    return shards_of(event, lambda shard: members.train_shard(db, now, shard))


@job("rankingEvaluation")
def ranking_evaluation(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Daily, before the training: yesterday's requests, judged."""
    from trainers.jobs import evaluation

    return evaluation.evaluate_yesterday(db, now)
