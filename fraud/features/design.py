"""Design features: the four numbers that the first design names, computed as pandas does, corrected for bias."""

import numpy as np

from features.arrays import Flags, Floats
from fraud.arrays import centred, mean, ordered, over, quantile
from fraud.features.dwell_table import DwellTable

UPPER = 0.95  # quantile above which reading times are excluded


def design_features(table: DwellTable) -> dict[str, Floats]:
    """Returns the four design features, shape (credentials,) each.

    |skew|, |excess kurtosis| and std/mean of the reading seconds up to their 0.95 quantile; std/mean of the gaps
    between consecutive `seenAt`. 0 without variance; NaN for too few values (skew 3, kurtosis 4, std 2).
    """
    seconds, inside = table.dwell_seconds, table.inside
    bound = quantile(ordered(seconds, inside), table.count, UPPER)
    with np.errstate(invalid="ignore"):
        trimmed = inside & (seconds <= bound[:, None])
    return {
        "postReadingTimeAbsSkew": np.abs(skew(seconds, trimmed)),
        "postReadingTimeAbsKurt": np.abs(kurtosis(seconds, trimmed)),
        "postReadingTimeNormStd": normalised_deviation(seconds, trimmed),
        "postReadingTimeDifferenceNormStd": normalised_deviation(table.gap_seconds, table.gap_inside),
    }


def skew(values: Floats, inside: Flags) -> Floats:
    """Returns the adjusted Fisher-Pearson skewness G1 of each row (Joanes & Gill 1998).

    >>> skew(np.array([[1.0, 2.0, 6.0]]), np.ones((1, 3), bool)).round(4).tolist()
    [1.4579]
    """
    n, c = inside.sum(axis=1), _centred(values, inside)
    square = c * c
    m2, m3 = square.sum(axis=1), (square * c).sum(axis=1)
    corrected = over(n * np.sqrt(np.maximum(n - 1, 0)) * m3, (n - 2) * m2**1.5)
    return _defined(corrected, m2, n, fewest=3)


def kurtosis(values: Floats, inside: Flags) -> Floats:
    """Returns the excess kurtosis G2 of each row (Joanes & Gill 1998).

    >>> kurtosis(np.array([[1.0, 2.0, 3.0, 4.0]]), np.ones((1, 4), bool)).round(4).tolist()
    [-1.2]
    """
    n, square = inside.sum(axis=1), _centred(values, inside) ** 2
    m2, m4 = square.sum(axis=1), (square * square).sum(axis=1)
    scale = (n - 2.0) * (n - 3.0)
    corrected = over(n * (n + 1.0) * (n - 1.0) * m4, scale * m2**2) - over(3.0 * (n - 1.0) ** 2, scale)
    return _defined(corrected, m2, n, fewest=4)


def normalised_deviation(values: Floats, inside: Flags) -> Floats:
    """Returns standard deviation / mean of each row; 0 without variance, NaN for fewer than two values.

    >>> normalised_deviation(np.array([[1.0, 3.0]]), np.ones((1, 2), bool)).round(4).tolist()
    [0.7071]
    """
    n, square = inside.sum(axis=1), _centred(values, inside) ** 2
    m2 = square.sum(axis=1)
    return _defined(over(np.sqrt(over(m2, n - 1)), mean(values, inside)), m2, n, fewest=2)


def _centred(values: Floats, inside: Flags) -> Floats:
    """Returns centred rows; a row of equal values has exact zeros."""
    low = np.where(inside, values, np.inf).min(axis=1, initial=np.inf)
    high = np.where(inside, values, -np.inf).max(axis=1, initial=-np.inf)
    return np.where((low == high)[:, None], 0.0, centred(values, inside))


def _defined(number: Floats, squares: Floats, n: Floats, fewest: int) -> Floats:
    return np.where(n < fewest, np.nan, np.where(squares > 0, number, 0.0))
