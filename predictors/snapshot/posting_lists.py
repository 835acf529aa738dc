"""Posting lists: contents under a key (an author, a tag, a country), best first, as two arrays."""

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints, spans


@dataclass(frozen=True)
class PostingLists:
    """The rows under key k are row[start[k]:start[k + 1]]."""

    start: Ints  # (keys + 1,)
    row: Ints  # (entries,)

    @classmethod
    def of(cls, key: Ints, row: Ints, weight: Floats, keys: int, most: int) -> "PostingLists":
        """Lists at most `most` rows under each key, the heaviest first; keys below 0 are left out.

        `key`, `row`, `weight`: (n,).

        >>> lists = PostingLists.of(np.array([1, 1, 0]), np.array([5, 6, 7]), np.array([0.1, 0.9, 0.5]), 2, 9)
        >>> lists.under(np.array([1])).tolist()
        [6, 5]
        """
        order = np.lexsort((row, -weight, key))
        order = order[key[order] >= 0]
        sorted_key = key[order]
        place = np.arange(len(order)) - np.searchsorted(sorted_key, sorted_key)
        first = order[place < most]
        return cls(np.searchsorted(key[first], np.arange(keys + 1)), row[first])

    def under(self, keys: Ints) -> Ints:
        """Returns all rows under these keys, key by key; shape (entries,). Unknown keys have none."""
        return self.row[entries(self.start, keys[(keys >= 0) & (keys < len(self.start) - 1)])[1]]


def entries(start: Ints, keys: Ints) -> tuple[Ints, Ints]:
    """Returns, for every entry under these keys, the position of its key in `keys` and its own place; both (entries,).

    >>> [column.tolist() for column in entries(np.array([0, 2, 3]), np.array([1, 0]))]
    [[0, 1, 1], [2, 0, 1]]
    """
    return spans(start[keys], start[keys + 1] - start[keys])


def unique_in_order(rows: Ints) -> Ints:
    """Returns the rows without repetitions, in their order.

    >>> unique_in_order(np.array([3, 1, 3])).tolist()
    [3, 1]
    """
    _, first = np.unique(rows, return_index=True)
    return rows[np.sort(first)]
