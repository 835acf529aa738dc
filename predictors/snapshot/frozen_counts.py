"""Counts of events frozen at one clock: the answers of an index of events, without the events."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.ranking.point_in_time import NEVER_HOURS, Counts, EventIndex, PairIndex


@dataclass(frozen=True)
class FrozenCounts:
    """Counts as of the clock at which they were frozen, for any time in the question.

    The last element of each array belongs to the key −1, which has no events.
    """

    total: Ints  # (keys + 1,)
    windows: Floats  # (windows,) hours
    counts: Ints  # (windows, keys + 1) events within each window before the clock
    since: Floats  # (keys + 1,) hours from the last event to the clock; (1,) NEVER_HOURS where no column needs them

    @classmethod
    def of(
        cls, counts: Counts, keys: int, now_ms: int, hours: Sequence[float] = (), last: bool = False
    ) -> "FrozenCounts":
        """Freezes the counts of the keys 0 to `keys` − 1 at `now_ms`, for these windows.

        >>> events = EventIndex.build(np.array([0, 0, 1]), np.array([0, 3_600_000, 0]))
        >>> frozen = FrozenCounts.of(events, 2, 3_600_001, [0.5])
        >>> key, any_time = np.array([0, 1, -1]), np.zeros(3, dtype=np.int64)
        >>> frozen.before(key, any_time).tolist(), frozen.within(key, any_time, 0.5).tolist()
        ([2, 1, 0], [1, 0, 0])
        """
        key, time_ms = np.append(np.arange(keys), -1), np.full(keys + 1, now_ms)
        within = np.zeros((len(hours), keys + 1), dtype=np.int64)
        for place, window in enumerate(hours):
            within[place] = counts.within(key, time_ms, window)
        since = counts.hours_since(key, time_ms) if last else np.full(1, NEVER_HOURS)
        return cls(counts.before(key, time_ms), np.array(hours, dtype=np.float64), within, since)

    @classmethod
    def empty(cls, hours: Sequence[float] = ()) -> "FrozenCounts":
        """Returns counts without events, for any key."""
        return cls.of(EventIndex(np.zeros(0, dtype=np.int64), 0), 0, 0, hours)

    def before(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """Returns the number of events of each key; shape (rows,)."""
        return np.asarray(self.total.take(key, mode="wrap"))

    def within(self, key: NDArray[np.integer], time_ms: Ints, hours: float) -> Ints:
        """Returns the number of events of each key in the `hours` before the clock; shape (rows,).

        Raises:
            ValueError: for a window that was not frozen.
        """
        place = np.flatnonzero(self.windows == hours)
        if not len(place):
            raise ValueError(f"no counts were frozen within {hours} h, only {self.windows.tolist()}")
        return np.asarray(self.counts[place[0]].take(key, mode="wrap"))

    def hours_since(self, key: NDArray[np.integer], time_ms: Ints) -> Floats:
        """Returns the hours from the last event of each key to the clock, NEVER_HOURS without one; shape (rows,)."""
        return np.asarray(self.since.take(key, mode="wrap"))


def freeze_pairs(pairs: PairIndex, now_ms: int, hours: Sequence[float] = ()) -> PairIndex:
    """Returns the same pairs with their counts frozen at `now_ms`."""
    return PairIndex(pairs.pairs, pairs.width, FrozenCounts.of(pairs.index, len(pairs.pairs), now_ms, hours))
