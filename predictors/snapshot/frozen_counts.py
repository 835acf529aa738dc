"""Counts as they stood at one clock: what an index of events answers, without the events."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.ranking.point_in_time import NEVER_HOURS, EventIndex, Floats, Ints, PairIndex

_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Standing(EventIndex):
    """Answers as the index did at the clock at which it was taken, whatever time is asked for.

    The last place of each array is what a key of −1 finds: no events.
    """

    total: Ints  # (keys + 1,)
    windows: Floats  # (windows,) hours
    counts: Ints  # (windows, keys + 1) events within each window before the clock
    since: Floats  # (keys + 1,) hours from the last event to the clock; NEVER_HOURS where nobody asks

    @classmethod
    def of(
        cls, index: EventIndex, keys: int, now_ms: int, hours: Sequence[float] = (), last: bool = False
    ) -> "Standing":
        """What the index says at `now_ms` of the keys 0 to `keys` − 1, for these windows.

        >>> events = EventIndex.build(np.array([0, 0, 1]), np.array([0, 3_600_000, 0]))
        >>> standing = Standing.of(events, 2, 3_600_001, [0.5])
        >>> key, any_time = np.array([0, 1, -1]), np.zeros(3, dtype=np.int64)
        >>> standing.before(key, any_time).tolist(), standing.within(key, any_time, 0.5).tolist()
        ([2, 1, 0], [1, 0, 0])
        """
        key, time_ms = np.append(np.arange(keys), -1), np.full(keys + 1, now_ms)
        counts = np.zeros((len(hours), keys + 1), dtype=np.int64)
        for place, each in enumerate(hours):
            counts[place] = index.within(key, time_ms, each)
        since = index.hours_since(key, time_ms) if last else np.full(1, NEVER_HOURS)
        return cls(_NOTHING, 0, index.before(key, time_ms), np.array(hours, dtype=np.float64), counts, since)

    @classmethod
    def empty(cls, hours: Sequence[float] = ()) -> "Standing":
        """No events of any key, whatever it is."""
        return cls.of(EventIndex(_NOTHING, 0), 0, 0, hours)

    def before(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """How many events each key had; shape (rows,)."""
        return np.asarray(self.total.take(key, mode="wrap"))

    def within(self, key: NDArray[np.integer], time_ms: Ints, hours: float) -> Ints:
        """How many events each key had in the `hours` before the clock; shape (rows,).

        Raises:
            ValueError: for a window that was not taken.
        """
        place = np.flatnonzero(self.windows == hours)
        if not len(place):
            raise ValueError(f"no counts were taken within {hours} h, only {self.windows.tolist()}")
        return np.asarray(self.counts[place[0]].take(key, mode="wrap"))

    def hours_since(self, key: NDArray[np.integer], time_ms: Ints) -> Floats:
        """Hours from the last event of each key to the clock, NEVER_HOURS without one; shape (rows,)."""
        return np.asarray(self.since.take(key, mode="wrap"))


def of_pairs(index: PairIndex, now_ms: int, hours: Sequence[float] = ()) -> PairIndex:
    """The pairs with their counts as they stood at `now_ms`."""
    return PairIndex(index.pairs, index.width, Standing.of(index.index, len(index.pairs), now_ms, hours))
