"""Entries of the trainers stage."""

from datetime import datetime
from typing import Any

from handlers.job import ANSWER, job
from handlers.runtime import Event, processors
from handlers.training_queue import handle_shards, sender
from store import settings
from store.client import Databases


@job("coldstartTrainer")
def coldstart_trainer(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Daily: the guest rankers of all countries."""
    from trainers.jobs import countries

    return countries.train_countries(db, now, countries.Config(discount_bots=settings.thresholds(db).discount_bots))


@job("personalizeContentTrainer", resumable=True)
def personalize_content_trainer(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Daily: the members' booster, and the effects of members whose data changed, by the queue or here.

    With {"answer": "shards"} the answer names the shards, and the caller trains them.
    """
    from trainers.jobs import members

    names: list[str] | None = [] if event.get(ANSWER) == "shards" else None
    config = members.Config(discount_bots=settings.thresholds(db).discount_bots, processes=processors())
    counts = members.train_all_members(db, now, sender() if names is None else names.append, config)
    return counts if names is None else counts | {"names": names}


@job("personalizeContentWorker", exclusive=False, check_erasure=False)
def personalize_content_worker(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Messages of the queue: the member effects of each shard; the queue delivers failed messages again."""
    from store.outputs import training_shards
    from trainers.jobs import members

    def work(shard: str) -> dict[str, int]:
        if training_shards.is_done(db, shard):
            return {"again": 1}
        counts = members.train_shard(db, now, shard)
        training_shards.mark_done(db, shard)
        return counts

    return handle_shards(event, work)


@job("rankingEvaluation")
def ranking_evaluation(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
    """Daily, before the training: evaluates the rankers on yesterday's requests."""
    from trainers.jobs import ranking_evaluation

    return ranking_evaluation.evaluate_yesterday(db, now)
