"""The inputs of the member effects: a few columns of the matrix, scaled by constants."""

from typing import Final

import numpy as np

from features.arrays import Floats
from features.matrix import MEMBER_COLUMNS, Matrix

# column of the matrix: (centre, spread) of log(1 + value) on real feeds; constants, so that stored weights keep their
# meaning
_SCALES: Final = {
    "ageHours": (3.0, 1.5),
    "engaged24h": (0.7, 0.8),
    "viewedCount": (2.5, 1.2),
    "photoCount": (0.2, 0.4),
    "characterLength": (4.0, 1.5),
    "isReshare": (0.1, 0.3),
    "sameCountry": (0.1, 0.3),
    "follows": (0.1, 0.3),
    "userCreatorRate": (0.06, 0.05),
    "userTagRate": (0.06, 0.05),
    "userLanguageRate": (0.06, 0.05),
    "tasteViewed": (0.2, 0.4),
}
EFFECT_COLUMNS: Final = ("always", *_SCALES)
_COLUMNS: Final = [MEMBER_COLUMNS.index(name) for name in _SCALES]
_CENTRE, _SPREAD = np.array(list(_SCALES.values())).T
_MAX_SPREADS = 4.0  # limits the influence of outliers


def effect_columns(matrix: Matrix) -> Floats:
    """Returns the inputs, each within ±4, the first 1; `matrix`: (rows, MEMBER_COLUMNS).

    Shape (rows, EFFECT_COLUMNS).
    """
    scaled = (np.log1p(np.maximum(matrix[:, _COLUMNS], 0.0)) - _CENTRE) / _SPREAD
    return np.column_stack([np.ones(len(matrix)), np.clip(scaled, -_MAX_SPREADS, _MAX_SPREADS)])
