"""Statistics of the rows of a padded table: one row for each credential; `inside` marks the cells that hold a value."""

import numpy as np
from numpy.typing import NDArray

from features.arrays import Flags, Floats, Ints


def ordered(values: Floats, inside: Flags) -> Floats:
    """Returns each row ascending, shape (rows, cells), with cells that `inside` excludes last, as +inf."""
    return np.sort(np.where(inside, values, np.inf), axis=1)


def quantile(ascending: Floats, count: Ints, q: float) -> Floats:
    """Returns the linear quantile of each row of `ordered`, shape (rows,); NaN for an empty row.

    >>> quantile(np.array([[1.0, 2.0, 4.0, np.inf]]), np.array([3]), 0.75).tolist()
    [3.0]
    """
    position = q * np.maximum(count - 1, 0)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    rows = np.arange(len(ascending))
    below, above = ascending[rows, low], ascending[rows, high]
    with np.errstate(invalid="ignore"):
        interpolated = below + (above - below) * (position - low)
    return np.where(count > 0, interpolated, np.nan)


def mean(values: Floats, inside: Flags) -> Floats:
    """Returns the mean of each row, shape (rows,); NaN for an empty row."""
    return over(np.where(inside, values, 0.0).sum(axis=1), inside.sum(axis=1))


def centred(values: Floats, inside: Flags) -> Floats:
    """Returns values minus their row's mean, 0 outside."""
    return np.where(inside, values - mean(values, inside)[:, None], 0.0)


def deviation(values: Floats, inside: Flags) -> Floats:
    """Returns the standard deviation of each row with n - 1; NaN for fewer than two cells.

    >>> deviation(np.array([[1.0, 3.0, 9.0]]), np.array([[True, True, False]])).round(3).tolist()
    [1.414]
    """
    squares = (centred(values, inside) ** 2).sum(axis=1)
    return np.sqrt(over(squares, inside.sum(axis=1) - 1))


def correlation(one: Floats, other: Floats, inside: Flags) -> Floats:
    """Returns Pearson's correlation of two tables by row; 0 if either is constant, NaN for fewer than three cells."""
    a, b = centred(one, inside), centred(other, inside)
    scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    r = np.where(scale > 1e-12, (a * b).sum(axis=1) / np.maximum(scale, 1e-12), 0.0)
    return np.where(inside.sum(axis=1) > 2, r, np.nan)


def lagged(values: Floats, inside: Flags, lag: int) -> Floats:
    """Returns the correlation of each row with itself `lag` cells later."""
    return correlation(values[:, :-lag], values[:, lag:], inside[:, :-lag] & inside[:, lag:])


def histogram(bins: Ints, inside: Flags, size: int) -> Floats:
    """Returns the number of cells of each row in each of `size` bins, shape (rows, size)."""
    row = np.broadcast_to(np.arange(len(bins))[:, None], bins.shape)
    flat = (row * size + bins)[inside]
    counts: Floats = np.bincount(flat, minlength=len(bins) * size).reshape(len(bins), size).astype(np.float64)
    return counts


def entropy(counts: Floats) -> Floats:
    """Returns Shannon's entropy of each row of counts in bits; 0 for an empty row.

    >>> entropy(np.array([[1.0, 1.0, 0.0], [5.0, 0.0, 0.0]])).tolist()
    [1.0, 0.0]
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    bits: Floats = -(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=1)
    return bits + 0.0


def repeated(ascending: Floats, count: Ints) -> Floats:
    """Returns the share of values that occur more than once in their sorted row; NaN for an empty row.

    >>> repeated(np.array([[1.0, 1.0, 2.0, np.inf]]), np.array([3])).round(2).tolist()
    [0.67]
    """
    real = np.isfinite(ascending)
    same = (ascending[:, 1:] == ascending[:, :-1]) & real[:, 1:]
    edge = np.zeros((len(ascending), 1), np.bool_)
    twin = np.concatenate([same, edge], axis=1) | np.concatenate([edge, same], axis=1)
    return over(twin.sum(axis=1), count)


def over(part: NDArray[np.generic], whole: NDArray[np.generic]) -> Floats:
    """Returns part / whole, NaN where whole is not positive."""
    divisor = np.asarray(whole, np.float64)
    quotient: Floats = np.asarray(part, np.float64) / np.where(divisor > 0, divisor, 1.0)
    return np.where(divisor > 0, quotient, np.nan)
