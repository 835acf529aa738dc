"""Counts as they stood at one clock: what an index of events answers, without the events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.asof import NEVER_HOURS, EventIndex, Floats, Ints, PairIndex

_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Standing(EventIndex):
    """Answers as the index did at the clock at which it was taken, whatever time is asked for.

    A key that it does not know had no events.
    """

    total: Ints  # (keys,)
    windows: Floats  # (windows,) hours
    counts: Ints  # (windows, keys) events within each window before the clock
    since: Floats  # (keys,) hours from the last event to the clock; (0,) where nobody asks

    @classmethod
    def of(cls, index: EventIndex, keys: int, now_ms: int, hours: Sequence[float] = (), last: bool = False) -> "Standing":
        """What the index says at `now_ms` of the keys 0 to `keys` − 1, for these windows.

        >>> events = EventIndex.build(np.array([0, 0, 1]), np.array([0, 3_600_000, 0]))
        >>> standing = Standing.of(events, 2, 3_600_001, [0.5])
        >>> key, any_time = np.array([0, 1, 9]), np.zeros(3, dtype=np.int64)
        >>> standing.before(key, any_time).tolist(), standing.within(key, any_time, 0.5).tolist()
        ([2, 1, 0], [1, 0, 0])
        """
        key, time_ms = np.arange(keys), np.full(keys, now_ms)
        counts = [index.within(key, time_ms, each) for each in hours]
        since = index.hours_since(key, time_ms) if last else np.zeros(0)
        stacked = np.stack(counts) if counts else np.zeros((0, keys), dtype=np.int64)
        return cls(_NOTHING, 0, index.before(key, time_ms), np.array(hours, dtype=np.float64), stacked, since)

    @classmethod
    def empty(cls, hours: Sequence[float] = ()) -> "Standing":
        """No events of any key."""
        return cls.of(EventIndex(_NOTHING, 0), 0, 0, hours)

    def before(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """How many events each key had; shape (rows,)."""
        return _at(self.total, key, 0)

    def within(self, key: NDArray[np.integer], time_ms: Ints, hours: float) -> Ints:
        """How many events each key had in the `hours` before the clock; shape (rows,).

        Raises:
            ValueError: for a window that was not taken.
        """
        place = np.flatnonzero(self.windows == hours)
        if not len(place):
            raise ValueError(f"no counts were taken within {hours} h, only {self.windows.tolist()}")
        return _at(self.counts[place[0]], key, 0)

    def hours_since(self, key: NDArray[np.integer], time_ms: Ints) -> Floats:
        """Hours from the last event of each key to the clock, NEVER_HOURS without one; shape (rows,)."""
        return _at(self.since, key, NEVER_HOURS)


def of_pairs(index: PairIndex, now_ms: int, hours: Sequence[float] = ()) -> PairIndex:
    """The pairs with their counts as they stood at `now_ms`."""
    return PairIndex(index.pairs, index.width, Standing.of(index.index, len(index.pairs), now_ms, hours))


def _at(values: NDArray[Any], key: NDArray[np.integer], missing: float) -> NDArray[Any]:
    known = (key >= 0) & (key < len(values))
    if known.all():
        return np.asarray(values[key])
    found = np.full(len(key), missing, dtype=values.dtype)
    found[known] = values[key[known]]
    return found
