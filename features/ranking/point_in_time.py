"""Counts of events before a time, for millions of rows at once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints, positions
from features.milliseconds import HOUR_MS

_TIME_BITS = 36  # 2.2 years of milliseconds; the keys use the other 27 bits
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
    """Events sorted by key and time, so that a count before a time takes two binary searches.

    A key below 0 has no events. An event more than 2.2 years before the newest one counts as if it had happened
    2.2 years before it.
    """

    events: Ints  # (n,) key and time packed into one number, ascending
    origin_ms: int

    @classmethod
    def build(cls, key: NDArray[np.integer], time_ms: Ints) -> "EventIndex":
        """Builds the index; `key`: (n,), dense from 0, below 0 for none; `time_ms`: (n,), any order.

        >>> index = EventIndex.build(np.array([7, 7, 3]), np.array([10, 20, 15]))
        >>> index.before(np.array([7, 7, 7, 3]), np.array([10, 11, 99, 15])).tolist()
        [0, 1, 2, 0]
        """
        valid = key >= 0
        origin = int(time_ms[valid].max(initial=0)) + 1 - _LATEST  # any later time is after the newest event
        return cls(np.sort(_packed(key[valid].astype(np.int64), time_ms[valid] - origin)), origin)

    def before(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """Returns the number of events of each key strictly before each time; shape (rows,)."""
        return self.position(key, time_ms) - self._first(key)

    def within(self, key: NDArray[np.integer], time_ms: Ints, hours: float) -> Ints:
        """Returns the number of events of each key in the `hours` before each time; shape (rows,)."""
        return self.position(key, time_ms) - self.position(key, time_ms - int(hours * HOUR_MS))

    def hours_since(self, key: NDArray[np.integer], time_ms: Ints) -> Floats:
        """Returns the hours since the key's last event before each time, NEVER_HOURS without one; shape (rows,)."""
        position = self.position(key, time_ms)
        has_event = position > self._first(key)
        last = self.events[np.maximum(position - 1, 0)] & _LATEST if len(self.events) else np.zeros_like(position)
        hours = (time_ms - self.origin_ms - last) / HOUR_MS
        return np.where(has_event, np.minimum(hours, NEVER_HOURS), NEVER_HOURS)

    def position(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """Returns the position in `events` of the first event of each key at or after each time; shape (rows,)."""
        return np.searchsorted(self.events, _packed(key.astype(np.int64), time_ms - self.origin_ms), side="left")

    def _first(self, key: NDArray[np.integer]) -> Ints:
        return self._starts.take(key, mode="clip")

    @cached_property
    def _starts(self) -> Ints:
        """The position of each key's first event, then the number of events; shape (keys + 1,)."""
        keys = int(self.events[-1] >> _TIME_BITS) + 1 if len(self.events) else 0
        return np.searchsorted(self.events, np.arange(keys + 1) << _TIME_BITS)


@dataclass(frozen=True)
class PairIndex:
    """Events by a pair of keys: each pair that occurs has a dense number."""

    pairs: Ints  # (distinct,) ascending
    width: int
    index: Counts

    @classmethod
    def build(cls, left: NDArray[np.integer], right: NDArray[np.integer], time_ms: Ints, width: int) -> "PairIndex":
        """Builds the index; `left`, `right`: (n,), below 0 for none; `right` < `width`.

        >>> index = PairIndex.build(np.array([1, 1]), np.array([5, 6]), np.array([10, 10]), 9)
        >>> index.index.before(index.key(np.array([1, 2]), np.array([5, 5])), np.array([11, 11])).tolist()
        [1, 0]
        """
        valid = (left >= 0) & (right >= 0)
        pair = left[valid].astype(np.int64) * width + right[valid]
        pairs, key = np.unique(pair, return_inverse=True)
        return cls(pairs, width, EventIndex.build(key, time_ms[valid]))

    def key(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> Ints:
        """Returns the dense number of each pair, −1 where it never occurs; shape (rows,)."""
        pair = np.where((left >= 0) & (right >= 0), left.astype(np.int64) * self.width + right, -1)
        return positions(self.pairs, pair)


def first_times(left: NDArray[np.integer], right: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Marks the first row of each pair; the rows must be in time order; shape (n,).

    >>> first_times(np.array([1, 1, 2]), np.array([5, 5, 5])).tolist()
    [True, False, True]
    """
    pair = left.astype(np.int64) << 32 | right.astype(np.int64) & 0xFFFFFFFF
    _, first = np.unique(pair, return_index=True)
    mask = np.zeros(len(left), dtype=np.bool_)
    mask[first] = True
    return mask


def _packed(key: Ints, since_origin_ms: Ints) -> Ints:
    within = np.minimum(np.maximum(since_origin_ms, 0), _LATEST)  # np.clip is slow on the few rows of one request
    return key << _TIME_BITS | within
