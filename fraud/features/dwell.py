"""Dwell features: distribution of reading times, gaps and pauses, repeated values, fit to simple random generators."""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtr

from features.arrays import Flags, Floats, Ints
from fraud.arrays import centred, deviation, histogram, mean, ordered, over, quantile, repeated
from fraud.features.dwell_table import DwellTable

SKIM_SECONDS = 0.6  # nobody reads a post in less time
_MIN_SECONDS = 0.001  # resolution of the app's clock
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def dwell_features(table: DwellTable) -> dict[str, Floats]:
    """Returns features of reading times, gaps and pauses, shape (credentials,) each."""
    inside, between = table.inside, table.gap_inside
    reading, gap, pause = log_seconds(table.dwell_seconds), log_seconds(table.gap_seconds), table.pause_seconds
    return {
        **_shape("reading", reading, inside),
        **_shape("gap", gap, between),
        **_shape("pause", log_seconds(pause), between),
        "readingSkimShare": mean((table.dwell_seconds < SKIM_SECONDS).astype(np.float64), inside),
        "readingRoundShare": _round_share(table.dwell_ms, inside),
        "readingLogNormalDistance": log_normal_distance(reading, inside),
        "readingExponentialDistance": exponential_distance(table.dwell_seconds, inside),
        "pauseLogNormalDistance": log_normal_distance(log_seconds(pause), between),
        "pauseExponentialDistance": exponential_distance(np.maximum(pause, 0.0), between),
        "gapBurstiness": _burstiness(table.gap_seconds, between),
        "overlapShare": mean((pause < 0).astype(np.float64), between),
    }


def log_seconds(seconds: Floats) -> Floats:
    """Returns natural logarithms of seconds, at least of a millisecond."""
    return np.log(np.maximum(seconds, _MIN_SECONDS))


def _shape(prefix: str, logarithms: Floats, inside: Flags) -> dict[str, Floats]:
    """Returns location, scale, skewness and repeats of logarithms; only the median depends on the time unit."""
    ascending, count = ordered(logarithms, inside), inside.sum(axis=1)
    q05, q25, q50, q75, q95 = (quantile(ascending, count, q) for q in _QUANTILES)
    deviations = ordered(np.abs(logarithms - q50[:, None]), inside)
    return {
        f"{prefix}LogMedian": q50,
        f"{prefix}LogMad": quantile(deviations, count, 0.5),
        f"{prefix}LogIqr": q75 - q25,
        f"{prefix}LogTail": q95 - q50,
        f"{prefix}LogHead": q50 - q05,
        f"{prefix}LogSkew": _skewness(logarithms, inside),
        f"{prefix}RepeatShare": repeated(ascending, count),
    }


def _skewness(values: Floats, inside: Flags) -> Floats:
    """Returns the skewness of each row without correction for bias; 0 without variance."""
    c = centred(values, inside)
    square = c * c
    n, m2 = inside.sum(axis=1), square.sum(axis=1)
    skewness = np.sqrt(np.maximum(n, 1)) * over((square * c).sum(axis=1), np.maximum(m2, 1e-12) ** 1.5)
    return np.where(n > 0, skewness, np.nan)


def log_normal_distance(logarithms: Floats, inside: Flags) -> Floats:
    """Returns the Kolmogorov-Smirnov distance of each row to the normal distribution with its mean and deviation."""
    scale = np.maximum(np.nan_to_num(deviation(logarithms, inside)), 1e-9)[:, None]
    return _distance(ordered(centred(logarithms, inside) / scale, inside), inside.sum(axis=1), ndtr)


def exponential_distance(seconds: Floats, inside: Flags) -> Floats:
    """Returns the Kolmogorov-Smirnov distance, 0-1, of each row to an exponential distribution with its mean."""
    scale = np.maximum(np.nan_to_num(mean(seconds, inside)), 1e-9)[:, None]
    return _distance(ordered(seconds / scale, inside), inside.sum(axis=1), lambda x: -np.expm1(-x))


def _distance(ascending: Floats, count: Ints, cdf: Callable[[Floats], Floats]) -> Floats:
    expected = cdf(ascending)
    rank = np.arange(ascending.shape[1])
    n = np.maximum(count, 1)[:, None]
    difference = np.maximum((rank + 1) / n - expected, expected - rank / n)
    return np.where(count > 0, np.where(rank < count[:, None], difference, 0.0).max(axis=1, initial=0.0), np.nan)


def _round_share(dwell_ms: Ints, inside: Flags) -> Floats:
    """Returns the share of the most frequent value of milliseconds modulo 100; timers repeat one value."""
    return over(histogram(dwell_ms % 100, inside, 100).max(axis=1), inside.sum(axis=1))


def _burstiness(gaps: Floats, inside: Flags) -> Floats:
    """Returns (s - m)/(s + m) of the gaps (Goh & Barabási 2008): -1 regular, 0 random, 1 bursty."""
    s, m = deviation(gaps, inside), mean(gaps, inside)
    return np.where(inside.sum(axis=1) > 1, over(s - m, np.maximum(s + m, 1e-9)), np.nan)
