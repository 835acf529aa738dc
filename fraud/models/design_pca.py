"""The classifier that the design names: one class by PCA, bots inside, people outside."""

from dataclasses import dataclass

import numpy as np

from fraud.arrays import Floats
from fraud.models.dataset import DESIGN_COLUMNS, Sample

_COMPONENTS = 2  # of the four named numbers
_FEWEST_BOTS = 8


@dataclass(frozen=True)
class DesignPca:
    """Middle, scale, axes and variances of bots in the four named numbers."""

    middle: Floats  # (4,)
    scale: Floats  # (4,)
    axes: Floats  # (2, 4)
    variance: Floats  # (2,) along the axes
    rest: Floats  # () mean square outside the axes

    def score(self, X: Floats) -> Floats:
        """The nearness to bots, -√(T² + residual) of Hotelling, shape (rows,), <= 0; the middle bot has 0."""
        z = (np.nan_to_num(X[:, DESIGN_COLUMNS]) - self.middle) / self.scale
        along = z @ self.axes.T  # (rows, 2)
        residual = ((z - along @ self.axes) ** 2).sum(axis=1)
        nearness: Floats = -np.sqrt((along**2 / self.variance).sum(axis=1) + residual / self.rest)
        return nearness


def fit_design_pca(sample: Sample) -> DesignPca:
    """Learns from the verified bots of the sample.

    Raises:
        ValueError: for fewer than 8 of them.
    """
    bots = np.nan_to_num(sample.X[sample.bot][:, DESIGN_COLUMNS])
    if len(bots) < _FEWEST_BOTS:
        raise ValueError(f"verified bots: {len(bots)}, at least {_FEWEST_BOTS} are needed")
    middle, scale = bots.mean(axis=0), np.maximum(bots.std(axis=0), 1e-6)
    z = (bots - middle) / scale
    power, axes = np.linalg.eigh(z.T @ z / len(z))  # ascending
    kept = np.maximum(power[::-1], 1e-6)
    return DesignPca(middle, scale, axes.T[::-1][:_COMPONENTS], kept[:_COMPONENTS], kept[_COMPONENTS:].sum())
