"""Walk-forward evaluation of all rankers over a period."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from features.jobs.history import read_history
from features.milliseconds import from_ms, to_ms
from features.ranking.history import History
from features.ranking.indexes import build_index
from lab.evaluate.cold import cold
from lab.evaluate.recall import recalls
from store.client import Databases
from trainers.evaluation import baselines, report, walk_forward
from trainers.evaluation.walk_forward import Plan, Scorer
from trainers.rows.requests import CandidateSet, candidate_sets, find_requests


def evaluate(db: Databases, since: datetime, until: datetime, plan: Plan, truth: Path | None = None) -> dict[str, Any]:
    """Returns the report of `feedpulse evaluate ranking`; `truth` is the simulator's truth.jsonl, which adds a ranker.

    Raises:
        ValueError: when no request of the period, or none before it, has an engagement.
    """
    started = time.perf_counter()
    oldest = since - timedelta(days=plan.learn_days + plan.window_days)
    end = until + timedelta(days=1)
    history = read_history(db, oldest, end)
    known = build_index(history)
    requests = list(candidate_sets(history, find_requests(history, to_ms(since), to_ms(until)), plan.window_days))
    requests = _sample(requests, plan.max_requests, plan.seed)
    if not requests:
        raise ValueError(f"no member engages between {since:%Y-%m-%d} and {until:%Y-%m-%d}: choose another --since")
    rankers = walk_forward.train(history, known, to_ms(since), plan)
    evaluation = walk_forward.evaluate(history, known, rankers, requests, _extra_rankers(history, truth), plan.seed)
    result = report.report(evaluation, history.languages, plan.seed)
    result["candidates"] = recalls(history, known, requests, to_ms(oldest), plan.seed)
    result["cold"] = cold(history, known, rankers, requests, evaluation.engaged_before.tolist(), to_ms(oldest))
    return result | {"trained": rankers.report, "seconds": round(time.perf_counter() - started, 1)}


def _extra_rankers(history: History, truth: Path | None) -> dict[str, Scorer]:
    """Returns the rankers that need more than the matrix: factorisations and the simulator's truth."""
    extra = {"als": _by_content(baselines.als(history)), "bpr": _by_content(baselines.bpr(history))}
    return extra | ({"truth": _true_scorer(history, truth)} if truth else {})


def _by_content(scorer: baselines.ContentScorer) -> Scorer:
    return lambda candidates: scorer(candidates.account, candidates.time_ms, candidates.content)


def _true_scorer(history: History, path: Path) -> Scorer:
    from lab.simulate import TrueWorld, true_score
    from store.columns import hex_ids

    world, content, account = TrueWorld.read(path), hex_ids(history.contents.id), hex_ids(history.account_id)

    def score(candidates: CandidateSet) -> Any:
        moment = from_ms(candidates.time_ms)
        ids = [content[row] for row in candidates.content]
        return true_score(world, [account[candidates.account]], ids, moment)[0]

    return score


def _sample(requests: list[CandidateSet], most: int | None, seed: int) -> list[CandidateSet]:
    if most is None or len(requests) <= most:
        return requests
    chosen = np.random.default_rng(seed).choice(len(requests), most, replace=False)
    return [requests[number] for number in np.sort(chosen)]
