"""How large a reshare tree will become: self-exciting reshares with a long memory (SEISMIC).

Zhao et al. 2015, doi:10.1145/2783258.2783401: every post exposes its author's followers, who react after a
delay of heavy tail; the reshares so far over the exposures so far give the chance to reshare, and with it the
rest.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from features.arrays import Floats

FLAT_MINUTES = 10.0  # reactions are as likely up to here, then fall by a power
TAIL = 0.6  # power beyond one; both fitted on 120 real trees (published for one large network: 5, 0.242)
TYPICAL_FOLLOWERS = 200.0  # of a sharer whose followers are unknown; also what later sharers bring
ROOT_WEIGHT = 10.0  # audience of a root whose followers are unknown, in typical sharers
DAMPENING = 0.3  # share of the growth still due that comes; readers saturate and posts go stale
SPREAD = 1.1  # standard deviation of the log of the growth still due
COVERAGE = 0.8  # of the interval
MOST_BRANCHING = 0.8  # children per later reshare, at most: above 1 the sum would not end


@dataclass(frozen=True)
class Size:
    """Nodes of the tree in the end."""

    size: float
    low: float
    high: float


def reacted(minutes: Floats) -> Floats:
    """Share of the reactions to a post that have come after `minutes`, shape of `minutes`.

    >>> reacted(np.array([0.0, 5.0, 1e12])).round(3).tolist()
    [0.0, 0.188, 1.0]
    """
    rate = TAIL / (FLAT_MINUTES * (1 + TAIL))
    late = 1.0 - rate * FLAT_MINUTES / TAIL * (np.maximum(minutes, FLAT_MINUTES) / FLAT_MINUTES) ** -TAIL
    share: Floats = np.where(minutes < FLAT_MINUTES, rate * np.maximum(minutes, 0.0), late)
    return share


def forecast_size(minutes: Floats, followers: Floats, age_minutes: float) -> Size:
    """The size in the end, with an interval, of a tree at the age `age_minutes`.

    Args:
        minutes: shape (n,), time of each node since the root, the root (0) first.
        followers: shape (n,), of each node's author; NaN when unknown.

    A tree of one node grows by nothing that is known of it, so its interval starts at 1.
    """
    assumed = np.full(len(minutes), TYPICAL_FOLLOWERS)
    assumed[0] *= ROOT_WEIGHT
    audience = np.where(np.isfinite(followers) & (followers > 0), followers, assumed)
    share = reacted(np.maximum(age_minutes - minutes, 0.0))
    chance = (len(minutes) - 1) / max(float(audience @ share), 1.0)
    branching = min(chance * TYPICAL_FOLLOWERS, MOST_BRANCHING)
    due = DAMPENING * chance * float(audience @ (1.0 - share)) / (1.0 - branching)
    return _interval(len(minutes), due)


def _interval(now: int, due: float) -> Size:
    """Log-normal over the growth still due, wider while few reshares are seen."""
    z = NormalDist().inv_cdf(0.5 + COVERAGE / 2)
    wide = z * SPREAD * float(np.sqrt(1.0 + 1.0 / max(now - 1, 1)))
    return Size(now + due, now + due * float(np.exp(-wide)), now + (due + 0.5) * float(np.exp(wide)))
