"""Lists of contents under a key (an author, a tag, a country), the best first, as two arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.ranking.point_in_time import Floats, Ints


@dataclass(frozen=True)
class Lists:
    """The rows under key k are row[start[k]:start[k + 1]]."""

    start: Ints  # (keys + 1,)
    row: Ints

    @classmethod
    def of(cls, key: Ints, row: Ints, worth: Floats, keys: int, most: int) -> "Lists":
        """`key`, `row`, `worth`: (n,); under each key at most `most` rows, the worthiest first; keys below 0 are none.

        >>> lists = Lists.of(np.array([1, 1, 0]), np.array([5, 6, 7]), np.array([0.1, 0.9, 0.5]), 2, 9)
        >>> lists.under(np.array([1])).tolist()
        [6, 5]
        """
        order = np.lexsort((row, -worth, key))
        order = order[key[order] >= 0]
        sorted_key = key[order]
        place = np.arange(len(order)) - np.searchsorted(sorted_key, sorted_key)
        kept = order[place < most]
        return cls(np.searchsorted(key[kept], np.arange(keys + 1)), row[kept])

    def under(self, keys: Ints) -> Ints:
        """All rows under these keys, key by key."""
        return self.row[spread(self.start, keys[(keys >= 0) & (keys < len(self.start) - 1)])[1]]


def spread(start: Ints, keys: Ints) -> tuple[Ints, Ints]:
    """For every entry under every key: which of the keys it is under, and the entry's place; both (entries,).

    >>> [each.tolist() for each in spread(np.array([0, 2, 3]), np.array([1, 0]))]
    [[0, 1, 1], [2, 0, 1]]
    """
    first, count = start[keys], start[keys + 1] - start[keys]
    which = np.repeat(np.arange(len(keys)), count)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    return which, first[which] + offset


def unique_in_order(rows: NDArray[np.int64]) -> Ints:
    """The rows without repetitions, in their order.

    >>> unique_in_order(np.array([3, 1, 3])).tolist()
    [3, 1]
    """
    _, first = np.unique(rows, return_index=True)
    return rows[np.sort(first)]
