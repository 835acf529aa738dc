"""What the sources of candidates find of what a member engages with later."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from features.milliseconds import HOUR_MS
from features.ranking.history import History
from features.ranking.indexes import Known
from features.ranking.point_in_time import Ints
from predictors.personal.filters import FILTERS, filter_pool
from predictors.personal.request import Request, select_contents, viewer_from_history
from predictors.personal.sources import SOURCES, merge_sources, retrieve
from predictors.snapshot import snapshot
from trainers.evaluation.metrics import Floats, interval_over_people
from trainers.rows.requests import Choice

MOST = 300  # candidates of a source
_MOST_ASKED = 200  # requests; a snapshot is taken for every hour in which there is one


def recalls(history: History, known: Known, asked: Sequence[Choice], since_ms: int, seed: int) -> dict[str, Any]:
    """By source, and for all sources together: the share of a request's later engagements among its candidates.

    Gathered as served: from the snapshot of the last full hour, without what the member has already seen.
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(asked))[:_MOST_ASKED])
    some = sorted((asked[number] for number in chosen.tolist()), key=lambda each: each.time_ms)
    account = np.array([each.account for each in some])
    shares: dict[str, list[tuple[float, int]]] = {}
    for choice, found in zip(some, _gathered(history, known, some, since_ms), strict=True):
        relevant = choice.content[choice.relevant]
        for name, rows in {"all": merge_sources(found)[0], **found}.items():
            shares.setdefault(name, []).append((float(np.isin(relevant, rows).mean()), len(rows)))
    return {name: _figures(np.array(each), account, seed) for name, each in shares.items()}


def _gathered(history: History, known: Known, asked: Sequence[Choice], since_ms: int) -> Iterator[Mapping[str, Ints]]:
    """Candidates by source for each request; `asked` by time."""
    hour, now = -1, None
    for each in asked:
        if now is None or each.time_ms // HOUR_MS != hour:
            hour = each.time_ms // HOUR_MS
            now = snapshot.take(known, since_ms, hour * HOUR_MS)
        nothing = select_contents(now.contents, np.zeros(0, dtype=np.int64))
        viewer = viewer_from_history(history, each.account, each.time_ms)
        request = Request(now, viewer, each.time_ms, nothing)
        yield filter_pool(request, retrieve(request, SOURCES), FILTERS, MOST)


def _figures(shares: Floats, account: Ints, seed: int) -> dict[str, Any]:
    low, high = interval_over_people(shares[:, 0], account, seed)
    return {"recall@300": shares[:, 0].mean(), "ci": [low, high], "candidates": shares[:, 1].mean()}
