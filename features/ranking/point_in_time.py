"""Counting what had happened before a moment, for millions of rows at once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints, positions
from features.milliseconds import HOUR_MS

_TIME_BITS = 36  # 2.2 years of milliseconds; the keys have the other 27 bits
_LATEST = (1 << _TIME_BITS) - 1
NEVER_HOURS = 10_000.0


class Counts(Protocol):
    """Counts of events by key; a key below 0 has no events. Arguments and results have the shape (rows,)."""

    def before(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """Returns the number of events of each key before each time."""
        ...

    def within(self, key: NDArray[np.integer], time_ms: Ints, hours: float) -> Ints:
        """Returns the number of events of each key in the `hours` before each time."""
        ...

    def hours_since(self, key: NDArray[np.integer], time_ms: Ints) -> Floats:
        """Returns the hours from the last event of each key to each time, NEVER_HOURS without one."""
        ...


class PairCounts(Protocol):
    """Counts of events by a pair of keys."""

    @property
    def index(self) -> Counts:
        """The counts by the numbers that `key` returns."""
        ...

    def key(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> Ints:
        """Returns the number of each pair in `index`, −1 for a pair without events; shape (rows,)."""
        ...


@dataclass(frozen=True)
class EventIndex:
    """Events by key and time, sorted, so that counts before a moment are two binary searches.

    A key below 0 stands for nothing: it has no events. What lies 2.2 years before the newest event counts as if it had
    happened then.
    """

    events: Ints  # (n,) key and time in one number, ascending
    origin_ms: int

    @classmethod
    def build(cls, key: NDArray[np.integer], time_ms: Ints) -> "EventIndex":
        """`key`: (n,) ≥ 0, dense; `time_ms`: (n,), any order.

        >>> index = EventIndex.build(np.array([7, 7, 3]), np.array([10, 20, 15]))
        >>> index.before(np.array([7, 7, 7, 3]), np.array([10, 11, 99, 15])).tolist()
        [0, 1, 2, 0]
        """
        known = key >= 0
        origin = int(time_ms[known].max(initial=0)) + 1 - _LATEST  # any later moment is after the newest event
        return cls(np.sort(_packed(key[known].astype(np.int64), time_ms[known] - origin)), origin)

    def before(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """How many events of each key lie strictly before each time; shape (rows,)."""
        return self.position(key, time_ms) - self._first(key)

    def within(self, key: NDArray[np.integer], time_ms: Ints, hours: float) -> Ints:
        """How many events of each key lie in the `hours` before each time; shape (rows,)."""
        return self.position(key, time_ms) - self.position(key, time_ms - int(hours * HOUR_MS))

    def hours_since(self, key: NDArray[np.integer], time_ms: Ints) -> Floats:
        """Hours since the key's last event strictly before each time, NEVER_HOURS without one; shape (rows,)."""
        position = self.position(key, time_ms)
        found = position > self._first(key)
        last = self.events[np.maximum(position - 1, 0)] & _LATEST if len(self.events) else np.zeros_like(position)
        hours = (time_ms - self.origin_ms - last) / HOUR_MS
        return np.where(found, np.minimum(hours, NEVER_HOURS), NEVER_HOURS)

    def position(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """How many events, of all keys in their order, lie before each key's time; shape (rows,)."""
        return np.searchsorted(self.events, _packed(key.astype(np.int64), time_ms - self.origin_ms), side="left")

    def _first(self, key: NDArray[np.integer]) -> Ints:
        return self._starts.take(key, mode="clip")

    @cached_property
    def _starts(self) -> Ints:
        """Where the events of each key begin, and of the one after the last; shape (keys + 1,)."""
        keys = int(self.events[-1] >> _TIME_BITS) + 1 if len(self.events) else 0
        return np.searchsorted(self.events, np.arange(keys + 1) << _TIME_BITS)


@dataclass(frozen=True)
class PairIndex:
    """Events by a pair of keys: each pair that occurs has a dense number of its own."""

    pairs: Ints  # (distinct,) ascending
    width: int
    index: Counts

    @classmethod
    def build(cls, left: NDArray[np.integer], right: NDArray[np.integer], time_ms: Ints, width: int) -> "PairIndex":
        """`left`, `right`: (n,), each below 0 for nothing; `right` < `width`.

        >>> index = PairIndex.build(np.array([1, 1]), np.array([5, 6]), np.array([10, 10]), 9)
        >>> index.index.before(index.key(np.array([1, 2]), np.array([5, 5])), np.array([11, 11])).tolist()
        [1, 0]
        """
        known = (left >= 0) & (right >= 0)
        joined = left[known].astype(np.int64) * width + right[known]
        pairs, key = np.unique(joined, return_inverse=True)
        return cls(pairs, width, EventIndex.build(key, time_ms[known]))

    def key(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> Ints:
        """The dense number of each pair, −1 where it never occurs; shape (rows,)."""
        joined = np.where((left >= 0) & (right >= 0), left.astype(np.int64) * self.width + right, -1)
        return positions(self.pairs, joined)


def first_times(left: NDArray[np.integer], right: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Marks the first row of each pair; rows are in time order; shape (n,).

    >>> first_times(np.array([1, 1, 2]), np.array([5, 5, 5])).tolist()
    [True, False, True]
    """
    joined = left.astype(np.int64) << 32 | right.astype(np.int64) & 0xFFFFFFFF
    _, first = np.unique(joined, return_index=True)
    mark = np.zeros(len(left), dtype=np.bool_)
    mark[first] = True
    return mark


def _packed(key: Ints, since_origin_ms: Ints) -> Ints:
    within = np.minimum(np.maximum(since_origin_ms, 0), _LATEST)  # np.clip is slow on the few rows of one request
    return key << _TIME_BITS | within
