"""Volumes of a generated app, and skewed random draws."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lab.bench.raw import BATCH, Ids, ids

CONTENT = 4  # the kind in the ids of posts
Times = NDArray[np.int64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Volumes:
    """Size of a generated app."""

    users: int
    days: int = 30
    seed: int = 1
    posts: float = 1.0  # of a member in all days
    exposures: float = 12.0
    follows: float = 5.0
    engaged: float = 0.25  # of what was shown
    reshared: float = 0.1  # of the posts
    live_days: int = 3  # older posts are not shown


@dataclass
class Posts:
    """Times, authors and engagement counts of the posts so far; arrays of shape (posts,)."""

    time_ms: Times
    author: Numbers
    original: Numbers  # −1 for none
    earned: NDArray[np.int64]  # (posts, kinds)
    count: int = 0
    first_of_day: list[int] = field(default_factory=list)

    def add(self, time_ms: Times, author: Numbers, original: Numbers) -> slice:
        """Appends posts and returns their slice."""
        new = slice(self.count, self.count + len(time_ms))
        self.first_of_day.append(self.count)
        self.time_ms[new], self.author[new], self.original[new] = time_ms, author, original
        self.count = new.stop
        return new

    def named(self, number: Numbers) -> Ids:
        """Returns the ids of posts."""
        return ids(CONTENT, number, self.time_ms[number])


def skewed(draw: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Returns log-normal weights of mean 1, at most ten times the mean; shape (count,)."""
    weight = draw.lognormal(0.0, 1.0, count)
    bounded = np.minimum(weight, 10 * weight.mean())
    return np.asarray(bounded / bounded.mean())


def drawn(draw: np.random.Generator, cumulated: NDArray[np.float64], count: int) -> Numbers:
    """Returns indices drawn with the weights whose cumulative sums are given; shape (count,)."""
    return np.asarray(np.searchsorted(cumulated, draw.random(count) * cumulated[-1], side="right"))


def dates(time_ms: Times) -> NDArray[np.datetime64]:
    """Returns milliseconds since 1970 as dates."""
    return time_ms.view("datetime64[ms]")


def digits(number: Numbers) -> NDArray[np.bytes_]:
    """Returns numbers as eight digits each."""
    return np.char.zfill(number.astype("S8"), 8)


def batches(number: Numbers) -> Iterator[Numbers]:
    """Yields the numbers in batches of five inserts."""
    for first in range(0, len(number), 5 * BATCH):
        yield number[first : first + 5 * BATCH]
