"""Co-engagement in milliseconds: how much the people who chose a content resemble one member.

features.ranking.co_engagement compares all members; here one member asks. Only the contents that the member chose are looked up:
who else chose them gives the likeness of every account, and the actors of a content give its sum.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.ranking.co_engagement import DAY_MS, ByContent, interests
from features.ranking.indexes import Known
from features.ranking.point_in_time import Floats, Ints
from predictors.snapshot.posting_lists import spread


@dataclass(frozen=True)
class Choices:
    """Who chose each content how much (rows of features.ranking.co_engagement.interests), and who acted on it last."""

    start: Ints  # (contents + 1,)
    account: Ints  # (choices,)
    weight: NDArray[np.float32]  # (choices,)
    engager_start: Ints  # (contents + 1,)
    engager: Ints
    viewer_start: Ints  # (contents + 1,)
    viewer: Ints

    @classmethod
    def of(cls, known: Known, now_ms: int) -> "Choices":
        """As they stood at `now_ms`; what members had chosen ends with the day before, as in training."""
        chosen = interests(known.history, now_ms // DAY_MS * DAY_MS).tocsc()
        return cls(
            chosen.indptr.astype(np.int64),
            chosen.indices.astype(np.int64),
            chosen.data.astype(np.float32),
            *_latest(known.engagers, now_ms),
            *_latest(known.viewers, now_ms),
        )

    def likeness(self, account: int, chosen: Ints, accounts: int) -> Floats:
        """How much each account resembles this one, which acted on `chosen`; 0 for itself; shape (accounts,)."""
        which, place = spread(self.start, chosen[chosen < len(self.start) - 1])
        other, weight = self.account[place], self.weight[place]
        own = np.bincount(which, weights=weight * (other == account), minlength=len(chosen))
        like = np.bincount(other, weights=weight * own[which], minlength=accounts).astype(np.float64)
        like[account] = 0.0
        return like

    def columns(self, like: Floats, content: Ints) -> dict[str, Floats]:
        """The taste columns of the rows, as features.ranking.co_engagement.taste_columns; contents beyond the last have no actors."""
        engaged, _ = _sums(like, self.engager_start, self.engager, content)
        viewed, count = _sums(like, self.viewer_start, self.viewer, content)
        return {"tasteEngaged": engaged, "tasteViewed": viewed, "tasteMean": viewed / np.maximum(count, 1)}


def _latest(acts: ByContent, now_ms: int) -> tuple[Ints, Ints]:
    contents = len(acts.start) - 1
    row, account = acts.actors_before(np.arange(contents), np.full(contents, now_ms))
    return np.searchsorted(row, np.arange(contents + 1)), account


def _sums(like: Floats, start: Ints, actor: Ints, content: Ints) -> tuple[Floats, NDArray[Any]]:
    known = np.flatnonzero(content < len(start) - 1)
    which, place = spread(start, content[known])
    row = known[which]
    total = np.bincount(row, weights=like[actor[place]], minlength=len(content)).astype(np.float64)
    return total, np.bincount(row, minlength=len(content))
