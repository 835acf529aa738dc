"""The reference of people: features as Gaussian scores by their quantiles, and the distance from the centre."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from features.arrays import Floats

_GRID = np.linspace(0.0, 1.0, 101)
_FARTHEST = 6.0  # standard deviations at which values are clipped
_FEWEST = 8  # known values; a feature with fewer is ignored
_SHRINK = 0.1  # shrinkage of the covariance toward the identity
_STRANGEST = 5  # features in the second distance


@dataclass(frozen=True)
class Reference:
    """Quantiles and precision matrix of people, from `fit_reference`."""

    quantiles: Floats  # (features, 101) of people, ascending; NaN where unknown
    spread: Floats  # (features,) scale of values outside the range of people
    precision: Floats  # (features, features) of the Gaussian values

    def gaussian(self, X: Floats) -> Floats:
        """Returns X in standard deviations of people, shape of X, within ±6; unknown values are 0."""
        ranks = [_rank(column, grid) for column, grid in zip(X.T, self.quantiles, strict=True)]
        low, high = self.quantiles[:, 0], self.quantiles[:, -1]
        beyond = np.maximum(X - high, 0.0) - np.maximum(low - X, 0.0)
        z = np.clip(ndtri(np.column_stack(ranks)) + beyond / self.spread, -_FARTHEST, _FARTHEST)
        return np.where(np.isfinite(X) & np.isfinite(low), z, 0.0)

    def distances(self, X: Floats) -> Floats:
        """Returns two distances of each row from the centre of people, shape (rows, 2), >= 0.

        The root mean square Mahalanobis distance, and the mean |z| of the five features with the largest |z|.
        """
        z = self.gaussian(X)
        square = np.maximum(((z @ self.precision) * z).sum(axis=1), 0.0)
        strangest = np.sort(np.abs(z), axis=1)[:, -_STRANGEST:]
        return np.column_stack([np.sqrt(square / z.shape[1]), strangest.mean(axis=1)])


def fit_reference(people: Floats) -> Reference:
    """Returns the reference of people (rows, features), NaN where unknown.

    Raises:
        ValueError: for fewer than 8 rows.
    """
    if len(people) < _FEWEST:
        raise ValueError(f"people: {len(people)} rows, at least {_FEWEST} are needed")
    known = np.isfinite(people).sum(axis=0) >= _FEWEST
    quantiles = np.full((people.shape[1], len(_GRID)), np.nan)
    quantiles[known] = np.nanquantile(people[:, known], _GRID, axis=0).T
    spread = np.nan_to_num(np.maximum((quantiles[:, 95] - quantiles[:, 5]) / 3.3, 1e-3), nan=1.0)
    loose = Reference(quantiles, spread, np.eye(people.shape[1]))
    z = loose.gaussian(people)
    covariance = (1 - _SHRINK) * (z.T @ z / len(z)) + _SHRINK * np.eye(z.shape[1])
    return Reference(quantiles, spread, np.linalg.inv(covariance).astype(np.float64))


def _rank(column: Floats, grid: Floats) -> Floats:
    """Returns the share of people below each value, 0.005-0.995; equal quantiles share their mid-rank."""
    below = np.interp(column, grid, _GRID)
    from_above = 1.0 - np.interp(-column, -grid[::-1], _GRID)
    return np.clip((below + from_above) / 2, 0.005, 0.995)
