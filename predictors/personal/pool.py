"""Candidates of one request as columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.ranking.posts import best_of_posts

IN_ORDER, BY_SCORE, SEEN = range(3)  # turns: as they are, by their scores, after all others


@dataclass(frozen=True)
class Pool:
    """Candidates; arrays of shape (candidates,)."""

    id: NDArray[np.bytes_]  # S12
    row: Ints  # of the snapshot, then of the late posts; UNKNOWN for others
    source: NDArray[np.str_]
    score: Floats  # probability of an engagement; NaN until scored
    turn: Ints  # earlier turns come first in the slate

    @classmethod
    def of(cls, ids: NDArray[np.bytes_], row: Ints, source: NDArray[np.str_] | str, turn: int) -> "Pool":
        """Returns candidates without scores."""
        sources = np.full(len(row), source) if isinstance(source, str) else source
        return cls(ids, row, sources, np.full(len(row), np.nan), np.full(len(row), turn))

    def take(self, chosen: NDArray[np.generic]) -> "Pool":
        """Returns the chosen candidates, by mask or position."""
        return Pool(*(column[chosen] for column in vars(self).values()))

    def then(self, other: "Pool") -> "Pool":
        """Returns these candidates, then the other ones."""
        return Pool(*(np.concatenate(pair) for pair in zip(vars(self).values(), vars(other).values(), strict=True)))

    def folded(self, post: Ints) -> "Pool":
        """Returns one candidate of each post: of those with the earliest turn, the best scored; `post`: (candidates,).

        >>> ids, rows, sources = np.array([b"a", b"b"]), np.array([4, 5]), np.array(["topics", "topics"])
        >>> Pool(ids, rows, sources, np.array([0.1, 0.2]), np.array([1, 1])).folded(np.array([4, 4])).row.tolist()
        [5]
        """
        return self.take(best_of_posts(post, self.score - 2.0 * self.turn))
