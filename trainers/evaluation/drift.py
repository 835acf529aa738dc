"""Drift: how far the columns that rankers read have moved since training."""

import numpy as np

from features.arrays import Floats

_BINS = 10
_LEAST_SHARE = 1e-4  # an empty bin must not make the index infinite


def stability_index(before: Floats, after: Floats) -> float:
    """Returns the population stability index of two samples: Σ (a − b)·ln(a/b) over the ten quantile bins of `before`.

    Below 0.1 the samples are alike; above 0.25 they differ.

    >>> stability_index(np.arange(100.0), np.arange(100.0))
    0.0
    """
    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(edges, sample), minlength=len(edges) + 1) for sample in (before, after)]
    old, new = (np.maximum(count / count.sum(), _LEAST_SHARE) for count in counts)
    return float(np.sum((new - old) * np.log(new / old)))
