"""A short digest of the values that the reading features have on a few fixed credentials."""

from functools import cache

import numpy as np

from features.arrays import Floats
from features.fingerprint import digest
from fraud.features.behaviour import measure
from fraud.features.dwell_table import DwellTable, splitmix64
from fraud.models.dataset import COLUMNS, columns_of

_BEGIN_MS = 1_766_275_200_000  # 2025-12-21T00:00:00Z
_CELLS = 80


@cache
def fingerprint() -> str:
    """Returns 16 hexadecimal digits that change with the values, the names or the order of COLUMNS.

    Computed once a process.
    """
    return digest(COLUMNS, golden_features())


def golden_features() -> Floats:
    """COLUMNS of four credentials; shape (4, COLUMNS).

    The second replays the first a day later, the third reads along with it, the fourth is a timer with few readings.
    """
    return columns_of(measure(_readings()))


def _readings() -> DwellTable:
    """Readings in sessions, their lengths spread by remainders so that no column is constant."""
    count = np.array([_CELLS, _CELLS, _CELLS, 41])
    place = np.arange(_CELLS)
    pace = np.array([[37], [37], [53], [71]])
    dwell_ms = 300 + (place * place * pace + place * 911) % 7_919 * (1 + place % 7) // 2
    pause_ms = (place * pace * 131) % 12_007 - 400
    dwell_ms[3], pause_ms[3] = dwell_ms[3] // 900 * 900 + 300, pause_ms[3] // 1_500 * 1_500 + 700
    break_ms = np.where(place % 16 == 15, 11_000_000 + place * pace * 9_001, 0)  # a new session
    break_ms += np.where(place % 16 == 7, 900_000 + place * 1_009, 0)  # within one
    start_ms = _BEGIN_MS + np.array([[25_200_000], [111_600_000], [25_203_000], [50_000_000]])
    steps = np.cumsum(dwell_ms + pause_ms + break_ms, axis=1)
    seen_ms = start_ms + np.concatenate([np.zeros((4, 1), np.int64), steps[:, :-1]], axis=1)
    seen_ms[2] = seen_ms[0] + 1_000 + place * 7
    content = splitmix64((place * place % 67 + 1).astype(np.uint64))
    inside = place < count[:, None]
    return DwellTable(
        count=count,
        seen_ms=np.where(inside, seen_ms, 0),
        dwell_ms=np.where(inside, dwell_ms, 0),
        content=np.where(inside, content + np.array([[0], [1], [0], [2]], np.uint64), np.uint64(0)),
        text_length=np.where(inside & (place % 5 > 0), 20.0 + place * pace % 230, np.nan),
    )
