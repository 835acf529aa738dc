"""The moments that a ranker is judged at, and learns for: who asked, what was there, what they engaged with."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.matrix import Rows
from features.milliseconds import DAY_MS
from features.ranking.history import History
from features.ranking.point_in_time import Ints, positions, spans


@dataclass(frozen=True)
class Requests:
    """A member's first activity of a UTC day on which that member engages; arrays of shape (requests,), by time."""

    account: Ints
    time_ms: Ints

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True)
class Choice:
    """One request: every live content that the member has not engaged with, and which were engaged within 24 h."""

    account: int
    time_ms: int
    content: Ints  # (candidates,)
    relevant: NDArray[np.bool_]  # (candidates,)

    def rows(self, history: History, guest: bool = False) -> Rows:
        """The rows to score; as a guest of the member's country when `guest`."""
        return Rows(
            content=self.content,
            account=np.full(len(self.content), -1 if guest else self.account),
            country=np.full(len(self.content), history.country[self.account]),
            time_ms=np.full(len(self.content), self.time_ms),
        )


def requests(history: History, since_ms: int, until_ms: int) -> Requests:
    """The requests of [since, until)."""
    engagements, exposures = history.engagements, history.exposures
    good = engagements.is_engagement
    engaging = np.unique(_account_day(engagements.account[good], engagements.time_ms[good]))
    account = np.concatenate([engagements.account, exposures.account])
    time_ms = np.concatenate([engagements.time_ms, exposures.time_ms])
    inside = (time_ms >= since_ms) & (time_ms < until_ms) & ~history.guest[account]
    account, time_ms = account[inside], time_ms[inside]
    order = np.argsort(time_ms, kind="stable")
    days, first = np.unique(_account_day(account[order], time_ms[order]), return_index=True)
    chosen = np.sort(order[first[positions(engaging, days) >= 0]])
    chosen = chosen[np.lexsort((account[chosen], time_ms[chosen]))]
    return Requests(account[chosen], time_ms[chosen])


def choices(history: History, asked: Requests, window_days: float = 30.0) -> Iterator[Choice]:
    """Each request with its candidates; requests without a relevant candidate are left out."""
    return Candidates(history, window_days).of(asked).choices()


@dataclass(frozen=True)
class Offers:
    """Requests with a relevant candidate; what is from `low` on and before `high`, but not `gone`, are its candidates.

    A pair is the number of a request, times 2^32, plus a content.
    """

    asked: Requests
    low: Ints  # (requests,)
    high: Ints  # (requests,)
    gone: Ints  # (pairs,) ascending: engaged with before
    relevant: Ints  # (pairs,) ascending

    def choices(self) -> Iterator[Choice]:
        """One request at a time, with every candidate."""
        number = np.arange(len(self.asked) + 1)
        gone, relevant = (np.searchsorted(each, pair(number, 0)) for each in (self.gone, self.relevant))
        for n in range(len(self.asked)):
            content = np.arange(self.low[n], self.high[n])
            marked = np.zeros(len(content), dtype=np.bool_)
            marked[content_of(self.relevant[relevant[n] : relevant[n + 1]]) - self.low[n]] = True
            out = content_of(self.gone[gone[n] : gone[n + 1]]) - self.low[n]
            account, time_ms = int(self.asked.account[n]), int(self.asked.time_ms[n])
            yield Choice(account, time_ms, np.delete(content, out), np.delete(marked, out))


class Candidates:
    """What can be chosen from, sorted once for any number of requests."""

    def __init__(self, history: History, window_days: float) -> None:
        engagements = history.engagements
        good = np.flatnonzero(engagements.is_engagement)
        own = good[np.lexsort((engagements.time_ms[good], engagements.account[good]))]
        self.start = np.searchsorted(engagements.account[own], np.arange(len(history.account_id) + 1))
        self.content, self.time_ms = engagements.content[own], engagements.time_ms[own]
        self.created_ms, self.window_ms = history.contents.created_ms, int(window_days * DAY_MS)

    def of(self, asked: Requests) -> Offers:
        """The requests with their candidates; those without a relevant candidate are left out."""
        low, high = (np.searchsorted(self.created_ms, asked.time_ms + after) for after in (-self.window_ms, 1))
        first = self.start[asked.account]
        request, act = spans(first, self.start[asked.account + 1] - first)
        content, after_ms = self.content[act], self.time_ms[act] - asked.time_ms[request]
        there = (content >= low[request]) & (content < high[request])
        engaged = pair(request, content)
        gone = np.unique(engaged[there & (after_ms < 0)])
        soon = np.unique(engaged[there & (after_ms >= 0) & (after_ms < DAY_MS)])
        relevant = soon[positions(gone, soon) < 0]
        kept = np.unique(request_of(relevant))
        who = Requests(asked.account[kept], asked.time_ms[kept])
        return Offers(who, low[kept], high[kept], _renumbered(gone, kept), _renumbered(relevant, kept))


def pair(request: Ints, content: Ints | int) -> Ints:
    """Requests' numbers and contents as pairs, which are in order of the request, then of the content."""
    return request << 32 | content


def request_of(pairs: Ints) -> Ints:
    """The requests' numbers."""
    return pairs >> 32


def content_of(pairs: Ints) -> Ints:
    """The contents."""
    return pairs & 0xFFFFFFFF


def _renumbered(pairs: Ints, kept: Ints) -> Ints:
    """The pairs of the kept requests, which are numbered from 0."""
    number = positions(kept, request_of(pairs))
    return pair(number, content_of(pairs))[number >= 0]


def _account_day(account: Ints, time_ms: Ints) -> Ints:
    return account << 20 | time_ms // DAY_MS
