"""Slots for what nobody knows yet: which places, which contents, and with what chance they were drawn."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from features.ranking.point_in_time import Ints

FIRST_SLOT, EVERY = 4, 10  # places 4, 14, 24 … (from 0) are explored


@dataclass(frozen=True)
class Explored:
    """Contents for the slots, in the order of the slots."""

    place: Ints  # (slots,) in the list that is shown
    choice: Ints  # (slots,) positions in the pool
    propensity: float  # chance of each content of the pool to be drawn


def explored(pool: int, size: int, seed: int) -> Explored:
    """Draws for the slots of a list of `size` from a pool of `pool` contents, each with the same chance.

    >>> drawn = explored(pool=8, size=20, seed=1)
    >>> drawn.place.tolist(), len(set(drawn.choice.tolist())), drawn.propensity
    ([4, 14], 2, 0.25)
    """
    places = np.arange(FIRST_SLOT, size, EVERY)
    count = min(len(places), pool)
    choice = np.random.default_rng(seed).permutation(pool)[:count]
    return Explored(places[:count], choice, count / pool if pool else 0.0)


def seed_of(account: str, now_ms: int) -> int:
    """The same account at the same clock draws the same.

    >>> seed_of("a", 1) == seed_of("a", 1) != seed_of("a", 2)
    True
    """
    return int.from_bytes(sha256(f"{account} {now_ms}".encode()).digest()[:8], "big")
