"""Design PCA, the classifier of the first design: one class of bots by PCA."""

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats
from fraud.models.dataset import DESIGN_COLUMNS, Sample

_COMPONENTS = 2  # of the four design features
_FEWEST_BOTS = 8


@dataclass(frozen=True)
class DesignPca:
    """Mean, scale, axes and variances of bots in the four design features."""

    middle: Floats  # (4,) mean
    scale: Floats  # (4,) standard deviation
    axes: Floats  # (2, 4)
    variance: Floats  # (2,) along the axes
    rest: Floats  # () mean square outside the axes

    def score(self, X: Floats) -> Floats:
        """Returns the closeness to bots, shape (rows,), <= 0: -√(Hotelling's T² + residual); the mean bot has 0."""
        z = (np.nan_to_num(X[:, DESIGN_COLUMNS]) - self.middle) / self.scale
        along = z @ self.axes.T  # (rows, 2)
        residual = ((z - along @ self.axes) ** 2).sum(axis=1)
        closeness: Floats = -np.sqrt((along**2 / self.variance).sum(axis=1) + residual / self.rest)
        return closeness


def fit_design_pca(sample: Sample) -> DesignPca:
    """Fits the verified bots of the sample.

    Raises:
        ValueError: for fewer than 8 verified bots.
    """
    bots = np.nan_to_num(sample.X[sample.bot][:, DESIGN_COLUMNS])
    if len(bots) < _FEWEST_BOTS:
        raise ValueError(f"verified bots: {len(bots)}, at least {_FEWEST_BOTS} are needed")
    middle, scale = bots.mean(axis=0), np.maximum(bots.std(axis=0), 1e-6)
    z = (bots - middle) / scale
    ascending, axes = np.linalg.eigh(z.T @ z / len(z))
    variance = np.maximum(ascending[::-1], 1e-6)
    return DesignPca(middle, scale, axes.T[::-1][:_COMPONENTS], variance[:_COMPONENTS], variance[_COMPONENTS:].sum())
