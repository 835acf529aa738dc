"""Cold start: the same requests, with only the member's latest engagements known."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from features.arrays import Floats
from features.milliseconds import HOUR_MS
from features.ranking.boosters import predict_log_odds
from features.ranking.history import Events, History
from features.ranking.indexes import HistoryIndex
from predictors.personal.request import Request, Viewer, select_contents, viewer_from_history
from predictors.snapshot import snapshot
from predictors.snapshot.snapshot import Snapshot
from trainers.evaluation.metrics import interval_over_people, quality
from trainers.evaluation.walk_forward import Rankers
from trainers.member_booster import guest_margin
from trainers.rows.requests import CandidateSet

KNOWN = (0, 1, 3, 10, 30)  # engagements; 0 means no exposures either
_MAX_REQUESTS = 200


def cold(
    history: History,
    known: HistoryIndex,
    rankers: Rankers,
    requests: Sequence[CandidateSet],
    before: Sequence[int],
    since_ms: int,
) -> dict[str, Any]:
    """Returns NDCG@10 of requests by members with at least 30 engagements, by how many of the latest are known.

    `before`: engagements before each request. `share`: the gain of 3 engagements as a part of the gain of 30.
    """
    active = [request for request, count in zip(requests, before, strict=True) if count >= KNOWN[-1]][:_MAX_REQUESTS]
    if not active:
        return {"requests": 0}
    figures = np.array(
        [_figures(history, known, rankers, request, since_ms) for request in active]
    )  # (requests, KNOWN)
    account = np.array([request.account for request in active])
    mean = figures.mean(axis=0)
    gained = figures - figures[:, :1]
    three, thirty = gained[:, KNOWN.index(3)], gained[:, -1]
    return {
        "requests": len(active),
        "ndcg@10": {str(count): float(value) for count, value in zip(KNOWN, mean, strict=True)},
        "gain": {
            "3": list(interval_over_people(three, account, 7)),
            "30": list(interval_over_people(thirty, account, 7)),
        },
        "share": float(three.mean() / thirty.mean()) if thirty.mean() > 0 else None,
    }


def _figures(
    history: History, known: HistoryIndex, rankers: Rankers, candidates: CandidateSet, since_ms: int
) -> list[float]:
    now = snapshot.take(known, since_ms, candidates.time_ms // HOUR_MS * HOUR_MS)
    viewer = viewer_from_history(history, candidates.account, candidates.time_ms)
    ties = np.random.default_rng(candidates.time_ms).random(len(candidates.content))
    return [
        quality(_scores(now, _with_latest(viewer, count), rankers, candidates), candidates.relevant, ties).ndcg
        for count in KNOWN
    ]


def _with_latest(viewer: Viewer, count: int) -> Viewer:
    """Returns the member with a past that begins at the latest `count` engagements."""
    times = np.sort(viewer.engagements.time_ms)[::-1]
    begin = times[count - 1] if count else np.inf
    return replace(viewer, engagements=_since(viewer.engagements, begin), exposures=_since(viewer.exposures, begin))


def _since(events: Events, begin_ms: float) -> Events:
    late = events.time_ms >= begin_ms
    return Events(*(column[late] for column in vars(events).values()))


def _scores(now: Snapshot, viewer: Viewer, rankers: Rankers, candidates: CandidateSet) -> Floats:
    nothing = select_contents(now.contents, np.zeros(0, dtype=np.int64))
    matrix = Request(now, viewer, candidates.time_ms, nothing).matrix(candidates.content)
    country = np.full(len(matrix), viewer.country)
    return guest_margin(rankers.boosters, matrix, country) + predict_log_odds(rankers.members, matrix)
