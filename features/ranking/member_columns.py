"""What one member's own small model looks at: a few columns of the matrix, scaled by fixed numbers."""

from typing import Final

import numpy as np

from features.arrays import Floats
from features.matrix import MEMBER_COLUMNS, Matrix

# column of the matrix: (centre, spread) of log(1 + value), as they lie on feeds of people; fixed, so that a stored
# model means the same tomorrow
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
_FARTHEST = 4.0  # spreads; beyond it a row must not pull


def effect_columns(matrix: Matrix) -> Floats:
    """`matrix`: (rows, MEMBER_COLUMNS); gives (rows, EFFECT_COLUMNS), each within ±4, the first column 1."""
    scaled = (np.log1p(np.maximum(matrix[:, _COLUMNS], 0.0)) - _CENTRE) / _SPREAD
    return np.column_stack([np.ones(len(matrix)), np.clip(scaled, -_FARTHEST, _FARTHEST)])
