"""Influence in the graph of who engages with whom: personalised PageRank over decayed interactions."""

import numpy as np
from scipy.sparse import coo_array, csr_array

from features.arrays import Floats, Ints

JUMP, ROUNDS = 0.1, 20


def interactions(source: Ints, target: Ints, weight: Floats, users: int) -> csr_array:
    """Summed weights from who engaged to whose post it was, shape (users, users); nobody counts for himself."""
    other = (source >= 0) & (target >= 0) & (source != target) & (weight > 0)
    return coo_array((weight[other], (source[other], target[other])), shape=(users, users)).tocsr()


def standing(followers: Floats, followed: Floats, suspicion: Floats) -> Floats:
    """How much a user's own voice counts before anybody is heard, shape (n,), 0 to 1.

    Likely bots are discounted by 1 − suspicion, and who follows many more than follow him by followers / followed.

    >>> standing(np.array([10.0, 10.0]), np.array([10.0, 1000.0]), np.array([0.5, 0.0])).round(2).tolist()
    [0.5, 0.01]
    """
    counted = (np.maximum(np.nan_to_num(each), 0.0) + 1.0 for each in (followers, followed))  # −1 says nothing
    ratio = np.minimum(np.divide(*counted), 1.0)
    return (1.0 - suspicion) * ratio


def walked(graph: csr_array, standing: Floats, jump: float = JUMP, rounds: int = ROUNDS) -> tuple[Floats, float]:
    """The chance to meet each user on a walk along the interactions, shape (n,), summing to 1; and the lost chance.

    With chance `jump`, and from a user who engaged with nobody, the walk restarts at a user drawn by standing; the
    lost chance is that of such a user before the last step. Where all standing is 0, so are the ranks.

    >>> graph = interactions(np.array([0, 1]), np.array([2, 2]), np.ones(2), 3)
    >>> walked(graph, np.ones(3))[0].argmax().item()
    2
    """
    start = standing / (float(standing.sum()) or 1.0)
    out = np.asarray(graph.sum(axis=1)).ravel()
    share = np.divide(1.0, out, out=np.zeros(len(out)), where=out > 0)
    rank, lost = start.copy(), 0.0
    for _ in range(rounds):
        flow = graph.T @ (rank * share)
        lost = float(rank[out == 0].sum())
        rank = jump * start + (1.0 - jump) * (flow + lost * start)
    return rank, lost


def rank_unheard(standing: Floats, total: float, lost: Floats, jump: float = JUMP) -> Floats:
    """Ranks of users with whom nobody engaged, by their standing, everybody's, and what `walked` gave with the ranks.

    >>> graph, voice = interactions(np.array([0]), np.array([1]), np.ones(1), 3), np.array([1.0, 2.0, 3.0])
    >>> rank, lost = walked(graph, voice)
    >>> bool(rank_unheard(voice[2:], 6.0, np.array([lost]))[0] == rank[2])
    True
    """
    start = standing / (total or 1.0)
    return np.asarray(jump * start + (1.0 - jump) * (0.0 + lost * start))


def published_score(rank: Floats) -> Floats:
    """rint(130 + 5.21 · ln rank), at least 0: the scale that one large platform publishes.

    >>> published_score(np.array([1.0, 1e-6])).tolist()
    [130.0, 58.0]
    """
    return np.maximum(np.rint(130.0 + 5.21 * np.log(np.maximum(rank, 1e-300))), 0.0)
