"""Ranks, mean distances and rank correlations by other ways than those of `features`: slow and plain."""

from collections import deque

import numpy as np

from features.arrays import Floats, Ints

_STEPS = 3_000_000  # walks to the root up to this many steps; beyond it a sample of nodes is compared
_SAMPLE = 24


def compared_nodes(level: Ints) -> list[int]:
    """The nodes whose ranks are compared: all, or in trees too deep for that the root and a sample."""
    if int(level.sum()) <= _STEPS:
        return list(range(len(level)))
    return sorted({0, *np.linspace(0, len(level) - 1, _SAMPLE).astype(int).tolist()})


def rank_of(parent: Ints, nodes: list[int]) -> Floats:
    """Rank of these nodes, each by a walk through its descendants, level by level."""
    children = _children(parent)
    return np.array([_walk(children, node)[0] for node in nodes])


def mean_distance(parent: Ints) -> float:
    """Mean distance between two nodes of one tree (node 0 is the root), by moving the root."""
    n = len(parent)
    _, total, order = _walk(_children(parent), 0)
    below = [1] * n
    for node in reversed(order[1:]):
        below[int(parent[node])] += below[node]
    distances = [0] * n
    distances[0] = total
    for node in order[1:]:
        distances[node] = distances[int(parent[node])] + n - 2 * below[node]
    return sum(distances) / (n * (n - 1)) if n > 1 else 0.0


def expected_calibration_error(confidence: Floats, right: Floats, bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over equally wide bins, weighted by their size.

    >>> expected_calibration_error(np.array([0.75, 0.75]), np.array([1.0, 0.0]))
    0.25
    """
    at = np.clip((confidence * bins).astype(int), 0, bins - 1)
    size = np.bincount(at, minlength=bins)
    gap = np.bincount(at, weights=confidence - right, minlength=bins)
    return float(np.abs(gap).sum() / max(size.sum(), 1))


def _children(parent: Ints) -> list[list[int]]:
    children: list[list[int]] = [[] for _ in parent]
    for node, above in enumerate(parent.tolist()):
        if above >= 0:
            children[above].append(node)
    return children


def _walk(children: list[list[int]], start: int) -> tuple[float, int, list[int]]:
    """Σ 1/distance, Σ distance and the order of a breadth-first walk."""
    rank, total = 0.0, 0
    order: list[int] = []
    waiting = deque([(start, 0)])
    while waiting:
        node, distance = waiting.popleft()
        order.append(node)
        rank += 1 / distance if distance else 0.0
        total += distance
        waiting.extend((child, distance + 1) for child in children[node])
    return rank, total, order
