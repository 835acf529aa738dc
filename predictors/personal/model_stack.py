"""What a ladder of models says of rows: the world, the continent, the country, the members, the member's own; a sum."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy.special import expit

from features.matrix import GUEST_COLUMNS, Matrix
from features.ranking.boosters import margins
from features.ranking.member_columns import personal_columns
from features.ranking.point_in_time import Floats

WORLD: Final = "global"
_GUEST = len(GUEST_COLUMNS)
_AGE_SCORE = GUEST_COLUMNS.index("ageScore")


@dataclass(frozen=True)
class Ladder:
    """The models that serve one member; a level that is missing adds nothing."""

    guest: Mapping[str, Any] = field(default_factory=dict)  # boosters by level, the world first
    members: Any | None = None  # a booster
    own: Floats | None = None  # weights, shape (PERSONAL,)

    @property
    def is_untrained(self) -> bool:
        """Whether the formula stands in for the world's model."""
        return WORLD not in self.guest


def log_odds(ladder: Ladder, matrix: Matrix) -> Floats:
    """How likely an engagement is, by all levels; shape (rows,).

    `matrix`: (rows, MEMBER_COLUMNS), or (rows, GUEST_COLUMNS) for guests, to whom only the guests' levels speak.
    """
    total = guest_log_odds(ladder, np.ascontiguousarray(matrix[:, :_GUEST]))
    return total if matrix.shape[1] == _GUEST else total + member_log_odds(ladder, matrix)


def guest_log_odds(ladder: Ladder, guest: Matrix) -> Floats:
    """What the guests' levels say; shape (rows,).

    `guest`: (rows, GUEST_COLUMNS).
    """
    total = formula(guest) if ladder.is_untrained else np.zeros(len(guest))
    for booster in ladder.guest.values():
        total = total + margins(booster, guest)
    return total


def member_log_odds(ladder: Ladder, matrix: Matrix) -> Floats:
    """What the members' booster and the member's own model add to it; shape (rows,).

    `matrix`: (rows, MEMBER_COLUMNS).
    """
    total = np.zeros(len(matrix)) if ladder.members is None else margins(ladder.members, matrix)
    return total if ladder.own is None else total + personal_columns(matrix) @ ladder.own


def scores(ladder: Ladder, matrix: Matrix) -> Floats:
    """The chance of an engagement, 0 to 1; shape (rows,)."""
    return np.asarray(expit(log_odds(ladder, matrix)))


def formula(guest: Matrix) -> Floats:
    """Without a model: the content score of the statistics, (engagements + 1)·ageScore, as odds; shape (rows,).

    `guest`: (rows, GUEST_COLUMNS).
    """
    engaged, age_score = guest[:, :4].sum(axis=1, dtype=np.float64), guest[:, _AGE_SCORE].astype(np.float64)
    return np.asarray(np.log((engaged + 1.0) * np.maximum(age_score, 1e-300)))
