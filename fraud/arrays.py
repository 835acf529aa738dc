"""Numbers over the rows of a padded table: a row per credential, `inside` tells the cells that count."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


def ordered(values: Floats, inside: Flags) -> Floats:
    """Each row ascending, shape (rows, cells), what is outside last as +inf."""
    return np.sort(np.where(inside, values, np.inf), axis=1)


def quantile(ascending: Floats, count: Ints, q: float) -> Floats:
    """The linear quantile of each row of `ordered`, shape (rows,); NaN for an empty row.

    >>> quantile(np.array([[1.0, 2.0, 4.0, np.inf]]), np.array([3]), 0.75).tolist()
    [3.0]
    """
    place = q * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    rows = np.arange(len(ascending))
    below, above = ascending[rows, low], ascending[rows, high]
    with np.errstate(invalid="ignore"):
        between = below + (above - below) * (place - low)
    return np.where(count > 0, between, np.nan)


def mean(values: Floats, inside: Flags) -> Floats:
    """The mean of each row, shape (rows,); NaN for an empty row."""
    return over(np.where(inside, values, 0.0).sum(axis=1), inside.sum(axis=1))


def centred(values: Floats, inside: Flags) -> Floats:
    """Values minus their row's mean, 0 outside."""
    return np.where(inside, values - mean(values, inside)[:, None], 0.0)


def deviation(values: Floats, inside: Flags) -> Floats:
    """The standard deviation of each row with n - 1; NaN under two cells.

    >>> deviation(np.array([[1.0, 3.0, 9.0]]), np.array([[True, True, False]])).round(3).tolist()
    [1.414]
    """
    squares = (centred(values, inside) ** 2).sum(axis=1)
    return np.sqrt(over(squares, inside.sum(axis=1) - 1))


def correlation(one: Floats, other: Floats, inside: Flags) -> Floats:
    """Pearson's correlation of two tables, row by row; 0 where either does not vary, NaN under three cells."""
    a, b = centred(one, inside), centred(other, inside)
    scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    tied = np.where(scale > 1e-12, (a * b).sum(axis=1) / np.maximum(scale, 1e-12), 0.0)
    return np.where(inside.sum(axis=1) > 2, tied, np.nan)


def lagged(values: Floats, inside: Flags, lag: int) -> Floats:
    """The correlation of each row with itself `lag` cells later."""
    return correlation(values[:, :-lag], values[:, lag:], inside[:, :-lag] & inside[:, lag:])


def histogram(bins: Ints, inside: Flags, size: int) -> Floats:
    """How many cells of each row lie in each of `size` bins, shape (rows, size)."""
    row = np.broadcast_to(np.arange(len(bins))[:, None], bins.shape)
    flat = (row * size + bins)[inside]
    counts: Floats = np.bincount(flat, minlength=len(bins) * size).reshape(len(bins), size).astype(np.float64)
    return counts


def entropy(counts: Floats) -> Floats:
    """Shannon's entropy of each row of counts in bits; 0 for an empty row.

    >>> entropy(np.array([[1.0, 1.0, 0.0], [5.0, 0.0, 0.0]])).tolist()
    [1.0, 0.0]
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    bits: Floats = -(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=1)
    return bits + 0.0


def repeated(ascending: Floats, count: Ints) -> Floats:
    """The share of each sorted row that has an equal elsewhere in it; NaN for an empty row.

    >>> repeated(np.array([[1.0, 1.0, 2.0, np.inf]]), np.array([3])).round(2).tolist()
    [0.67]
    """
    real = np.isfinite(ascending)
    same = (ascending[:, 1:] == ascending[:, :-1]) & real[:, 1:]
    edge = np.zeros((len(ascending), 1), np.bool_)
    twin = np.concatenate([same, edge], axis=1) | np.concatenate([edge, same], axis=1)
    return over(twin.sum(axis=1), count)


def over(part: NDArray[np.generic], whole: NDArray[np.generic]) -> Floats:
    """part / whole, NaN where whole is not positive."""
    below = np.asarray(whole, np.float64)
    quotient: Floats = np.asarray(part, np.float64) / np.where(below > 0, below, 1.0)
    return np.where(below > 0, quotient, np.nan)
