"""One member's counts by content, author, language and tag. All events are older than the request: no search needed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.milliseconds import HOUR_MS
from features.ranking.point_in_time import NEVER_HOURS


@dataclass(frozen=True)
class MemberCounts:
    """Counts by key, equal to those of an EventIndex for any time after the last event.

    The last element of each array belongs to the key −1, which has no events.
    """

    count: Ints  # (keys + 1,)
    latest_ms: Ints  # (keys + 1,)

    @classmethod
    def of(cls, key: Ints, time_ms: Ints, keys: int) -> "MemberCounts":
        """Counts events; `key`: (n,) below `keys`, −1 for none; `time_ms`: (n,) ascending.

        >>> counts = MemberCounts.of(np.array([1, 1, -1]), np.array([5, 7_200_005, 9]), 2)
        >>> now, keys = np.full(3, 2 * 7_200_005), np.array([0, 1, -1])
        >>> counts.before(keys, now).tolist(), counts.hours_since(keys, now).round(1).tolist()
        ([0, 2, 0], [10000.0, 2.0, 10000.0])
        """
        known = key >= 0
        latest = np.zeros(keys + 1, dtype=np.int64)
        latest[key[known]] = time_ms[known]  # of several assignments to a key the last one holds: the latest event
        return cls(np.bincount(key[known], minlength=keys + 1), latest)

    def before(self, key: NDArray[np.integer], time_ms: Ints) -> Ints:
        """Returns the number of events of each key; shape (rows,)."""
        return np.asarray(self.count.take(key, mode="wrap"))

    def within(self, key: NDArray[np.integer], time_ms: Ints, hours: float) -> Ints:
        """Not supported: no column of a member needs a window.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"no counts are kept within {hours} h of a single member's past")

    def hours_since(self, key: NDArray[np.integer], time_ms: Ints) -> Floats:
        """Returns the hours from the last event of each key to each time, NEVER_HOURS without one; shape (rows,)."""
        hours = np.minimum((time_ms - self.latest_ms.take(key, mode="wrap")) / HOUR_MS, NEVER_HOURS)
        return np.where(self.before(key, time_ms) > 0, hours, NEVER_HOURS)


@dataclass(frozen=True)
class SingleAccountIndex:
    """Events of one account by a second key: the number of a pair is that second key."""

    index: MemberCounts

    @classmethod
    def build(
        cls, left: NDArray[np.integer], right: NDArray[np.integer], time_ms: Ints, width: int
    ) -> "SingleAccountIndex":
        """Counts events; `left`: (n,) zeros; `right`: (n,) below `width`; oldest first where hours are needed."""
        return cls(MemberCounts.of(right.astype(np.int64, copy=False), time_ms, width))

    def key(self, left: NDArray[np.integer], right: NDArray[np.integer]) -> Ints:
        """Returns the second key; shape (rows,)."""
        return right.astype(np.int64, copy=False)
