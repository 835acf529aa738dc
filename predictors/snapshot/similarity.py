"""Co-engagement of one member in milliseconds: how similar the people who engaged with a content are to the member.

features.ranking.co_engagement compares all members; here one member is compared. Only the contents that the member
chose are looked up: the other accounts that chose them have a similarity above 0, and a content's value sums that of
its actors.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.milliseconds import DAY_MS
from features.ranking.co_engagement import ByContent, interests
from features.ranking.indexes import HistoryIndex
from predictors.snapshot.posting_lists import entries


@dataclass(frozen=True)
class CoEngagementIndex:
    """The accounts that chose each content, with weights (`interests`), and its last actors."""

    start: Ints  # (contents + 1,)
    account: Ints  # (choices,)
    weight: NDArray[np.float32]  # (choices,)
    engager_start: Ints  # (contents + 1,)
    engager: Ints  # (engagers,) accounts
    viewer_start: Ints  # (contents + 1,)
    viewer: Ints  # (viewers,) accounts

    @classmethod
    def of(cls, known: HistoryIndex, now_ms: int) -> "CoEngagementIndex":
        """Indexes choices up to the last midnight, as in training, and actors up to `now_ms`."""
        chosen = interests(known.history, now_ms // DAY_MS * DAY_MS).tocsc()
        return cls(
            chosen.indptr.astype(np.int64),
            chosen.indices.astype(np.int64),
            chosen.data.astype(np.float32),
            *_latest(known.engagers, now_ms),
            *_latest(known.viewers, now_ms),
        )

    def similarity(self, account: int, chosen: Ints, accounts: int) -> Floats:
        """Returns each account's similarity to `account`, which acted on `chosen`; 0 for itself; shape (accounts,)."""
        which, place = entries(self.start, chosen[chosen < len(self.start) - 1])
        other, weight = self.account[place], self.weight[place]
        own = np.bincount(which, weights=weight * (other == account), minlength=len(chosen))
        similarity = np.bincount(other, weights=weight * own[which], minlength=accounts).astype(np.float64)
        similarity[account] = 0.0
        return similarity

    def columns(self, similarity: Floats, content: Ints) -> dict[str, Floats]:
        """Returns the columns of `co_engagement_columns`, each (rows,); contents after the last have no actors.

        `similarity`: (accounts,); `content`: (rows,).
        """
        engaged, _ = _sums(similarity, self.engager_start, self.engager, content)
        viewed, count = _sums(similarity, self.viewer_start, self.viewer, content)
        return {"tasteEngaged": engaged, "tasteViewed": viewed, "tasteMean": viewed / np.maximum(count, 1)}


def _latest(acts: ByContent, now_ms: int) -> tuple[Ints, Ints]:
    contents = len(acts.start) - 1
    row, account = acts.actors_before(np.arange(contents), np.full(contents, now_ms))
    return np.searchsorted(row, np.arange(contents + 1)), account


def _sums(similarity: Floats, start: Ints, actor: Ints, content: Ints) -> tuple[Floats, NDArray[Any]]:
    known = np.flatnonzero(content < len(start) - 1)
    which, place = entries(start, content[known])
    row = known[which]
    total = np.bincount(row, weights=similarity[actor[place]], minlength=len(content)).astype(np.float64)
    return total, np.bincount(row, minlength=len(content))
