"""From scored candidates to the list that is shown: no author too often, and slots for what nobody knows yet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.ranking.point_in_time import Floats, Ints
from predictors.diversity import diversified
from predictors.personal.exploration import Explored, explored

_POOL = 50  # contents that compete for the slots


@dataclass(frozen=True)
class Shown:
    """The list, best first but for the explored places; arrays of shape (items,)."""

    position: Ints  # among the candidates
    score: Floats  # after author diversity
    propensity: Floats  # chance to be drawn into an explored slot, NaN for what its score brought here


def best(score: Floats, author: Ints, most: int) -> tuple[Ints, Floats]:
    """Positions and scores of the best after author diversity; `score`, `author`: (candidates,).

    >>> best(np.array([0.5, 0.4, 0.3]), np.array([1, 1, 2]), 2)[0].tolist()
    [0, 2]
    """
    decayed = diversified(score, author)
    order = np.lexsort((np.arange(len(score)), -decayed))[:most]
    return order, decayed[order]


def slot_pool(order: Ints, shown: int, is_new: NDArray[np.bool_], author: Ints) -> Ints:
    """Positions of candidates for the slots: new, not shown anyway, of an author who is not shown, one of each author.

    `order`: candidates by score, the first `shown` of them are shown; `is_new`, `author`: (candidates,).
    """
    new = np.setdiff1d(np.flatnonzero(is_new), order[:shown])
    new = new[~np.isin(author[new], author[order[:shown]])]
    _, first = np.unique(author[new], return_index=True)
    return new[np.sort(first)][:_POOL]


def listed(order: Ints, score: Floats, limit: int) -> Shown:
    """The list without exploration; `order`, `score`: (n,) best first."""
    return Shown(order[:limit], score[:limit], np.full(len(order[:limit]), np.nan))


def with_slots(shown: Shown, pool: Ints, score: Floats, limit: int, seed: int) -> Shown:
    """The list with explored contents in its slots; `pool`: positions, `score`: (candidates,) their plain scores."""
    drawn: Explored = explored(len(pool), min(limit, len(shown.position) + len(pool)), seed)
    within = drawn.place <= len(shown.position)
    places, chosen = drawn.place[within], pool[drawn.choice[within]]
    before = places - np.arange(len(places))
    return Shown(
        np.insert(shown.position, before, chosen)[:limit],
        np.insert(shown.score, before, score[chosen])[:limit],
        np.insert(shown.propensity, before, drawn.propensity)[:limit],
    )
