"""How long a credential reads and pauses: robust shape, repeated values, distance from simple random clocks."""

import numpy as np
from scipy.special import ndtr

from fraud.arrays import Flags, Floats, Ints, centred, deviation, histogram, mean, ordered, over, quantile, repeated
from fraud.features.dwell_table import DwellTable

SKIM_SECONDS = 0.6  # nobody reads a post in less
_LEAST_SECONDS = 0.001  # the clock's resolution, before a logarithm
_Q = (0.05, 0.25, 0.5, 0.75, 0.95)


def dwell_features(table: DwellTable) -> dict[str, Floats]:
    """Numbers of the reading time, the gaps and the pauses of each credential, shape (credentials,) each."""
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
    """Natural logarithms of seconds, of a millisecond at least."""
    return np.log(np.maximum(seconds, _LEAST_SECONDS))


def _shape(of: str, values: Floats, inside: Flags) -> dict[str, Floats]:
    """Middle, widths and repeated values of logarithms; every number but the middle is free of the unit."""
    up, count = ordered(values, inside), inside.sum(axis=1)
    q05, q25, q50, q75, q95 = (quantile(up, count, q) for q in _Q)
    away = ordered(np.abs(values - q50[:, None]), inside)
    return {
        f"{of}LogMedian": q50,
        f"{of}LogMad": quantile(away, count, 0.5),
        f"{of}LogIqr": q75 - q25,
        f"{of}LogTail": q95 - q50,
        f"{of}LogHead": q50 - q05,
        f"{of}LogSkew": _third_moment(values, inside),
        f"{of}RepeatShare": repeated(up, count),
    }


def _third_moment(values: Floats, inside: Flags) -> Floats:
    """Skewness without correction; 0 without variance."""
    c = centred(values, inside)
    square = c * c
    n, m2 = inside.sum(axis=1), square.sum(axis=1)
    skewness = np.sqrt(np.maximum(n, 1)) * over((square * c).sum(axis=1), np.maximum(m2, 1e-12) ** 1.5)
    return np.where(n > 0, skewness, np.nan)


def log_normal_distance(logarithms: Floats, inside: Flags) -> Floats:
    """Kolmogorov's distance, 0-1, between a row and the normal law of its own mean and deviation."""
    scale = np.maximum(np.nan_to_num(deviation(logarithms, inside)), 1e-9)[:, None]
    return _distance(ordered(centred(logarithms, inside) / scale, inside), inside.sum(axis=1), ndtr)


def exponential_distance(seconds: Floats, inside: Flags) -> Floats:
    """Kolmogorov's distance, 0-1, between a row and the exponential law of its own mean."""
    scale = np.maximum(np.nan_to_num(mean(seconds, inside)), 1e-9)[:, None]
    return _distance(ordered(seconds / scale, inside), inside.sum(axis=1), lambda x: -np.expm1(-x))


def _distance(ascending: Floats, count: Ints, law: object) -> Floats:
    assert callable(law)
    expected = law(ascending)
    place = np.arange(ascending.shape[1])
    n = np.maximum(count, 1)[:, None]
    apart = np.maximum((place + 1) / n - expected, expected - place / n)
    return np.where(count > 0, np.where(place < count[:, None], apart, 0.0).max(axis=1, initial=0.0), np.nan)


def _round_share(dwell_ms: Ints, inside: Flags) -> Floats:
    """The share of the commonest remainder of the milliseconds by 100: timers leave the same one."""
    return over(histogram(dwell_ms % 100, inside, 100).max(axis=1), inside.sum(axis=1))


def _burstiness(gaps: Floats, inside: Flags) -> Floats:
    """(s - m)/(s + m) of the gaps (Goh & Barabási 2008): -1 a metronome, 0 random, 1 bursts."""
    s, m = deviation(gaps, inside), mean(gaps, inside)
    return np.where(inside.sum(axis=1) > 1, over(s - m, np.maximum(s + m, 1e-9)), np.nan)
