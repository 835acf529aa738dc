"""Small fingerprints of what a credential did, so that copies are found without comparing histories.

Bottom-k sketches (Broder 1997): of all hashes of short pieces the k smallest; two credentials that share a part of
their pieces share about that part of their sketches.
"""

import numpy as np
from numpy.typing import NDArray

from fraud.arrays import Flags, Floats, Ints
from fraud.features.dwell import log_seconds
from fraud.features.dwell_table import DwellTable, splitmix64

REPLAY_KEYS = 32
LOCKSTEP_KEYS = 16
NO_KEY = -1
_PIECE = 6  # consecutive readings in one piece of a replay
_STEP = 0.5  # width of a symbol in log seconds: 2 % of noise moves one symbol in fifty
_TOGETHER_MS = 30_000  # seen at the same time


def replay_keys(table: DwellTable) -> Ints:
    """(credentials, REPLAY_KEYS) hashes of pieces of the sequence of coarse reading times and gaps; NO_KEY pads."""
    symbol = _coarse(table.dwell_seconds)[:, :-1] * 64 + _coarse(table.gap_seconds)
    width = symbol.shape[1] - _PIECE + 1
    if width < 1:
        return np.full((len(symbol), REPLAY_KEYS), NO_KEY)
    pieces: NDArray[np.uint64] = np.zeros((len(symbol), width), np.uint64)
    for place in range(_PIECE):
        symbols: NDArray[np.uint64] = symbol[:, place : place + width].astype(np.uint64)
        pieces = splitmix64(pieces ^ symbols)
    return _smallest(pieces, table.gap_inside[:, _PIECE - 1 :], REPLAY_KEYS)


def lockstep_keys(table: DwellTable) -> Ints:
    """(credentials, LOCKSTEP_KEYS) hashes of two contents in this order at this time; NO_KEY pads."""
    when = (table.seen_ms[:, :-1] // _TOGETHER_MS).astype(np.uint64)
    pieces = splitmix64(table.content[:, :-1] ^ splitmix64(table.content[:, 1:] ^ splitmix64(when)))
    return _smallest(pieces, table.gap_inside, LOCKSTEP_KEYS)


def _coarse(seconds: Floats) -> Ints:
    symbol: Ints = np.clip(np.floor(log_seconds(seconds) / _STEP) + 16, 0, 63).astype(np.int64)
    return symbol


def _smallest(pieces: NDArray[np.uint64], inside: Flags, most: int) -> Ints:
    """The smallest distinct hashes of each row, as non-negative 31-bit numbers."""
    nothing = np.int64(2**31)
    keys = np.sort(np.where(inside, (pieces >> np.uint64(33)).astype(np.int64), nothing), axis=1)
    keys[:, 1:][keys[:, 1:] == keys[:, :-1]] = nothing
    keys = np.sort(keys, axis=1)[:, :most]
    keys = np.pad(keys, ((0, 0), (0, most - keys.shape[1])), constant_values=nothing)
    return np.where(keys == nothing, NO_KEY, keys)
