"""The moments that a ranker is judged at, and learns for: who asked, what was there, what they engaged with."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.asof import Ints, positions
from features.history import REPORT, History
from features.matrix import Rows

DAY_MS = 86_400_000


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
    good = engagements.kind < REPORT
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
    return Candidates(history, window_days).of(asked)


class Candidates:
    """What can be chosen from, sorted once for any number of requests."""

    def __init__(self, history: History, window_days: float) -> None:
        engagements = history.engagements
        good = np.flatnonzero(engagements.kind < REPORT)
        own = good[np.lexsort((engagements.time_ms[good], engagements.account[good]))]
        self.start = np.searchsorted(engagements.account[own], np.arange(len(history.account_id) + 1))
        self.content, self.time_ms = engagements.content[own], engagements.time_ms[own]
        self.created_ms, self.window_ms = history.contents.created_ms, int(window_days * DAY_MS)

    def of(self, asked: Requests) -> Iterator[Choice]:
        """Each request with its candidates; requests without a relevant candidate are left out."""
        for account, time_ms in zip(asked.account.tolist(), asked.time_ms.tolist(), strict=True):
            own = slice(self.start[account], self.start[account + 1])
            content, engaged_ms = self.content[own], self.time_ms[own]
            low, high = np.searchsorted(self.created_ms, (time_ms - self.window_ms, time_ms + 1))
            fresh = ~_among(low, high, content[engaged_ms < time_ms])
            soon = _among(low, high, content[(engaged_ms >= time_ms) & (engaged_ms < time_ms + DAY_MS)])
            if (soon & fresh).any():
                yield Choice(account, time_ms, np.arange(low, high)[fresh], soon[fresh])


def _among(low: int, high: int, content: Ints) -> NDArray[np.bool_]:
    """Which of the contents low, …, high − 1 are in `content`."""
    found = np.zeros(high - low, dtype=np.bool_)
    found[content[(content >= low) & (content < high)] - low] = True
    return found


def _account_day(account: Ints, time_ms: Ints) -> Ints:
    return account << 20 | time_ms // DAY_MS
