"""How soon a ranker knows a member: the same requests with only the member's latest engagements known."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from features.milliseconds import HOUR_MS
from features.ranking.boosters import margins
from features.ranking.history import Events, History
from features.ranking.indexes import Known
from predictors.personal.request import Request, Viewer, select_contents, viewer_from_history
from predictors.snapshot import snapshot
from predictors.snapshot.snapshot import Snapshot
from trainers.evaluation.metrics import Floats, interval_over_people, quality
from trainers.evaluation.walk_forward import Rankers
from trainers.member_booster import guest_margin
from trainers.rows.requests import Choice

KNOWN = (0, 1, 3, 10, 30)  # engagements; 0 also without anything that was seen
_MOST_ASKED = 200  # requests


def cold(
    history: History, known: Known, rankers: Rankers, asked: Sequence[Choice], before: Sequence[int], since_ms: int
) -> dict[str, Any]:
    """NDCG@10 of requests by members with at least 30 engagements, by how many of the latest are known.

    `before`: each request's engagements before it. `share` is the part of what 30 bring over none that 3 bring.
    """
    ripe = [each for each, many in zip(asked, before, strict=True) if many >= KNOWN[-1]][:_MOST_ASKED]
    if not ripe:
        return {"requests": 0}
    found = np.array([_figures(history, known, rankers, each, since_ms) for each in ripe])  # (requests, KNOWN)
    account = np.array([each.account for each in ripe])
    mean = found.mean(axis=0)
    gained = found - found[:, :1]
    three, thirty = gained[:, KNOWN.index(3)], gained[:, -1]
    return {
        "requests": len(ripe),
        "ndcg@10": {str(many): float(value) for many, value in zip(KNOWN, mean, strict=True)},
        "gain": {
            "3": list(interval_over_people(three, account, 7)),
            "30": list(interval_over_people(thirty, account, 7)),
        },
        "share": float(three.mean() / thirty.mean()) if thirty.mean() > 0 else None,
    }


def _figures(history: History, known: Known, rankers: Rankers, choice: Choice, since_ms: int) -> list[float]:
    now = snapshot.take(known, since_ms, choice.time_ms // HOUR_MS * HOUR_MS)
    viewer = viewer_from_history(history, choice.account, choice.time_ms)
    ties = np.random.default_rng(choice.time_ms).random(len(choice.content))
    return [
        quality(_scores(now, _with_latest(viewer, many), rankers, choice), choice.relevant, ties).ndcg for many in KNOWN
    ]


def _with_latest(viewer: Viewer, many: int) -> Viewer:
    """The member as if the past had begun with the latest `many` engagements."""
    times = np.sort(viewer.engagements.time_ms)[::-1]
    begin = times[many - 1] if many else np.inf
    return replace(viewer, engagements=_since(viewer.engagements, begin), exposures=_since(viewer.exposures, begin))


def _since(events: Events, begin_ms: float) -> Events:
    kept = events.time_ms >= begin_ms
    return Events(*(column[kept] for column in vars(events).values()))


def _scores(now: Snapshot, viewer: Viewer, rankers: Rankers, choice: Choice) -> Floats:
    nothing = select_contents(now.contents, np.zeros(0, dtype=np.int64))
    matrix = Request(now, viewer, choice.time_ms, nothing).matrix(choice.content)
    country = np.full(len(matrix), viewer.country)
    return guest_margin(rankers.boosters, matrix, country) + margins(rankers.members, matrix)
