"""Prediction intervals of counts: the shortest negative binomial intervals, with the width fitted on last week."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import nbdtrik

from features.arrays import Floats

COVERAGE = 0.8
LEAST_EXPECTED = 1.0  # coverage is measured from this expected count on: below it nearly all counts are 0
_GRID = np.geomspace(1e-3, 1e6, 181)  # expected counts
_WIDTHS = np.geomspace(0.05, 2.0, 20)  # variance = mean + width · mean²
_TOLERANCE = 1e-6  # of the real-valued quantile, in counts
_TAILS = np.linspace(0.0, 1.0 - COVERAGE, 9)


@dataclass(frozen=True)
class Spread:
    """Intervals of counts around an expected count."""

    width: float  # variance = mean + width · mean²
    low: Floats  # at each point of the grid
    high: Floats

    @classmethod
    @cache
    def of(cls, width: float) -> "Spread":
        """Returns the shortest intervals that contain 80 % of a negative binomial count."""
        size = 1.0 / width
        probability = size / (size + _GRID)
        lows = np.stack([_quantile(tail, size, probability) for tail in _TAILS])
        highs = np.stack([_quantile(min(tail + COVERAGE, 1 - 1e-9), size, probability) for tail in _TAILS])
        best = (highs - lows).argmin(axis=0)
        at = np.arange(len(_GRID))
        return cls(width, lows[best, at], highs[best, at])

    def interval(self, expected: Floats) -> tuple[Floats, Floats]:
        """Returns lower and upper ends around `expected`, each in its shape; the lower one is at least 0.

        >>> [round(float(end)) for end in Spread.of(0.05).interval(np.array(100.0))]
        [63, 125]
        >>> [float(end) for end in Spread.of(0.05).interval(np.array(0.125))]
        [0.0, 0.125]
        """
        low, high = np.interp(expected, _GRID, self.low), np.interp(expected, _GRID, self.high)
        return np.minimum(low, expected), np.maximum(high, expected)


def _quantile(share: float, size: float, probability: Floats) -> Floats:
    """Returns the smallest counts at which the negative binomial's distribution function reaches `share`.

    >>> _quantile(0.75, 1.0, np.array([0.5])).tolist()
    [1.0]
    """
    quantile = np.nan_to_num(nbdtrik(share, size, probability))  # NaN: even 0 is above the share
    return np.ceil(np.maximum(quantile - _TOLERANCE, 0.0))


def coverage(spread: Spread, expected: Floats, observed: Floats) -> float:
    """Returns the share of counts inside their interval, over those expected to be at least 1; NaN without any."""
    rows = expected >= LEAST_EXPECTED
    low, high = spread.interval(expected[rows])
    inside = (np.floor(low) <= observed[rows]) & (observed[rows] <= np.ceil(high))
    return float(inside.mean()) if len(inside) else float("nan")


def fit_spread(expected: Floats, observed: Floats) -> Spread:
    """Returns the spread whose coverage is nearest to 80 %; one of width 1 with fewer than 20 counts."""
    if (expected >= LEAST_EXPECTED).sum() < 20:
        return Spread.of(1.0)
    wide = bisect_left(_WIDTHS, COVERAGE, key=lambda width: coverage(Spread.of(float(width)), expected, observed))
    spreads = [Spread.of(float(width)) for width in _WIDTHS[max(wide - 1, 0) : wide + 1]]
    return min(spreads, key=lambda spread: abs(coverage(spread, expected, observed) - COVERAGE))
