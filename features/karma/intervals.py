"""Between what and what a count will lie: shortest negative binomial intervals, as wide as last week asked for."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import nbdtrik

from features.arrays import Floats

COVERAGE = 0.8
TELLING = 1.0  # expected counts below it say little of an interval: nearly all come to 0
_GRID = np.geomspace(1e-3, 1e6, 181)  # expected counts
_WIDTHS = np.geomspace(0.05, 2.0, 20)  # variance = mean + width · mean²
_EXACT = 1e-6  # of a count: how far off the real-valued quantile may be
_TAILS = np.linspace(0.0, 1.0 - COVERAGE, 9)


@dataclass(frozen=True)
class Spread:
    """Intervals of counts round an expected count."""

    width: float  # variance = mean + width · mean²
    low: Floats  # at each point of the grid
    high: Floats

    @classmethod
    @cache
    def of(cls, width: float) -> "Spread":
        """The shortest intervals that hold 80 % of a negative binomial count."""
        size = 1.0 / width
        chance = size / (size + _GRID)
        lows = np.stack([_quantile(tail, size, chance) for tail in _TAILS])
        highs = np.stack([_quantile(min(tail + COVERAGE, 1 - 1e-9), size, chance) for tail in _TAILS])
        best = (highs - lows).argmin(axis=0)
        at = np.arange(len(_GRID))
        return cls(width, lows[best, at], highs[best, at])

    def interval(self, expected: Floats) -> tuple[Floats, Floats]:
        """Lower and upper ends, shape of `expected`, which lies between them: few mostly come to 0, never to less.

        >>> [round(float(end)) for end in Spread.of(0.05).interval(np.array(100.0))]
        [63, 125]
        >>> [float(end) for end in Spread.of(0.05).interval(np.array(0.125))]
        [0.0, 0.125]
        """
        low, high = np.interp(expected, _GRID, self.low), np.interp(expected, _GRID, self.high)
        return np.minimum(low, expected), np.maximum(high, expected)


def _quantile(share: float, size: float, chance: Floats) -> Floats:
    """The smallest counts that the negative binomial reaches with this probability.

    >>> _quantile(0.75, 1.0, np.array([0.5])).tolist()
    [1.0]
    """
    reached = np.nan_to_num(nbdtrik(share, size, chance))  # nothing is reached below 0
    return np.ceil(np.maximum(reached - _EXACT, 0.0))


def covered(spread: Spread, expected: Floats, came: Floats) -> float:
    """Share of the counts that lie in their interval, over those expected to be at least 1; NaN when there are none."""
    telling = expected >= TELLING
    low, high = spread.interval(expected[telling])
    inside = (np.floor(low) <= came[telling]) & (came[telling] <= np.ceil(high))
    return float(inside.mean()) if len(inside) else float("nan")


def fit_spread(expected: Floats, came: Floats) -> Spread:
    """The spread that covered nearest to 80 % of what came; a middle one when there is too little to tell."""
    if (expected >= TELLING).sum() < 20:
        return Spread.of(1.0)
    wide = bisect_left(_WIDTHS, COVERAGE, key=lambda width: covered(Spread.of(float(width)), expected, came))
    spreads = [Spread.of(float(width)) for width in _WIDTHS[max(wide - 1, 0) : wide + 1]]
    return min(spreads, key=lambda each: abs(covered(each, expected, came) - COVERAGE))
