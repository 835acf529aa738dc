"""Recall of the candidate sources: the share of a member's later engagements that they find."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from features.milliseconds import HOUR_MS
from features.ranking.history import History
from features.ranking.indexes import HistoryIndex
from predictors.personal.filters import FILTERS, filter_pool
from predictors.personal.request import Request, select_contents, viewer_from_history
from predictors.personal.sources import SOURCES, merge_sources, retrieve
from predictors.snapshot import snapshot
from trainers.evaluation.metrics import interval_over_people
from trainers.rows.requests import CandidateSet

MOST = 300  # candidates of a source
_MAX_REQUESTS = 200  # each hour with a request takes one snapshot


def recalls(
    history: History, known: HistoryIndex, requests: Sequence[CandidateSet], since_ms: int, seed: int
) -> dict[str, Any]:
    """Returns by source, and for all sources together, the share of later engagements among the candidates.

    Candidates are retrieved as in serving: from the snapshot of the last full hour, without seen posts.
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(requests))[:_MAX_REQUESTS])
    chosen_requests = sorted((requests[number] for number in chosen.tolist()), key=lambda request: request.time_ms)
    account = np.array([request.account for request in chosen_requests])
    shares: dict[str, list[tuple[float, int]]] = {}
    pools = _retrieved(history, known, chosen_requests, since_ms)
    for request, pool in zip(chosen_requests, pools, strict=True):
        relevant = request.content[request.relevant]
        for name, rows in {"all": merge_sources(pool)[0], **pool}.items():
            shares.setdefault(name, []).append((float(np.isin(relevant, rows).mean()), len(rows)))
    return {name: _figures(np.array(values), account, seed) for name, values in shares.items()}


def _retrieved(
    history: History, known: HistoryIndex, requests: Sequence[CandidateSet], since_ms: int
) -> Iterator[Mapping[str, Ints]]:
    """Yields the candidates by source for each request; `requests` are sorted by time."""
    hour, now = -1, None
    for request in requests:
        if now is None or request.time_ms // HOUR_MS != hour:
            hour = request.time_ms // HOUR_MS
            now = snapshot.take(known, since_ms, hour * HOUR_MS)
        nothing = select_contents(now.contents, np.zeros(0, dtype=np.int64))
        viewer = viewer_from_history(history, request.account, request.time_ms)
        served = Request(now, viewer, request.time_ms, nothing)
        yield filter_pool(served, retrieve(served, SOURCES), FILTERS, MOST)


def _figures(shares: Floats, account: Ints, seed: int) -> dict[str, Any]:
    low, high = interval_over_people(shares[:, 0], account, seed)
    return {"recall@300": shares[:, 0].mean(), "ci": [low, high], "candidates": shares[:, 1].mean()}
