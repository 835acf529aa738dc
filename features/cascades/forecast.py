"""How large a reshare tree will become: self-exciting reshares with a long memory (SEISMIC).

Zhao et al. 2015, doi:10.1145/2783258.2783401: every post exposes its author's followers, who react after a
delay of heavy tail; the reshares so far over the exposures so far give the chance to reshare, and with it the
rest.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from features.arrays import Floats


@dataclass(frozen=True)
class Forecast:
    """What the forecast is made with."""

    flat_minutes: float = 10.0  # reactions are as likely up to here, then fall by a power
    tail: float = 0.6  # power beyond one; both fitted on 120 real trees (published for one large network: 5, 0.242)
    typical_followers: float = 200.0  # of a sharer whose followers are unknown; also what later sharers bring
    root_weight: float = 10.0  # audience of a root whose followers are unknown, in typical sharers
    dampening: float = 0.3  # share of the growth still due that comes; readers saturate and posts go stale
    spread: float = 1.1  # standard deviation of the log of the growth still due
    coverage: float = 0.8  # of the interval
    most_branching: float = 0.8  # children per later reshare, at most: above 1 the sum would not end


@dataclass(frozen=True)
class Size:
    """Nodes of the tree in the end."""

    size: float
    low: float
    high: float


def reacted(minutes: Floats, forecast: Forecast = Forecast()) -> Floats:
    """Share of the reactions to a post that have come after `minutes`, shape of `minutes`.

    >>> reacted(np.array([0.0, 5.0, 1e12])).round(3).tolist()
    [0.0, 0.188, 1.0]
    """
    flat, tail = forecast.flat_minutes, forecast.tail
    rate = tail / (flat * (1 + tail))
    late = 1.0 - rate * flat / tail * (np.maximum(minutes, flat) / flat) ** -tail
    share: Floats = np.where(minutes < flat, rate * np.maximum(minutes, 0.0), late)
    return share


def forecast_size(minutes: Floats, followers: Floats, age_minutes: float, forecast: Forecast = Forecast()) -> Size:
    """The size in the end, with an interval, of a tree at the age `age_minutes`.

    Args:
        minutes: shape (n,), time of each node since the root, the root (0) first.
        followers: shape (n,), of each node's author; NaN when unknown.

    A tree of one node grows by nothing that is known of it, so its interval starts at 1.
    """
    typical = forecast.typical_followers
    assumed = np.full(len(minutes), typical)
    assumed[0] *= forecast.root_weight
    audience = np.where(np.isfinite(followers) & (followers > 0), followers, assumed)
    share = reacted(np.maximum(age_minutes - minutes, 0.0), forecast)
    chance = (len(minutes) - 1) / max(float(audience @ share), 1.0)
    branching = min(chance * typical, forecast.most_branching)
    due = forecast.dampening * chance * float(audience @ (1.0 - share)) / (1.0 - branching)
    return _interval(len(minutes), due, forecast)


def _interval(now: int, due: float, forecast: Forecast) -> Size:
    """Log-normal over the growth still due, wider while few reshares are seen."""
    z = NormalDist().inv_cdf(0.5 + forecast.coverage / 2)
    wide = z * forecast.spread * float(np.sqrt(1.0 + 1.0 / max(now - 1, 1)))
    return Size(now + due, now + due * float(np.exp(-wide)), now + (due + 0.5) * float(np.exp(wide)))
