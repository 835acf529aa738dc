"""rankingEvaluation: yesterday's requests judged by rankers that saw only what lies before them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from features.jobs.history import read_history
from features.matrix import MEMBER_COLUMNS, build
from features.milliseconds import DAY_MS, to_ms
from features.ranking.history import History
from features.ranking.indexes import Known, index
from store.client import Databases
from store.schema import collection, ensure_indexes
from trainers.evaluation import walk_forward
from trainers.evaluation.drift import stability_index
from trainers.evaluation.report import report
from trainers.evaluation.walk_forward import Plan
from trainers.rows.requests import Choice, Requests, choices, requests
from trainers.rows.sampling import joined


@dataclass(frozen=True)
class Config:
    """What is judged, and what is a drop."""

    plan: Plan = field(default_factory=lambda: Plan(first_tries=False))
    most_asked: int = 120  # requests, drawn at random
    most_compared: int = 20  # requests of each side whose candidates are compared for drift
    drop: float = 0.2  # share of the last week's mean NDCG@10 that may be lost before it alarms
    drifted: float = 0.25  # stability index above which a column has moved


def evaluate_yesterday(db: Databases, now: datetime, config: Config = Config()) -> dict[str, Any]:
    """The report of the last day whose engagements are complete; `alarm` is 1 when personal ranking dropped."""
    until = now - timedelta(days=1)
    since = until - timedelta(days=1)
    oldest = since - timedelta(days=config.plan.learn_days + config.plan.window_days)
    history = read_history(db, oldest, now)

    known = index(history)
    asked = _asked(history, since, until, config)
    learnt = _asked(history, oldest, since - timedelta(days=1), config)
    if not asked or not learnt:
        return {"requests": 0, "alarm": 0, "rejected": dict(history.rejected)}
    rankers = walk_forward.train(history, known, to_ms(since), config.plan)
    judged = walk_forward.judge(history, known, rankers, asked, {}, config.plan.seed)
    made = report(judged, history.languages, config.plan.seed)
    made["drift"] = drift(history, known, learnt[: config.most_compared], asked[: config.most_compared])

    personal = made["rankers"]["personal"]["ndcg@10"]
    alarm = int(personal < (1 - config.drop) * _last_week(db, now, otherwise=personal))
    _write(db, now, made | {"alarm": alarm})
    moved = sum(value > config.drifted for value in made["drift"].values())
    return {"requests": len(asked), "alarm": alarm, "driftedColumns": moved, "rejected": dict(history.rejected)}


def drift(history: History, known: Known, before: list[Choice], after: list[Choice]) -> dict[str, float]:
    """The stability index of every column between earlier requests' candidates and these."""
    old, new = (build(known, joined([each.rows(history) for each in some]), MEMBER_COLUMNS) for some in (before, after))
    pairs = zip(MEMBER_COLUMNS, old.T.astype(np.float64), new.T.astype(np.float64), strict=True)
    return {name: stability_index(earlier, later) for name, earlier, later in pairs}


def _asked(history: History, since: datetime, until: datetime, config: Config) -> list[Choice]:
    first, last = (to_ms(moment) for moment in (since, until))
    first = max(first, last - 7 * DAY_MS)
    asked = requests(history, first, last)
    some = np.random.default_rng(config.plan.seed).permutation(len(asked))[: config.most_asked]
    return list(choices(history, Requests(asked.account[some], asked.time_ms[some]), config.plan.window_days))


def _last_week(db: Databases, now: datetime, otherwise: float) -> float:
    week = {"time": {"$gte": now - timedelta(days=7), "$lt": now}}
    found = [each["report"]["rankers"]["personal"]["ndcg@10"] for each in collection(db, "evaluations").find(week)]
    return sum(found) / len(found) if found else otherwise


def _write(db: Databases, now: datetime, made: dict[str, Any]) -> None:
    ensure_indexes(db, "evaluations")
    document = {"time": now, "report": _plain(made)}
    collection(db, "evaluations").replace_one({"_id": f"ranking {now:%Y-%m-%d}"}, document, upsert=True)


def _plain(value: Any) -> Any:
    """The same with numpy's numbers as Python's and keys that MongoDB takes everywhere."""
    if isinstance(value, dict):
        return {str(key).replace(".", "_"): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value
