"""rankingEvaluation: evaluates rankers on yesterday's requests, trained only on earlier events."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from features.jobs.history import read_history
from features.matrix import MEMBER_COLUMNS, build
from features.milliseconds import DAY_MS, to_ms
from features.ranking.history import History
from features.ranking.indexes import HistoryIndex, build_index
from store.client import Databases
from store.schema import collection, ensure_indexes
from trainers.evaluation import walk_forward
from trainers.evaluation.drift import stability_index
from trainers.evaluation.report import report
from trainers.evaluation.walk_forward import Plan
from trainers.rows.requests import CandidateSet, Requests, candidate_sets, find_requests
from trainers.rows.sampling import joined


@dataclass(frozen=True)
class Config:
    """Evaluation size and the limits of the alarms."""

    plan: Plan = field(default_factory=lambda: Plan(first_tries=False))
    max_requests: int = 120  # drawn at random
    max_compared: int = 20  # requests of each side whose candidates are compared for drift
    drop: float = 0.2  # share of last week's mean NDCG@10; a larger loss alarms
    drifted: float = 0.25  # stability index above which a column has moved


def evaluate_yesterday(db: Databases, now: datetime, config: Config = Config()) -> dict[str, Any]:
    """Reports the last day whose engagements are complete; `alarm` is 1 when personal ranking dropped."""
    until = now - timedelta(days=1)
    since = until - timedelta(days=1)
    oldest = since - timedelta(days=config.plan.learn_days + config.plan.window_days)
    history = read_history(db, oldest, now)

    known = build_index(history)
    requests = _sample_requests(history, since, until, config)
    earlier = _sample_requests(history, oldest, since - timedelta(days=1), config)
    if not requests or not earlier:
        return {"requests": 0, "alarm": 0, "rejected": dict(history.rejected)}
    rankers = walk_forward.train(history, known, to_ms(since), config.plan)
    evaluation = walk_forward.evaluate(history, known, rankers, requests, {}, config.plan.seed)
    document = report(evaluation, history.languages, config.plan.seed)
    document["drift"] = drift(history, known, earlier[: config.max_compared], requests[: config.max_compared])

    personal = document["rankers"]["personal"]["ndcg@10"]
    alarm = int(personal < (1 - config.drop) * _last_week(db, now, otherwise=personal))
    _write(db, now, document | {"alarm": alarm})
    moved = sum(value > config.drifted for value in document["drift"].values())
    return {"requests": len(requests), "alarm": alarm, "driftedColumns": moved, "rejected": dict(history.rejected)}


def drift(
    history: History, known: HistoryIndex, before: list[CandidateSet], after: list[CandidateSet]
) -> dict[str, float]:
    """Returns the stability index of every column, from candidates of earlier requests to those of later ones."""
    old, new = (
        build(known, joined([request.rows(history) for request in requests]), MEMBER_COLUMNS)
        for requests in (before, after)
    )
    pairs = zip(MEMBER_COLUMNS, old.T.astype(np.float64), new.T.astype(np.float64), strict=True)
    return {name: stability_index(earlier, later) for name, earlier, later in pairs}


def _sample_requests(history: History, since: datetime, until: datetime, config: Config) -> list[CandidateSet]:
    first, last = (to_ms(moment) for moment in (since, until))
    first = max(first, last - 7 * DAY_MS)
    requests = find_requests(history, first, last)
    chosen = np.random.default_rng(config.plan.seed).permutation(len(requests))[: config.max_requests]
    return list(
        candidate_sets(history, Requests(requests.account[chosen], requests.time_ms[chosen]), config.plan.window_days)
    )


def _last_week(db: Databases, now: datetime, otherwise: float) -> float:
    week = {"time": {"$gte": now - timedelta(days=7), "$lt": now}}
    documents = collection(db, "evaluations").find(week)
    figures = [document["report"]["rankers"]["personal"]["ndcg@10"] for document in documents]
    return sum(figures) / len(figures) if figures else otherwise


def _write(db: Databases, now: datetime, report: dict[str, Any]) -> None:
    ensure_indexes(db, "evaluations")
    document = {"time": now, "report": _plain(report)}
    collection(db, "evaluations").replace_one({"_id": f"ranking {now:%Y-%m-%d}"}, document, upsert=True)


def _plain(value: Any) -> Any:
    """Returns the value with Python numbers and with keys that MongoDB accepts everywhere."""
    if isinstance(value, dict):
        return {str(key).replace(".", "_"): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
