"""Weighted draws inside groups, vectorised."""

from dataclasses import dataclass

import numpy as np

from .world import Floats, Ints


@dataclass(frozen=True)
class Groups:
    """Items sorted by group, with the cumulative sum of their weights."""

    order: Ints  # (items,) item numbers, group by group
    total: Floats  # (items + 1,) sum of the weights before each item
    bounds: Ints  # (groups + 1,) start of each group in `order`

    @classmethod
    def of(cls, group: Ints, weight: Floats, groups: int) -> "Groups":
        """Groups items by the given groups (0 to groups - 1) with weights (>= 0)."""
        order = np.argsort(group, kind="stable")
        bounds = np.searchsorted(group[order], np.arange(groups + 1))
        return cls(order, np.concatenate([[0.0], np.cumsum(weight[order])]), bounds)

    def weight(self, group: Ints) -> Floats:
        """Returns the sum of the weights of each given group."""
        return self.total[self.bounds[group + 1]] - self.total[self.bounds[group]]

    def draw(self, group: Ints, rng: np.random.Generator) -> Ints:
        """Draws one item for each given group (any shape) by weight; -1 for an empty group.

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
