"""Reshare trees as arrays: a forest is one parent index per node.

`parent` has shape (n,), int64: the index of each node's parent, -1 at a root. Nodes are in any order.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints


def roots_and_levels(parent: Ints) -> tuple[Ints, Ints]:
    """Returns each node's root and its distance from the root, both of shape (n,).

    Pointer doubling takes log2(n) passes for any depth.

    Raises:
        ValueError: if the forest has a cycle.

    >>> [array.tolist() for array in roots_and_levels(np.array([-1, 0, 1, -1]))]
    [[0, 0, 0, 3], [0, 1, 2, 0]]
    """
    jump, level = _jumped(parent)
    if (parent[jump] >= 0).any():
        raise ValueError(f"parent: {int((parent[jump] >= 0).sum())} nodes lead into a cycle, not to a root")
    return jump, level


def without_cycles(parent: Ints, position: Ints) -> Ints:
    """Returns the forest with every cycle cut at its node of lowest `position` (n,), which becomes a root.

    >>> without_cycles(np.array([2, 0, 1, 2]), np.array([5, 1, 7, 0])).tolist()
    [2, -1, 1, 2]
    """
    jump, _ = _jumped(parent)
    on_cycle = np.unique(jump[parent[jump] >= 0])  # 2^k steps map a cycle onto itself
    low = position.astype(np.int64)
    step = np.where(parent < 0, np.arange(len(parent)), parent)
    for _ in range(len(parent).bit_length()):
        low, step = np.minimum(low, low[step]), step[step]
    acyclic = parent.copy()
    acyclic[on_cycle[position[on_cycle] == low[on_cycle]]] = -1
    return acyclic


def subtree_sizes(parent: Ints, level: Ints) -> Ints:
    """Returns the number of nodes in the subtree of each node, including the node, shape (n,).

    >>> subtree_sizes(np.array([-1, 0, 1, 0]), np.array([0, 1, 2, 1])).tolist()
    [4, 2, 1, 1]
    """
    sizes, parents = [1] * len(parent), parent.tolist()
    for node in np.argsort(-level, kind="stable").tolist():
        if parents[node] >= 0:
            sizes[parents[node]] += sizes[node]
    return np.array(sizes, dtype=np.int64)


def structural_virality(sizes: Ints, root: Ints) -> Floats:
    """Returns the mean distance between two nodes of a tree at its root, shape (n,); 0 for a tree of one node.

    2·Σ s(n−s) / (n(n−1)) over subtree sizes s, which is the Wiener index over the number of pairs
    (Goel et al. 2016, doi:10.1287/mnsc.2015.2158).

    >>> float(structural_virality(np.array([3, 2, 1]), np.array([0, 0, 0]))[0])
    1.3333333333333333
    """
    total: Floats = sizes[root].astype(np.float64)
    across = np.bincount(root, weights=sizes * (total - sizes), minlength=len(root))
    pairs = sizes * (sizes - 1.0)
    mean: Floats = np.divide(2.0 * across, pairs, out=np.zeros(len(sizes)), where=(pairs > 0) & (sizes == total))
    return mean


def breadths(root: Ints, level: Ints, of: int) -> list[int]:
    """Returns the number of nodes per level of the tree with the root `of`.

    >>> breadths(np.array([0, 0, 0, 3]), np.array([0, 1, 1, 0]), of=0)
    [1, 2]
    """
    return [int(count) for count in np.bincount(level[root == of])]


def _jumped(parent: Ints) -> tuple[Ints, NDArray[Any]]:
    """Returns the node at least n steps above each node, and how many of the steps moved."""
    node = np.arange(len(parent))
    jump, level = np.where(parent < 0, node, parent), (parent >= 0).astype(np.int64)
    for _ in range(len(parent).bit_length()):
        level, jump = level + level[jump], jump[jump]
    return jump, level
