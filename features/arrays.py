"""Arrays: their types, ranks, positions of values, joins, and conversion to bytes."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Arrays = dict[str, NDArray[Any]]


def average_ranks(values: Floats) -> Floats:
    """Returns the ranks, 1 for the smallest; equal values get the mean of their ranks. Shape (n,).

    >>> average_ranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, position, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[position])


def positions(sorted_values: NDArray[np.generic], wanted: NDArray[np.generic]) -> Ints:
    """Returns the position of each wanted value in the ascending values, −1 where it is missing.

    >>> positions(np.array([2, 4, 6]), np.array([4, 5])).tolist()
    [1, -1]
    """
    if not len(sorted_values):
        return np.full(len(wanted), -1, dtype=np.int64)
    position = np.minimum(np.searchsorted(sorted_values, wanted), len(sorted_values) - 1)
    return np.where(sorted_values[position] == wanted, position, -1)


def spans(start: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Returns row and position for each of start, …, start + count − 1 of each row; both (sum of counts,).

    >>> [array.tolist() for array in spans(np.array([5, 9]), np.array([2, 1]))]
    [[0, 0, 1], [5, 6, 9]]
    """
    row = np.repeat(np.arange(len(start)), count)
    return row, np.arange(len(row)) + np.repeat(start - (np.cumsum(count) - count), count)


def joined(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Returns the rows of `left` and the rows of `right` with the same key of 0 or more, both of shape (pairs,).

    >>> [rows.tolist() for rows in joined(np.array([7, -1, 3]), np.array([3, 7, 7, -1]))]
    [[0, 0, 2], [1, 2, 0]]
    """
    order = np.argsort(right, kind="stable")
    first, last = (np.searchsorted(right[order], left, side) for side in ("left", "right"))
    row, at = spans(first, np.where(left < 0, 0, last - first))
    return row, order[at]


def pack_arrays(arrays: Mapping[str, NDArray[Any]], compress: bool = False) -> bytes:
    """Returns the arrays as an npz; equal arrays in the same order have equal bytes."""
    buffer = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_arrays(packed: bytes) -> Arrays:
    """Returns the arrays of `pack_arrays`; never unpickles.

    Raises:
        ValueError: if the bytes are not an npz.
    """
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(f"not an npz ({error})") from error
