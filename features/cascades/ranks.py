"""The rank of a node: the sum of 1 / distance over its descendants, exact for any depth."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints

_STEPS = 100_000_000  # nodes times depth up to which ranks_by_ancestors is faster
_BLOCK = 64  # vertices of a path that are summed one by one


def ranks(parent: Ints, level: Ints) -> Floats:
    """Returns rank(v) = Σ 1 / distance over the descendants of v, shape (n,); a leaf has 0.

    >>> ranks(np.array([-1, 0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 2, 2])).tolist()
    [3.5, 2.0, 1.0, 0.0, 0.0, 0.0]
    """
    depth = int(level.max(initial=0))
    return ranks_by_ancestors(parent) if len(parent) * depth <= _STEPS else ranks_by_paths(parent, level)


def ranks_by_ancestors(parent: Ints) -> Floats:
    """Computes the ranks in one pass per level: O(n · depth)."""
    total = np.zeros(len(parent))
    ancestor, distance = parent[parent >= 0], 1
    while len(ancestor):
        total += np.bincount(ancestor, minlength=len(parent)) / distance
        ancestor = parent[ancestor]
        ancestor, distance = ancestor[ancestor >= 0], distance + 1
    return total


def ranks_by_paths(parent: Ints, level: Ints) -> Floats:
    """Computes the ranks by long-path decomposition: O(n log² n), for chains of thousands of nodes.

    Every node belongs to the path of its tallest child, so the counts by depth of all paths are together as long as
    the tree. On a path, the lower half adds to the upper half by a correlation with 1/distance, and each half to
    itself in the same way.
    """
    total = np.zeros(len(parent))
    branches: defaultdict[int, list[Floats]] = defaultdict(list)  # node → counts of its shorter children
    for nodes in _long_paths(parent, level):
        path = _Path(nodes, {at: _summed(branches.pop(node)) for at, node in enumerate(nodes) if node in branches})
        total[nodes] = path.ranks()
        above = int(parent[nodes[0]])
        if above >= 0:
            branches[above].append(path.counts(0, len(nodes)))
    return total


@dataclass(frozen=True)
class _Path:
    """A path from its top to a deepest leaf, with the counts of the branches at its vertices."""

    nodes: list[int]
    branches: dict[int, Floats] = field(repr=False)  # vertex → counts by depth below the vertex

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
        """Returns the nodes on the vertices `start` to `end` and in their branches, by depth below `start`."""
        inside = [(at, self.branches[at]) for at in range(start, end) if at in self.branches]
        counts = np.zeros(max([end - start, *(at - start + 1 + len(branch) for at, branch in inside)]))
        counts[: end - start] = 1.0
        for at, branch in inside:
            counts[at - start + 1 : at - start + 1 + len(branch)] += branch
        return counts

    def _add_block(self, total: Floats, start: int, end: int) -> None:
        counts = np.zeros(len(self.counts(start, end)))
        inverse = 1.0 / np.arange(1, len(counts) + 1)
        for at in range(end - 1, start - 1, -1):
            if at in self.branches:
                branch = self.branches[at]
                counts[at - start + 1 : at - start + 1 + len(branch)] += branch
            below = counts[at - start + 1 :]
            total[at] += float(below @ inverse[: len(below)])
            counts[at - start] += 1.0


def _correlated(longer: Floats, shorter: Floats) -> Floats:
    """Returns the valid part of the cross-correlation, by the Fourier transform: shape (difference + 1,)."""
    size = 1 << (len(longer) + len(shorter) - 2).bit_length()
    product = np.fft.rfft(longer, size) * np.fft.rfft(shorter[::-1], size)
    return np.fft.irfft(product, size)[len(shorter) - 1 : len(longer)]


def _long_paths(parent: Ints, level: Ints) -> list[list[int]]:
    """Returns the paths, each before the path that contains its parent."""
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
    total = np.zeros(max(len(branch) for branch in counts))
    for branch in counts:
        total[: len(branch)] += branch
    return total
