"""What people look like: each feature made Gaussian by their quantiles, and the distance from their middle."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from fraud.rows import Floats

_GRID = np.linspace(0.0, 1.0, 101)
_FARTHEST = 6.0  # standard deviations; beyond it nothing is added
_FEWEST = 8  # known values under which a feature says nothing
_SHRINK = 0.1  # of the covariance toward the identity
_STRANGEST = 5  # features that make the second score


@dataclass(frozen=True)
class Reference:
    """Quantiles and covariance of people; `fit_reference` makes it."""

    quantiles: Floats  # (features, 101) of people, ascending; NaN where unknown
    spread: Floats  # (features,) unit in which a value beyond all people is measured
    precision: Floats  # (features, features) of the Gaussian values

    def gaussian(self, X: Floats) -> Floats:
        """X as standard deviations of people, shape of X, within ±6; unknown values are 0."""
        return np.column_stack(
            [_gaussian(column, grid, unit) for column, grid, unit in zip(X.T, self.quantiles, self.spread, strict=True)]
        )

    def distance(self, X: Floats) -> Floats:
        """The root mean square Mahalanobis distance from the middle of people, shape (rows,), > 0."""
        z = self.gaussian(X)
        square: Floats = np.einsum("ij,jk,ik->i", z, self.precision, z)
        distance: Floats = np.sqrt(np.maximum(square, 0.0) / z.shape[1])
        return distance

    def strangeness(self, X: Floats) -> Floats:
        """The mean of the five strangest features in standard deviations, shape (rows,), 0-6."""
        z = np.abs(self.gaussian(X))
        most = min(_STRANGEST, z.shape[1])
        strangest: Floats = np.sort(z, axis=1)[:, -most:].mean(axis=1)
        return strangest


def fit_reference(people: Floats) -> Reference:
    """The reference of people, X of shape (rows, features); NaN is unknown.

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


def _gaussian(column: Floats, grid: Floats, unit: float) -> Floats:
    if not np.isfinite(grid).all():
        return np.zeros(len(column))
    value = np.nan_to_num(column, nan=grid[50])
    below = np.interp(value, grid, _GRID)
    backward = 1.0 - np.interp(-value, -grid[::-1], _GRID)  # the other end of a run of equal quantiles
    place = np.clip((below + backward) / 2, 0.005, 0.995)
    beyond = np.maximum(value - grid[-1], 0.0) - np.maximum(grid[0] - value, 0.0)
    z = np.clip(ndtri(place) + beyond / unit, -_FARTHEST, _FARTHEST)
    return np.where(np.isfinite(column), z, 0.0)
