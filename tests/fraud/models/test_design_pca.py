"""The design's PCA of bots, with axes and variances known by construction."""

from itertools import product

import numpy as np
import pytest

from fraud.models.dataset import Sample
from fraud.models.design_pca import fit_design_pca


def sample(rows: int = 8) -> Sample:
    """Eight bots whose four named numbers have mean 5, deviation 2 and the correlations 1 and 0.8.

    With signs a, b, c = ±1 the numbers are a, a, b and 0.8·b + 0.6·c. The axes are (1, 1, 0, 0)/√2 with variance 2,
    (0, 0, 1, 1)/√2 with 1.8 and (0, 0, 1, -1)/√2 with 0.2.
    """
    a, b, c = np.array(list(product([-1, 1], repeat=3)), dtype=float).T
    columns = np.zeros((8, 56))
    columns[:, :4] = 5 + 2 * np.column_stack([a, a, b, 0.8 * b + 0.6 * c])
    return Sample(columns, np.full(8, 60), np.ones(8, np.int64), np.arange(8), np.arange(8)).at(np.arange(rows))


@pytest.mark.parametrize(
    ("away", "score"),
    [
        ((0, 0, 0, 0), 0.0),
        ((1, 1, 0, 0), -np.sqrt(2 / 2)),
        ((0, 0, 1, 1), -np.sqrt(2 / 1.8)),
        ((0, 0, 1, -1), -np.sqrt(2 / 0.2)),
        ((1, 1, 1, 1), -np.sqrt(2 / 2 + 2 / 1.8)),
    ],
)
def test_nearness_is_hotellings_distance_and_the_residual(away: tuple[float, ...], score: float) -> None:
    row = np.zeros((1, 56))
    row[0, :4] = 5 + 2 * np.array(away)

    assert fit_design_pca(sample()).score(row).tolist() == pytest.approx([score], abs=1e-4)


def test_seven_bots_are_too_few() -> None:
    with pytest.raises(ValueError, match="7, at least 8"):
        fit_design_pca(sample(7))
