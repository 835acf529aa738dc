"""Evaluates rankings of users and the coverage of intervals."""

import numpy as np

from features.arrays import Floats, average_ranks
from features.karma.expected_week import ALL, Population
from features.karma.intervals import LEAST_EXPECTED, coverage
from store.rules.engagements import ENGAGEMENT_TYPES

TOP = 100


def ranking_figures(score: Floats, target: Floats, top: int = TOP) -> dict[str, float]:
    """Returns Spearman's rank correlation, and the share of the best `top` that were ranked among the best `top`.

    With fewer than five times `top` users, the best fifth is compared.

    >>> ranking_figures(np.array([3.0, 2.0, 1.0, 0.0, 0.0]), np.array([9.0, 1.0, 2.0, 0.0, 0.0]))
    {'spearman': 0.8947, 'precision@100': 1.0}
    """
    k = max(1, min(top, len(score) // 5))
    best = set(np.argsort(-target, kind="stable")[:k].tolist())
    hits = sum(user in best for user in np.argsort(-score, kind="stable")[:k].tolist())
    return {"spearman": round(_spearman(score, target), 4), f"precision@{TOP}": round(hits / k, 4)}


def coverage_figures(population: Population, expected: Floats, observed: Floats) -> dict[str, object]:
    """Returns the share of counts inside the 80 % intervals, over the pairs whose expectation is at least 1."""
    shares = {
        name: _rounded_or_none(coverage(population.spread[column], expected[:, column], observed[:, column]))
        for column, name in enumerate((*ENGAGEMENT_TYPES, "all"))
    }
    pairs = int((expected[:, ALL] >= LEAST_EXPECTED).sum())
    return {"coverage": shares["all"], "coverages": shares, "coveragePairs": pairs}


def _rounded_or_none(share: float) -> float | None:
    return None if np.isnan(share) else round(share, 4)


def _spearman(a: Floats, b: Floats) -> float:
    if len(a) < 2 or (a == a[0]).all() or (b == b[0]).all():
        return 0.0
    return float(np.corrcoef(average_ranks(a), average_ranks(b))[0, 1])
