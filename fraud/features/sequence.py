"""What order the reading times come in: memory, rhythm of the sequence, how well the next one can be told."""

import numpy as np

from fraud.arrays import Flags, Floats, Ints, centred, correlation, entropy, histogram, lagged, over
from fraud.features.dwell import log_seconds
from fraud.features.dwell_table import DwellTable

_MOOD_LAGS = np.arange(6, 21)
_GRID = 512  # points of the Fourier transform
_LEVELS = 4  # symbols of the coarse sequence: quarters of the credential's own values


def sequence_features(table: DwellTable) -> dict[str, Floats]:
    """Numbers of the sequence of each credential, shape (credentials,) each."""
    inside, between = table.inside, table.gap_inside
    reading, pause = log_seconds(table.dwell_seconds), log_seconds(table.pause_seconds)
    return {
        **_memory("reading", reading, inside),
        **_memory("pause", pause, between),
        "readingPauseTie": correlation(reading[:, :-1], pause, between),
        "contentRepeatShare": _repeat_share(table),
        "textSlope": _text_slope(reading, inside, table.text_length),
    }


def _memory(of: str, values: Floats, inside: Flags) -> dict[str, Floats]:
    lags = [lagged(values, inside, lag) if values.shape[1] > lag + 1 else _unknown(values) for lag in (1, 2, 3, 4, 5)]
    return {
        f"{of}Memory": lags[0],
        f"{of}LongMemory": np.mean(lags[1:], axis=0),
        f"{of}Mood": long_lag_autocorrelation(values, inside),
        f"{of}Peak": spectral_peak(values, inside),
        f"{of}Predictability": predictability(values, inside),
    }


def long_lag_autocorrelation(values: Floats, inside: Flags) -> Floats:
    """The mean autocorrelation at lags 6 to 20: people's pace drifts over tens of posts; 0 without variance.

    NaN under 30 cells.
    """
    c = centred(values, inside)
    power = np.abs(np.fft.rfft(c, n=2 * max(_GRID, c.shape[1]), axis=1)) ** 2
    together = np.fft.irfft(power, axis=1)[:, _MOOD_LAGS]  # (credentials, lags) sums of products
    n = inside.sum(axis=1)
    own = np.maximum((c * c).sum(axis=1) / np.maximum(n, 1), 1e-12)
    correlations = together / np.maximum(n[:, None] - _MOOD_LAGS, 1) / own[:, None]
    return np.where(n >= 30, correlations.mean(axis=1), np.nan)


def spectral_peak(values: Floats, inside: Flags) -> Floats:
    """The highest ordinate of the periodogram over its bound n·Σx², 0-1; 0 without variance.

    1 a strict to and fro, 0.5 a sine, about log(n)/n noise. The grid is the same whatever the table's width.

    >>> spectral_peak(np.tile([1.0, -1.0], 8)[None, :], np.ones((1, 16), bool)).round(2).tolist()
    [1.0]
    """
    c = centred(values, inside)
    power = np.abs(np.fft.rfft(c, n=max(_GRID, c.shape[1]), axis=1))[:, 1:] ** 2
    bound = inside.sum(axis=1) * (c * c).sum(axis=1)
    return np.nan_to_num(over(power.max(axis=1, initial=0.0), bound))


def predictability(values: Floats, inside: Flags) -> Floats:
    """1 - H(next | this)/H(this) over the credential's own quarters, 0-1: 0 a fair die, 1 a fixed round.

    >>> predictability(np.tile([1.0, 2.0, 3.0, 4.0], 25)[None, :], np.ones((1, 100), bool)).round(2).tolist()
    [1.0]
    """
    symbol = _quarters(values, inside)
    pairs = inside[:, 1:] & inside[:, :-1]
    joint = entropy(histogram(symbol[:, :-1] * _LEVELS + symbol[:, 1:], pairs, _LEVELS**2))
    single = entropy(histogram(symbol[:, :-1], pairs, _LEVELS))
    following = entropy(histogram(symbol[:, 1:], pairs, _LEVELS))
    return np.where(following > 0, 1.0 - over(joint - single, following), 1.0)


def _quarters(values: Floats, inside: Flags) -> Ints:
    """The quarter of its row that each cell lies in; equal values share one."""
    count = inside.sum(axis=1)
    up = np.sort(np.where(inside, values, np.inf), axis=1)
    rows = np.arange(len(values))
    symbol = np.zeros(values.shape, np.int64)
    for quarter in range(1, _LEVELS):
        edge = up[rows, np.minimum(quarter * count // _LEVELS, values.shape[1] - 1)]
        symbol += values >= edge[:, None]
    return symbol


def _repeat_share(table: DwellTable) -> Floats:
    """The share of readings of a content that the credential had read before."""
    inside = table.inside
    up = np.sort(np.where(inside, table.content >> np.uint64(1), np.uint64(2**64 - 1)), axis=1)
    again = (up[:, 1:] == up[:, :-1]) & (up[:, 1:] != np.uint64(2**64 - 1))
    return over(again.sum(axis=1), table.count)


def _text_slope(reading: Floats, inside: Flags, text_length: Floats) -> Floats:
    """The correlation of log reading time with log text length; NaN where fewer than ten lengths are known."""
    known = inside & np.isfinite(text_length)
    tie = correlation(reading, np.log1p(np.where(known, text_length, 0.0)), known)
    return np.where(known.sum(axis=1) >= 10, tie, np.nan)


def _unknown(values: Floats) -> Floats:
    return np.full(len(values), np.nan)
