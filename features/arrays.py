"""Ranks of values, equal ones sharing theirs."""

import numpy as np

from features.cascades.forest import Floats


def average_ranks(values: Floats) -> Floats:
    """1 for the smallest, up to n; equal values have the mean of theirs. Shape (n,).

    >>> average_ranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place])
