"""Influence: personalised PageRank over the decayed interactions of users."""

import numpy as np
from scipy.sparse import coo_array, csr_array

from features.arrays import Floats, Ints

JUMP, ROUNDS = 0.1, 20


def interactions(source: Ints, target: Ints, weight: Floats, users: int) -> csr_array:
    """Returns the summed weights from engager to author, shape (users, users), without a user's own posts."""
    valid = (source >= 0) & (target >= 0) & (source != target) & (weight > 0)
    return coo_array((weight[valid], (source[valid], target[valid])), shape=(users, users)).tocsr()


def credibility(followers: Floats, followed: Floats, suspicion: Floats) -> Floats:
    """Returns how far a user counts before any engagement is known, shape (n,), 0 to 1.

    A likely bot counts 1 − suspicion. A user who follows more users than follow back counts followers / followed.

    >>> credibility(np.array([10.0, 10.0]), np.array([10.0, 1000.0]), np.array([0.5, 0.0])).round(2).tolist()
    [0.5, 0.01]
    """
    counts = (np.maximum(np.nan_to_num(column), 0.0) + 1.0 for column in (followers, followed))  # −1: unknown
    return (1.0 - suspicion) * np.minimum(np.divide(*counts), 1.0)


def pagerank_and_dangling_mass(
    graph: csr_array, teleport_weight: Floats, jump: float = JUMP, rounds: int = ROUNDS
) -> tuple[Floats, float]:
    """Returns the probability of meeting each user on a walk along the interactions, shape (n,), and dangling mass.

    With probability `jump`, and always from a user who engaged with nobody, the walk restarts at a user drawn by
    teleport weight. The dangling mass is the probability of such users before the last step. The probabilities sum to
    1; if all weights are 0, they are 0.

    >>> graph = interactions(np.array([0, 1]), np.array([2, 2]), np.ones(2), 3)
    >>> pagerank_and_dangling_mass(graph, np.ones(3))[0].argmax().item()
    2
    """
    start = teleport_weight / (float(teleport_weight.sum()) or 1.0)
    out = np.asarray(graph.sum(axis=1)).ravel()
    share = np.divide(1.0, out, out=np.zeros(len(out)), where=out > 0)
    rank, dangling_mass = start.copy(), 0.0
    for _ in range(rounds):
        flow = graph.T @ (rank * share)
        dangling_mass = float(rank[out == 0].sum())
        rank = jump * start + (1.0 - jump) * (flow + dangling_mass * start)
    return rank, dangling_mass


def rank_without_engagements(
    teleport_weight: Floats, total_weight: float, dangling_mass: Floats, jump: float = JUMP
) -> Floats:
    """Returns the ranks of users nobody engaged with, from their weights, the sum over all users, and dangling mass.

    >>> graph, weight = interactions(np.array([0]), np.array([1]), np.ones(1), 3), np.array([1.0, 2.0, 3.0])
    >>> rank, dangling_mass = pagerank_and_dangling_mass(graph, weight)
    >>> bool(rank_without_engagements(weight[2:], 6.0, np.array([dangling_mass]))[0] == rank[2])
    True
    """
    start = teleport_weight / (total_weight or 1.0)
    return np.asarray(jump * start + (1.0 - jump) * (0.0 + dangling_mass * start))


def published_score(rank: Floats) -> Floats:
    """Returns rint(130 + 5.21 · ln rank), at least 0: the scale that one large platform publishes.

    >>> published_score(np.array([1.0, 1e-6])).tolist()
    [130.0, 58.0]
    """
    return np.maximum(np.rint(130.0 + 5.21 * np.log(np.maximum(rank, 1e-300))), 0.0)
