"""The ranking without a trained model: the content score, (engagements + 1)·ageScore, as odds."""

from typing import Final

import numpy as np

from features.arrays import Floats
from features.matrix import DESIGN, GUEST_COLUMNS, Matrix

_COUNTS: Final = DESIGN[:4]
_AGE_SCORE: Final = GUEST_COLUMNS.index("ageScore")
_LEAST: Final = 1e-300  # keeps the logarithm finite when the ageScore of an old content underflows


def untrained_inputs(guest: Matrix) -> tuple[Floats, Floats]:
    """Returns engagements and ageScore of each row, both (rows,); `guest`: (rows, ≥ GUEST_COLUMNS)."""
    return guest[:, : len(_COUNTS)].sum(axis=1, dtype=np.float64), guest[:, _AGE_SCORE].astype(np.float64)


def untrained_log_odds(engaged: Floats, age_score: Floats) -> Floats:
    """Returns ln((engagements + 1)·ageScore), shape (rows,).

    >>> untrained_log_odds(np.array([1.0, 0.0]), np.array([0.5, 1.0])).tolist()
    [0.0, 0.0]
    """
    return np.asarray(np.log((engaged + 1.0) * np.maximum(age_score, _LEAST)))


def untrained_parts(engaged: Floats, age_score: Floats) -> Floats:
    """Returns the terms of `untrained_log_odds` for engagements and age, shape (rows, 2).

    >>> untrained_parts(np.array([0.0]), np.array([1.0])).tolist()
    [[0.0, 0.0]]
    """
    return np.column_stack([np.log(engaged + 1.0), np.log(np.maximum(age_score, _LEAST))])
