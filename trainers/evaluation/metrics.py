"""Quality of a ranking: NDCG@10, Recall@20, MRR and AUC of one request, and intervals over people."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, average_ranks


class Quality(NamedTuple):
    """Figures of one request, each from 0 to 1."""

    ndcg: float
    recall: float
    mrr: float
    auc: float


def quality(scores: Floats, relevant: NDArray[np.bool_], ties: Floats) -> Quality:
    """Returns the quality of the order by descending `scores`; `ties` (random numbers) order equal ones.

    All arrays have shape (candidates,). NDCG@10 with gains 0 and 1 (Järvelin & Kekäläinen 2002); AUC counts a tie as
    half (Mann & Whitney 1947).

    >>> quality(np.array([3.0, 2.0, 1.0]), np.array([False, True, False]), np.zeros(3)).mrr
    0.5
    """
    order = np.lexsort((ties, -scores))
    hits = relevant[order]
    places = np.flatnonzero(hits)
    total = len(places)
    discounts = 1.0 / np.log2(np.arange(2, 12))
    ndcg = float(hits[:10] @ discounts[: len(hits[:10])] / discounts[:total].sum())
    others = len(hits) - total
    ranks = average_ranks(scores)[relevant].sum()
    auc = (ranks - total * (total + 1) / 2) / (total * others) if others else 0.5
    return Quality(ndcg, float(hits[:20].sum() / total), float(1.0 / (places[0] + 1)), float(auc))


def interval_over_people(
    values: Floats, person: NDArray[np.int64], seed: int, draws: int = 1000
) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of the mean of `values`; each person is drawn with all their requests.

    `values` and `person` have shape (requests,).
    """
    _, member = np.unique(person, return_inverse=True)
    total, count = np.bincount(member, weights=values), np.bincount(member).astype(np.float64)
    generator = np.random.default_rng(seed)
    means = np.empty(draws)
    for draw in range(draws):  # one draw at a time: draws × people would not fit into memory for a million people
        times = np.bincount(generator.integers(len(total), size=len(total)), minlength=len(total))
        means[draw] = (times @ total) / (times @ count)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def list_loss(request: NDArray[np.int64], relevant: NDArray[np.bool_], weight: Floats, margin: Floats) -> Floats:
    """Returns −log of the chance that each request's relevant rows are chosen from its list; shape (requests,).

    `request`: (rows,) 0, 1, …; a row of weight w counts as w candidates, a relevant one as itself (McFadden's
    conditional logit). A constant added to a whole list changes nothing, as in ranking.

    >>> list_loss(np.array([0, 0]), np.array([True, False]), np.ones(2), np.zeros(2)).round(3).tolist()
    [0.693]
    """
    size = int(request.max(initial=-1)) + 1
    top = np.full(size, -np.inf)
    np.maximum.at(top, request, margin)
    candidates = np.where(relevant, 1.0, weight)
    total = np.bincount(request, weights=candidates * np.exp(margin - top[request]), minlength=size)
    loss = np.where(relevant, np.log(total)[request] + top[request] - margin, 0.0)
    return np.bincount(request, weights=loss, minlength=size).astype(np.float64)
