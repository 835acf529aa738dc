"""Walks all rankers forward over a period."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from features.jobs.history import read_history
from features.milliseconds import from_ms, to_ms
from features.ranking.history import History
from features.ranking.indexes import index
from lab.evaluate.cold import cold
from lab.evaluate.recall import recalls
from store.client import Databases
from trainers.evaluation import baselines, report, walk_forward
from trainers.evaluation.walk_forward import Plan, Scorer
from trainers.rows.requests import Choice, choices, requests


def evaluate(db: Databases, since: datetime, until: datetime, plan: Plan, truth: Path | None = None) -> dict[str, Any]:
    """The report of `feedpulse evaluate ranking`; `truth` is the simulator's truth.jsonl, which adds its ranker.

    Raises:
        ValueError: when no request of the period has an engagement to judge by, or none before it to learn from.
    """
    started = time.perf_counter()
    oldest = since - timedelta(days=plan.learn_days + plan.window_days)
    end = until + timedelta(days=1)
    history = read_history(db, oldest, end)
    known = index(history)
    asked = list(choices(history, requests(history, to_ms(since), to_ms(until)), plan.window_days))
    asked = _some(asked, plan.most_asked, plan.seed)
    if not asked:
        raise ValueError(f"no member engages between {since:%Y-%m-%d} and {until:%Y-%m-%d}: choose another --since")
    rankers = walk_forward.train(history, known, to_ms(since), plan)
    judged = walk_forward.judge(history, known, rankers, asked, _more(history, truth), plan.seed)
    made = report.report(judged, history.languages, plan.seed)
    made["candidates"] = recalls(history, known, asked, to_ms(oldest), plan.seed)
    made["cold"] = cold(history, known, rankers, asked, judged.engaged_before.tolist(), to_ms(oldest))
    return made | {"trained": rankers.report, "seconds": round(time.perf_counter() - started, 1)}


def _more(history: History, truth: Path | None) -> dict[str, Scorer]:
    """Rankers that need more than the matrix: the factorisations, and the simulator's truth."""
    more = {"als": _by_id(baselines.als(history)), "bpr": _by_id(baselines.bpr(history))}
    return more | ({"truth": _true_scorer(history, truth)} if truth else {})


def _by_id(judge: baselines.Judge) -> Scorer:
    return lambda choice: judge(choice.account, choice.time_ms, choice.content)


def _true_scorer(history: History, path: Path) -> Scorer:
    from lab.simulate import TrueWorld, true_score
    from store.columns import hex_ids

    world, content, account = TrueWorld.read(path), hex_ids(history.contents.id), hex_ids(history.account_id)

    def score(choice: Choice) -> Any:
        asked_at = from_ms(choice.time_ms)
        return true_score(world, [account[choice.account]], [content[row] for row in choice.content], asked_at)[0]

    return score


def _some(asked: list[Choice], most: int | None, seed: int) -> list[Choice]:
    if most is None or len(asked) <= most:
        return asked
    chosen = np.random.default_rng(seed).choice(len(asked), most, replace=False)
    return [asked[number] for number in np.sort(chosen)]
