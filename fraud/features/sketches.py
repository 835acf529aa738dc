"""Sketches of a credential's exposures, which find copies without comparing histories.

Bottom-k sketches (Broder 1997) keep the k smallest hashes of all shingles. Two credentials that share a part of
their shingles share about the same part of their sketches.
"""

import numpy as np
from numpy.typing import NDArray

from features.arrays import Flags, Floats, Ints
from fraud.features.dwell import log_seconds
from fraud.features.dwell_table import DwellTable, splitmix64

REPLAY_KEYS = 32
LOCKSTEP_KEYS = 16
NO_KEY = -1
_SHINGLE = 6  # consecutive exposures in one shingle of a replay
_STEP = 0.5  # width of a symbol in log seconds: 2 % of noise changes one symbol in fifty
_LOCKSTEP_MS = 30_000  # exposures in the same interval count as simultaneous


def replay_keys(table: DwellTable) -> Ints:
    """Returns (credentials, REPLAY_KEYS) hashes of shingles of coarse reading times and gaps; NO_KEY pads."""
    symbol = _coarse(table.dwell_seconds)[:, :-1] * 64 + _coarse(table.gap_seconds)
    width = symbol.shape[1] - _SHINGLE + 1
    if width < 1:
        return np.full((len(symbol), REPLAY_KEYS), NO_KEY)
    hashes: NDArray[np.uint64] = np.zeros((len(symbol), width), np.uint64)
    for offset in range(_SHINGLE):
        symbols: NDArray[np.uint64] = symbol[:, offset : offset + width].astype(np.uint64)
        hashes = splitmix64(hashes ^ symbols)
    return _smallest(hashes, table.gap_inside[:, _SHINGLE - 1 :], REPLAY_KEYS)


def lockstep_keys(table: DwellTable) -> Ints:
    """Returns (credentials, LOCKSTEP_KEYS) hashes of two consecutive contents and their time; NO_KEY pads."""
    interval = (table.seen_ms[:, :-1] // _LOCKSTEP_MS).astype(np.uint64)
    hashes = splitmix64(table.content[:, :-1] ^ splitmix64(table.content[:, 1:] ^ splitmix64(interval)))
    return _smallest(hashes, table.gap_inside, LOCKSTEP_KEYS)


def _coarse(seconds: Floats) -> Ints:
    symbol: Ints = np.clip(np.floor(log_seconds(seconds) / _STEP) + 16, 0, 63).astype(np.int64)
    return symbol


def _smallest(hashes: NDArray[np.uint64], inside: Flags, most: int) -> Ints:
    """Returns the smallest distinct hashes of each row, as non-negative 31-bit numbers."""
    missing = np.int64(2**31)
    keys = np.sort(np.where(inside, (hashes >> np.uint64(33)).astype(np.int64), missing), axis=1)
    keys[:, 1:][keys[:, 1:] == keys[:, :-1]] = missing
    keys = np.sort(keys, axis=1)[:, :most]
    keys = np.pad(keys, ((0, 0), (0, most - keys.shape[1])), constant_values=missing)
    return np.where(keys == missing, NO_KEY, keys)
