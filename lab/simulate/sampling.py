"""Weighted draws inside groups, all at once."""

from dataclasses import dataclass

import numpy as np

from .world import Floats, Ints


@dataclass(frozen=True)
class Groups:
    """Items sorted by group with the running sum of their weights."""

    order: Ints  # (items,) item numbers, group by group
    total: Floats  # (items + 1,) sum of the weights before each
    bounds: Ints  # (groups + 1,) place of each group in `order`

    @classmethod
    def of(cls, group: Ints, weight: Floats, groups: int) -> "Groups":
        """Items with the given groups (0 to groups - 1) and weights (>= 0)."""
        order = np.argsort(group, kind="stable")
        bounds = np.searchsorted(group[order], np.arange(groups + 1))
        return cls(order, np.concatenate([[0.0], np.cumsum(weight[order])]), bounds)

    def weight(self, group: Ints) -> Floats:
        """Sum of the weights of each of the given groups."""
        return self.total[self.bounds[group + 1]] - self.total[self.bounds[group]]

    def draw(self, group: Ints, rng: np.random.Generator) -> Ints:
        """One item for each of the given groups (any shape), with chances as the weights; -1 = empty group.

        >>> pool = Groups.of(np.array([1, 0, 1]), np.array([1.0, 2.0, 0.0]), 3)
        >>> pool.draw(np.array([0, 1, 2]), np.random.default_rng(0)).tolist()
        [1, 0, -1]
        """
        low, high = self.total[self.bounds[group]], self.total[self.bounds[group + 1]]
        place = np.searchsorted(self.total, low + rng.random(group.shape) * (high - low), side="right") - 1
        place = np.clip(place, self.bounds[group], np.maximum(self.bounds[group + 1] - 1, 0))
        if not len(self.order):
            return np.full(group.shape, -1)
        item: Ints = np.where(high > low, self.order[place], -1)
        return item
