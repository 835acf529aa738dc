"""The delay between a post and its reshares: a step density over the log of the delay, learned by EM."""

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints

SHORTEST_MINUTES = 0.05  # shorter delays count as this one


@dataclass(frozen=True)
class Delays:
    """Density of the delay between a post and a reshare that it caused."""

    edges: Floats  # (bins + 1,) minutes, ascending
    mass: Floats  # (bins,) summing to 1
    elsewhere: float = 0.0  # rate per minute of reshares that were not caused by a followed sharer

    def density(self, minutes: Floats) -> Floats:
        """Returns the density per minute at each delay, shape of `minutes`; outside the edges that of the nearest bin.

        >>> steps = Delays(np.array([0.1, 1.0, 10.0]), np.array([0.9, 0.1]))
        >>> steps.density(np.array([0.1, 1.0])).round(3).tolist()
        [3.909, 0.043]
        """
        inside = np.clip(minutes, self.edges[0], self.edges[-1] * (1 - 1e-9))
        at = np.clip(np.searchsorted(self.edges, inside, "right") - 1, 0, len(self.mass) - 1)
        width = np.log(self.edges[1:] / self.edges[:-1])
        return (self.mass / width)[at] / inside  # uniform in the logarithm within a bin


def lognormal_delays(median_minutes: float, sigma: float, elsewhere: float = 0.0, bins: int = 40) -> Delays:
    """Returns log-normal delays as steps over five sigma on both sides.

    >>> round(float(lognormal_delays(60, 1).mass.sum()), 6)
    1.0
    """
    z = np.linspace(-5.0, 5.0, bins + 1)
    middle = (z[1:] + z[:-1]) / 2
    mass = np.exp(-(middle**2) / 2)
    return Delays(median_minutes * np.exp(sigma * z), mass / mass.sum(), elsewhere)


def fit_delays(child: Ints, minutes: Floats, strength: Floats, bins: int = 24, rounds: int = 60) -> Delays:
    """Fits the delays to reshares with unknown parents, by expectation maximisation.

    Args:
        child: shape (c,), the reshare of each candidate.
        minutes: shape (c,), the delay if the candidate is the parent.
        strength: shape (c,), the strength of the tie to the candidate.
    """
    minutes = np.maximum(minutes, SHORTEST_MINUTES)
    edges = _edges(minutes, bins)
    at = np.clip(np.searchsorted(edges, minutes, "right") - 1, 0, len(edges) - 2)
    delays = Delays(edges, np.full(len(edges) - 1, 1.0 / (len(edges) - 1)))
    for _ in range(rounds):
        rate = strength * delays.density(minutes)
        share = rate / np.bincount(child, weights=rate)[child]
        mass: Floats = np.bincount(at, weights=share, minlength=len(edges) - 1).astype(np.float64)
        delays = Delays(edges, _smooth(mass))
    return delays


def _edges(minutes: Floats, bins: int) -> Floats:
    if not len(minutes):
        return np.array([SHORTEST_MINUTES, 1.0])
    low, high = np.quantile(minutes, [0.002, 0.998])
    return np.geomspace(low, max(high, 2 * low) * (1 + 1e-9), bins + 1)


def _smooth(mass: Floats) -> Floats:
    """Adds half a reshare to each bin and moves a quarter of each bin to each neighbour."""
    padded = np.concatenate([mass[:1], mass, mass[-1:]]) + 0.5
    smoothed: Floats = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    smoothed /= smoothed.sum()
    return smoothed
