"""From scored candidates to the slate: author diversity, and slots that explore contents of new authors."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from predictors.diversity import diversified

FIRST_SLOT, EVERY = 4, 10  # places 4, 14, 24 … (from 0) are explored
_EXPLORED_POOL = 50  # contents that the slots are drawn from


@dataclass(frozen=True)
class Slate:
    """The list for the viewer, best first except for the explored places; arrays of shape (items,)."""

    position: Ints  # among the candidates
    score: Floats  # 0 to 1, after author diversity
    propensity: Floats  # chance to be drawn into an explored slot, NaN for items placed by their score


@dataclass(frozen=True)
class Draw:
    """Contents drawn for the slots, in the order of the slots."""

    place: Ints  # (slots,) in the slate, from 0
    choice: Ints  # (slots,) positions in the pool
    propensity: float  # chance of each content of the pool to be drawn, 0 to 1


def best(score: Floats, author: Ints, most: int) -> tuple[Ints, Floats]:
    """Returns positions and scores of the best `most` after author diversity; `score`, `author`: (candidates,).

    >>> best(np.array([0.5, 0.4, 0.3]), np.array([1, 1, 2]), 2)[0].tolist()
    [0, 2]
    """
    decayed = diversified(score, author)
    order = np.lexsort((np.arange(len(score)), -decayed))[:most]
    return order, decayed[order]


def slot_pool(order: Ints, limit: int, is_new: NDArray[np.bool_], author: Ints) -> Ints:
    """Returns positions of contents for the slots: new, not in the slate, one of each author without an item there.

    `order`: positions by score, the first `limit` are the slate; `is_new`, `author`: (candidates,).
    """
    new = np.setdiff1d(np.flatnonzero(is_new), order[:limit])
    new = new[~np.isin(author[new], author[order[:limit]])]
    _, first = np.unique(author[new], return_index=True)
    return new[np.sort(first)][:_EXPLORED_POOL]


def plain_slate(order: Ints, score: Floats, limit: int) -> Slate:
    """Returns a slate without exploration; `order`, `score`: (n,) best first."""
    return Slate(order[:limit], score[:limit], np.full(len(order[:limit]), np.nan))


def with_slots(slate: Slate, pool: Ints, score: Floats, limit: int, seed: int) -> Slate:
    """Returns the slate with drawn contents in its slots; `pool`: positions, `score`: (candidates,) plain scores."""
    draw = draw_slots(len(pool), min(limit, len(slate.position) + len(pool)), seed)
    within = draw.place <= len(slate.position)
    places, chosen = draw.place[within], pool[draw.choice[within]]
    before = places - np.arange(len(places))
    return Slate(
        np.insert(slate.position, before, chosen)[:limit],
        np.insert(slate.score, before, score[chosen])[:limit],
        np.insert(slate.propensity, before, draw.propensity)[:limit],
    )


def draw_slots(pool: int, size: int, seed: int) -> Draw:
    """Draws contents for the slots of a slate of `size` items from `pool` contents, each with the same chance.

    >>> draw = draw_slots(pool=8, size=20, seed=1)
    >>> draw.place.tolist(), len(set(draw.choice.tolist())), draw.propensity
    ([4, 14], 2, 0.25)
    """
    places = np.arange(FIRST_SLOT, size, EVERY)
    count = min(len(places), pool)
    choice = np.random.default_rng(seed).permutation(pool)[:count]
    return Draw(places[:count], choice, count / pool if pool else 0.0)


def seed_of(account: str, now_ms: int) -> int:
    """Returns the seed of an account at a clock: the same request draws the same contents.

    >>> seed_of("a", 1) == seed_of("a", 1) != seed_of("a", 2)
    True
    """
    return int.from_bytes(sha256(f"{account} {now_ms}".encode()).digest()[:8], "big")
