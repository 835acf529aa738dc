"""Numbers over the rows of a padded table."""

import numpy as np
import pytest

from fraud.arrays import correlation, deviation, entropy, lagged, mean, ordered, over, quantile, repeated


def row(*values: float) -> np.ndarray:
    return np.array([values])


def inside(cells: int, width: int) -> np.ndarray:
    return np.arange(width)[None, :] < cells


def test_what_is_outside_takes_no_part() -> None:
    values, cells = row(1.0, 3.0, 99.0), inside(2, 3)

    assert mean(values, cells).tolist() == [2.0]
    assert deviation(values, cells).tolist() == pytest.approx([2**0.5])  # √((1 + 1)/(2 - 1))
    assert ordered(values, cells).tolist() == [[1.0, 3.0, np.inf]]
    assert repeated(row(1.0, 3.0, np.inf), np.array([2])).tolist() == [0.0]


@pytest.mark.parametrize(("q", "value"), [(0.0, 1.0), (0.25, 2.0), (0.5, 3.0), (0.75, 6.0), (1.0, 9.0)])
def test_quantiles_are_linear_between_values(q: float, value: float) -> None:
    assert quantile(row(1.0, 3.0, 9.0, np.inf), np.array([3]), q).tolist() == [value]


def test_a_correlation_needs_three_cells_and_variance() -> None:
    up, flat = row(1.0, 2.0, 3.0), row(5.0, 5.0, 5.0)

    assert correlation(up, -up, inside(3, 3)).tolist() == pytest.approx([-1.0])
    assert correlation(up, flat, inside(3, 3)).tolist() == [0.0]
    assert np.isnan(correlation(up, up, inside(2, 3))).all()


def test_a_lag_pairs_each_cell_with_a_later_one() -> None:
    # cells 0, 1, 0, -1, 0, 1, 0, -1 two later are turned round
    assert lagged(row(0, 1, 0, -1, 0, 1, 0, -1), inside(8, 8), 2).tolist() == pytest.approx([-1.0])


def test_entropy_is_in_bits() -> None:
    assert entropy(np.array([[2.0, 1.0, 1.0], [0.0, 0.0, 0.0]])).tolist() == [1.5, 0.0]


def test_nothing_over_nothing_is_unknown() -> None:
    assert np.isnan(over(np.array([1.0]), np.array([0.0]))).all()
