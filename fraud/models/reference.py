"""What people look like: each feature made Gaussian by their quantiles, and the distance from their middle."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from fraud.arrays import Floats

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
        places = [_place(column, grid) for column, grid in zip(X.T, self.quantiles, strict=True)]
        low, high = self.quantiles[:, 0], self.quantiles[:, -1]
        beyond = np.maximum(X - high, 0.0) - np.maximum(low - X, 0.0)
        z = np.clip(ndtri(np.column_stack(places)) + beyond / self.spread, -_FARTHEST, _FARTHEST)
        return np.where(np.isfinite(X) & np.isfinite(low), z, 0.0)

    def distances(self, X: Floats) -> Floats:
        """Two distances of each row from the middle of people, shape (rows, 2), >= 0.

        The root mean square Mahalanobis distance, and the mean of the five strangest features.
        """
        z = self.gaussian(X)
        square = np.maximum(((z @ self.precision) * z).sum(axis=1), 0.0)
        strangest = np.sort(np.abs(z), axis=1)[:, -_STRANGEST:]
        return np.column_stack([np.sqrt(square / z.shape[1]), strangest.mean(axis=1)])


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


def _place(column: Floats, grid: Floats) -> Floats:
    """The share of people below each value, the middle of a run of equal quantiles, within .005 and .995."""
    below = np.interp(column, grid, _GRID)
    from_above = 1.0 - np.interp(-column, -grid[::-1], _GRID)
    return np.clip((below + from_above) / 2, 0.005, 0.995)
