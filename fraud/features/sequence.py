"""Sequence features: autocorrelation, periodicity and predictability of reading times and pauses."""

import numpy as np

from features.arrays import Flags, Floats, Ints
from fraud.arrays import centred, correlation, entropy, histogram, lagged, ordered, over
from fraud.features.dwell import log_seconds
from fraud.features.dwell_table import DwellTable

_LONG_LAGS = np.arange(6, 21)
_GRID = 512  # points of the Fourier transform
_LEVELS = 4  # symbols of the coarse sequence: quartiles of the credential


def sequence_features(table: DwellTable) -> dict[str, Floats]:
    """Returns features of the sequence of exposures, shape (credentials,) each."""
    inside, between = table.inside, table.gap_inside
    reading, pause = log_seconds(table.dwell_seconds), log_seconds(table.pause_seconds)
    return {
        **_memory("reading", reading, inside),
        **_memory("pause", pause, between),
        "readingPauseTie": correlation(reading[:, :-1], pause, between),
        "contentRepeatShare": _repeat_share(table),
        "textSlope": _text_slope(reading, inside, table.text_length),
    }


def _memory(prefix: str, values: Floats, inside: Flags) -> dict[str, Floats]:
    lags = [lagged(values, inside, lag) if values.shape[1] > lag + 1 else _unknown(values) for lag in (1, 2, 3, 4, 5)]
    return {
        f"{prefix}Memory": lags[0],
        f"{prefix}LongMemory": np.mean(lags[1:], axis=0),
        f"{prefix}Mood": long_lag_autocorrelation(values, inside),
        f"{prefix}Peak": spectral_peak(values, inside),
        f"{prefix}Predictability": predictability(values, inside),
    }


def long_lag_autocorrelation(values: Floats, inside: Flags) -> Floats:
    """Returns the mean autocorrelation at lags 6 to 20; 0 without variance, NaN for fewer than 30 values.

    People's pace drifts over tens of posts.
    """
    c = centred(values, inside)
    power = np.abs(np.fft.rfft(c, n=2 * max(_GRID, c.shape[1]), axis=1)) ** 2
    products = np.fft.irfft(power, axis=1)[:, _LONG_LAGS]  # (credentials, lags) sums
    n = inside.sum(axis=1)
    variance = np.maximum((c * c).sum(axis=1) / np.maximum(n, 1), 1e-12)
    correlations = products / np.maximum(n[:, None] - _LONG_LAGS, 1) / variance[:, None]
    return np.where(n >= 30, correlations.mean(axis=1), np.nan)


def spectral_peak(values: Floats, inside: Flags) -> Floats:
    """Returns the peak of the periodogram as a share of its bound n·Σx², 0-1; 0 without variance.

    Strict alternation has 1, a sine 0.5, noise about log(n)/n. The grid does not depend on the table's width.

    >>> spectral_peak(np.tile([1.0, -1.0], 8)[None, :], np.ones((1, 16), bool)).round(2).tolist()
    [1.0]
    """
    c = centred(values, inside)
    power = np.abs(np.fft.rfft(c, n=max(_GRID, c.shape[1]), axis=1))[:, 1:] ** 2
    bound = inside.sum(axis=1) * (c * c).sum(axis=1)
    return np.nan_to_num(over(power.max(axis=1, initial=0.0), bound))


def predictability(values: Floats, inside: Flags) -> Floats:
    """Returns 1 - H(next | current)/H(next) over the row's quartiles, 0-1: 0 if independent, 1 for a fixed cycle.

    >>> predictability(np.tile([1.0, 2.0, 3.0, 4.0], 25)[None, :], np.ones((1, 100), bool)).round(2).tolist()
    [1.0]
    """
    symbol = _quartiles(values, inside)
    pairs = inside[:, 1:] & inside[:, :-1]
    joint = entropy(histogram(symbol[:, :-1] * _LEVELS + symbol[:, 1:], pairs, _LEVELS**2))
    single = entropy(histogram(symbol[:, :-1], pairs, _LEVELS))
    following = entropy(histogram(symbol[:, 1:], pairs, _LEVELS))
    return np.where(following > 0, 1.0 - over(joint - single, following), 1.0)


def _quartiles(values: Floats, inside: Flags) -> Ints:
    """Returns the quartile, 0-3, of each cell in its row; equal values share one."""
    count = inside.sum(axis=1)
    ascending = ordered(values, inside)
    rows = np.arange(len(values))
    symbol = np.zeros(values.shape, np.int64)
    for quartile in range(1, _LEVELS):
        edge = ascending[rows, np.minimum(quartile * count // _LEVELS, values.shape[1] - 1)]
        symbol += values >= edge[:, None]
    return symbol


def _repeat_share(table: DwellTable) -> Floats:
    """Returns the share of exposures of a content that the credential had seen before."""
    missing = np.uint64(2**64 - 1)
    contents = np.sort(np.where(table.inside, table.content >> np.uint64(1), missing), axis=1)
    repeats = (contents[:, 1:] == contents[:, :-1]) & (contents[:, 1:] != missing)
    return over(repeats.sum(axis=1), table.count)


def _text_slope(reading: Floats, inside: Flags, text_length: Floats) -> Floats:
    """Returns the correlation of log reading time with log text length; NaN for fewer than ten known lengths."""
    known = inside & np.isfinite(text_length)
    tie = correlation(reading, np.log1p(np.where(known, text_length, 0.0)), known)
    return np.where(known.sum(axis=1) >= 10, tie, np.nan)


def _unknown(values: Floats) -> Floats:
    return np.full(len(values), np.nan)
