"""Author diversity: lowers further posts of one author, and allows at most two in the top ten."""

import numpy as np

from features.arrays import Floats, Ints

DECAY, FLOOR = 0.5, 0.25  # the values that two large platforms published
_TOP, _MOST_OF_ONE = 10, 2
_JUST_BELOW = 1 - 1e-6


def diversified(score: Floats, author: Ints) -> Floats:
    """Returns the scores after author diversity, (items,) > 0; `author`: (items,), −1 unknown and never lowered.

    The k-th further post of an author is multiplied by max(FLOOR, DECAY^k).

    >>> diversified(np.array([8.0, 6.0, 4.0, 3.0]), np.array([1, 1, 1, 2])).tolist()
    [8.0, 3.0, 1.0, 3.0]
    """
    further = _further(score, author)
    decayed: Floats = score * np.maximum(FLOOR, DECAY**further)
    allowed = np.sort(decayed[further < _MOST_OF_ONE])
    if len(allowed) < _TOP:
        return decayed
    return np.where(further < _MOST_OF_ONE, decayed, np.minimum(decayed, allowed[-_TOP] * _JUST_BELOW))


def _further(score: Floats, author: Ints) -> Ints:
    """Returns the number of better posts by the same author; shape (items,)."""
    order = np.lexsort((-score, author))
    by_author = author[order]
    new = np.concatenate([[True], by_author[1:] != by_author[:-1]])[: len(order)]
    start = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    further = np.empty(len(order), dtype=np.int64)
    further[order] = np.arange(len(order)) - start
    return np.where(author < 0, 0, further)
