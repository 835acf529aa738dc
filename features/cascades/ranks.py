"""Rank of a node: its descendants, each counted by the inverse of its distance. Exact, whatever the depth."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints

_STEPS = 100_000_000  # nodes times depth up to which walking to the ancestors is the fastest
_BLOCK = 64  # path vertices that are summed one by one


def ranks(parent: Ints, level: Ints) -> Floats:
    """rank(v) = Σ over the descendants of v of 1 / distance, shape (n,); a leaf has 0.

    >>> ranks(np.array([-1, 0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 2, 2])).tolist()
    [3.5, 2.0, 1.0, 0.0, 0.0, 0.0]
    """
    depth = int(level.max(initial=0))
    return ranks_by_ancestors(parent) if len(parent) * depth <= _STEPS else ranks_by_paths(parent, level)


def ranks_by_ancestors(parent: Ints) -> Floats:
    """The ranks by one pass per level: O(n · depth)."""
    total = np.zeros(len(parent))
    ancestor, distance = parent[parent >= 0], 1
    while len(ancestor):
        total += np.bincount(ancestor, minlength=len(parent)) / distance
        ancestor = parent[ancestor]
        ancestor, distance = ancestor[ancestor >= 0], distance + 1
    return total


def ranks_by_paths(parent: Ints, level: Ints) -> Floats:
    """The ranks by long paths: O(n log² n), for chains of many thousand.

    Every node belongs to the path of its tallest child, so each path's counts by depth are as long as the
    path and all of them together as long as the tree. Along one path the upper half gains from the lower half
    by a correlation with 1/distance, and each half from itself in the same way.
    """
    total = np.zeros(len(parent))
    hanging: defaultdict[int, list[Floats]] = defaultdict(list)  # node → counts of its shorter children
    for path in _long_paths(parent, level):
        beside = {at: _summed(hanging.pop(node)) for at, node in enumerate(path) if node in hanging}
        laid = _Path(path, beside)
        total[path] = laid.ranks()
        above = int(parent[path[0]])
        if above >= 0:
            hanging[above].append(laid.counts(0, len(path)))
    return total


@dataclass(frozen=True)
class _Path:
    """A path from its top to a deepest leaf, with what hangs beside it."""

    nodes: list[int]
    beside: dict[int, Floats] = field(repr=False)  # vertex → counts by depth, first the one below it

    def ranks(self) -> Floats:
        total = np.zeros(len(self.nodes))
        blocks = [(0, len(self.nodes))]
        while blocks:
            start, end = blocks.pop()
            if end - start <= _BLOCK:
                self._add_block(total, start, end)
                continue
            middle = (start + end) // 2
            below = self.counts(middle, end)
            inverse = 1.0 / np.arange(1, len(below) + middle - start)
            total[start:middle] += _correlated(inverse, below)[::-1]
            blocks += [(start, middle), (middle, end)]
        return total

    def counts(self, start: int, end: int) -> Floats:
        """Nodes at or beside the vertices `start` to `end`, by their depth below `start`."""
        inside = [(at, self.beside[at]) for at in range(start, end) if at in self.beside]
        reach = max([end - start, *(at - start + 1 + len(each) for at, each in inside)])
        found = np.zeros(reach)
        found[: end - start] = 1.0
        for at, each in inside:
            found[at - start + 1 : at - start + 1 + len(each)] += each
        return found

    def _add_block(self, total: Floats, start: int, end: int) -> None:
        counts = np.zeros(len(self.counts(start, end)))
        inverse = 1.0 / np.arange(1, len(counts) + 1)
        for at in range(end - 1, start - 1, -1):
            if at in self.beside:
                hung = self.beside[at]
                counts[at - start + 1 : at - start + 1 + len(hung)] += hung
            below = counts[at - start + 1 :]
            total[at] += float(below @ inverse[: len(below)])
            counts[at - start] += 1.0


def _correlated(longer: Floats, shorter: Floats) -> Floats:
    """Sums of products where the shorter lies wholly within the longer, by the transform: shape (difference + 1,)."""
    size = 1 << (len(longer) + len(shorter) - 2).bit_length()
    product = np.fft.rfft(longer, size) * np.fft.rfft(shorter[::-1], size)
    return np.fft.irfft(product, size)[len(shorter) - 1 : len(longer)]


def _long_paths(parent: Ints, level: Ints) -> list[list[int]]:
    """The paths, each before the path that it hangs on."""
    parents, from_below = parent.tolist(), np.argsort(-level, kind="stable").tolist()
    height, tallest = [0] * len(parents), [-1] * len(parents)
    for node in from_below:
        above = parents[node]
        if above >= 0 and height[node] >= height[above]:
            height[above], tallest[above] = height[node] + 1, node
    tops = [node for node in from_below if parents[node] < 0 or tallest[parents[node]] != node]
    return [_followed(top, tallest) for top in tops]


def _followed(top: int, tallest: list[int]) -> list[int]:
    path = [top]
    while tallest[path[-1]] >= 0:
        path.append(tallest[path[-1]])
    return path


def _summed(counts: list[Floats]) -> NDArray[np.float64]:
    total = np.zeros(max(len(each) for each in counts))
    for each in counts:
        total[: len(each)] += each
    return total
