"""One member's counts by content, author, language and tag; no search: all of the past lies before the request."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.ranking.point_in_time import HOUR_MS, NEVER_HOURS, EventIndex, Floats, Ints, PairIndex

_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Tally(EventIndex):
    """Answers as an EventIndex of these events does for any time after the last of them.

    The last place of each array is what a key of −1 finds: no events.
    """

    count: Ints  # (keys + 1,)
    latest_ms: Ints  # (keys + 1,)

    @classmethod
    def of(cls, key: Ints, time_ms: Ints, keys: int) -> "Tally":
        """`key`: (n,) below `keys`, −1 for nothing; `time_ms`: (n,) ascending.

        >>> tally = Tally.of(np.array([1, 1, -1]), np.array([5, 7_200_005, 9]), 2)
        >>> now, keys = np.full(3, 2 * 7_200_005), np.array([0, 1, -1])
        >>> tally.before(keys, now).tolist(), tally.hours_since(keys, now).round(1).tolist()
        ([0, 2, 0], [10000.0, 2.0, 10000.0])
        """
        known = key >= 0
        latest = np.zeros(keys + 1, dtype=np.int64)
        latest[key[known]] = time_ms[known]  # of several the last one, which is the latest
        return cls(_NOTHING, 0, np.bincount(key[known], minlength=keys + 1), latest)

    def before(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """How many events each key had; shape (rows,)."""
        return np.asarray(self.count.take(key, mode="wrap"))

    def hours_since(self, key: NDArray[np.integer], time_ms: Ints) -> Floats:
        """Hours from the last event of each key to each time, NEVER_HOURS without one; shape (rows,)."""
        hours = np.minimum((time_ms - self.latest_ms.take(key, mode="wrap")) / HOUR_MS, NEVER_HOURS)
        return np.where(self.before(key, time_ms) > 0, hours, NEVER_HOURS)


@dataclass(frozen=True)
class OfOne(PairIndex):
    """Events of one account: the pair with a key is the key."""

    @classmethod
    def build(cls, left: NDArray[np.integer], right: NDArray[np.integer], time_ms: Ints, width: int) -> "OfOne":
        """`left`: (n,) zeros; `right`: (n,) below `width`; oldest first where hours are asked."""
        return cls(_NOTHING, width, Tally.of(right.astype(np.int64, copy=False), time_ms, width))

    def key(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> Ints:
        """The right one, as it is."""
        return right.astype(np.int64, copy=False)
