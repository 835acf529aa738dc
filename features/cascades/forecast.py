"""Forecasts the final size of a reshare tree with a self-exciting process (SEISMIC).

Zhao et al. 2015, doi:10.1145/2783258.2783401: every post exposes its author's followers, who react after a delay with
a heavy tail. The reshares so far over the exposures so far estimate the probability of a reshare, and from it the
growth still to come.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from features.arrays import Floats

FLAT_MINUTES = 10.0  # the reaction rate is constant up to here, then follows a power law
TAIL = 0.6  # exponent minus one; both fitted on 120 real trees (published for one large network: 5, 0.242)
TYPICAL_FOLLOWERS = 200.0  # of sharers with unknown followers, and of later sharers
ROOT_WEIGHT = 10.0  # audience of a root with unknown followers, in typical sharers
DAMPENING = 0.3  # share of the expected growth that happens; readers saturate and posts age
SPREAD = 1.1  # standard deviation of the log of the growth
COVERAGE = 0.8  # of the interval
MOST_BRANCHING = 0.8  # children per later reshare; from 1 on the sum would not converge


@dataclass(frozen=True)
class Size:
    """Final number of nodes, with an interval."""

    size: float
    low: float
    high: float


def reacted(minutes: Floats) -> Floats:
    """Returns the share of the reactions to a post that happen within `minutes`, shape of `minutes`.

    >>> reacted(np.array([0.0, 5.0, 1e12])).round(3).tolist()
    [0.0, 0.188, 1.0]
    """
    rate = TAIL / (FLAT_MINUTES * (1 + TAIL))
    late = 1.0 - rate * FLAT_MINUTES / TAIL * (np.maximum(minutes, FLAT_MINUTES) / FLAT_MINUTES) ** -TAIL
    share: Floats = np.where(minutes < FLAT_MINUTES, rate * np.maximum(minutes, 0.0), late)
    return share


def forecast_size(minutes: Floats, followers: Floats, age_minutes: float) -> Size:
    """Forecasts the final size of a tree at the age `age_minutes`.

    Args:
        minutes: shape (n,), time of each node since the root, the root (0) first.
        followers: shape (n,), of each node's author; NaN when unknown.

    A tree of one node has no reshares to estimate from, so its interval starts at 1.
    """
    assumed = np.full(len(minutes), TYPICAL_FOLLOWERS)
    assumed[0] *= ROOT_WEIGHT
    audience = np.where(np.isfinite(followers) & (followers > 0), followers, assumed)
    share = reacted(np.maximum(age_minutes - minutes, 0.0))
    probability = (len(minutes) - 1) / max(float(audience @ share), 1.0)
    branching = min(probability * TYPICAL_FOLLOWERS, MOST_BRANCHING)
    growth = DAMPENING * probability * float(audience @ (1.0 - share)) / (1.0 - branching)
    return _interval(len(minutes), growth)


def _interval(nodes: int, growth: float) -> Size:
    """Returns a log-normal interval over the growth, wider with fewer reshares."""
    z = NormalDist().inv_cdf(0.5 + COVERAGE / 2)
    wide = z * SPREAD * float(np.sqrt(1.0 + 1.0 / max(nodes - 1, 1)))
    return Size(nodes + growth, nodes + growth * float(np.exp(-wide)), nodes + (growth + 0.5) * float(np.exp(wide)))
