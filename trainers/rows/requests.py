"""Requests for training and evaluation: who opened the feed and when, the candidates, and which were engaged."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints, positions, spans
from features.matrix import Rows
from features.milliseconds import DAY_MS
from features.ranking.history import History
from features.ranking.posts import heads_of


@dataclass(frozen=True)
class Requests:
    """A member's first activity of a UTC day on which that member engages; arrays of shape (requests,), by time."""

    account: Ints
    time_ms: Ints

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True)
class CandidateSet:
    """One request: the live posts of others without an engagement of the member, and which got one within 24 h."""

    account: int
    time_ms: int
    content: Ints  # (candidates,)
    relevant: NDArray[np.bool_]  # (candidates,)

    def rows(self, history: History, guest: bool = False) -> Rows:
        """Returns the rows to score; as a guest of the member's country when `guest`."""
        return Rows(
            content=self.content,
            account=np.full(len(self.content), -1 if guest else self.account),
            country=np.full(len(self.content), history.country[self.account]),
            time_ms=np.full(len(self.content), self.time_ms),
        )


def find_requests(history: History, since_ms: int, until_ms: int) -> Requests:
    """Returns the requests in [since, until)."""
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


def candidate_sets(history: History, requests: Requests, window_days: float = 30.0) -> Iterator[CandidateSet]:
    """Yields each request with its candidates, without requests that have no relevant candidate."""
    return CandidateIndex(history, window_days).of(requests).sets()


@dataclass(frozen=True)
class CandidateBatch:
    """Requests with a relevant candidate. Candidates are the posts in [low, high) that are not in `gone`.

    A pair is the number of a request times 2^32 plus the number of a post.
    """

    head: Ints  # (posts,) the content that represents each post

    requests: Requests
    low: Ints  # (requests,)
    high: Ints  # (requests,)
    gone: Ints  # (pairs,) ascending: already engaged, written or reshared
    relevant: Ints  # (pairs,) ascending

    def sets(self) -> Iterator[CandidateSet]:
        """Yields one request at a time with all its candidates."""
        number = np.arange(len(self.requests) + 1)
        gone, relevant = (np.searchsorted(pairs, pair(number, 0)) for pairs in (self.gone, self.relevant))
        for n in range(len(self.requests)):
            content = self.head[self.low[n] : self.high[n]]
            marked = np.zeros(len(content), dtype=np.bool_)
            marked[post_of(self.relevant[relevant[n] : relevant[n + 1]]) - self.low[n]] = True
            out = post_of(self.gone[gone[n] : gone[n + 1]]) - self.low[n]
            account, time_ms = int(self.requests.account[n]), int(self.requests.time_ms[n])
            yield CandidateSet(account, time_ms, np.delete(content, out), np.delete(marked, out))


class CandidateIndex:
    """The posts, engagements and own contents, sorted once for any number of requests."""

    def __init__(self, history: History, window_days: float) -> None:
        engagements, contents = history.engagements, history.contents
        self.window_ms = int(window_days * DAY_MS)
        head = heads_of(contents.post, contents.created_ms, self.window_ms)
        self.head = np.unique(head)
        self.created_ms = contents.created_ms[self.head]
        good, (own, owner) = np.flatnonzero(engagements.is_engagement), _own_contents(history)
        account = np.concatenate([engagements.account[good], owner])
        time_ms = np.concatenate([engagements.time_ms[good], contents.created_ms[own]])
        order = np.lexsort((time_ms, account))
        self.start = np.searchsorted(account[order], np.arange(len(history.account_id) + 1))
        self.time_ms, self.is_own = time_ms[order], order >= len(good)
        self.post = positions(self.head, head[np.concatenate([engagements.content[good], own])[order]])

    def of(self, requests: Requests) -> CandidateBatch:
        """Returns the requests that have a relevant candidate, with their candidates."""
        low, high = (np.searchsorted(self.created_ms, requests.time_ms + after) for after in (-self.window_ms, 1))
        first = self.start[requests.account]
        request, act = spans(first, self.start[requests.account + 1] - first)
        post, after_ms, is_own = self.post[act], self.time_ms[act] - requests.time_ms[request], self.is_own[act]
        is_live = (post >= low[request]) & (post < high[request])
        engaged = pair(request, post)
        gone = np.unique(engaged[is_live & ((after_ms < 0) | is_own & (after_ms == 0))])
        soon = np.unique(engaged[is_live & (after_ms >= 0) & (after_ms < DAY_MS) & ~is_own])
        relevant = soon[positions(gone, soon) < 0]
        chosen = np.unique(request_of(relevant))
        chosen_requests = Requests(requests.account[chosen], requests.time_ms[chosen])
        pairs = _renumbered(gone, chosen), _renumbered(relevant, chosen)
        return CandidateBatch(self.head, chosen_requests, low[chosen], high[chosen], *pairs)


def _own_contents(history: History) -> tuple[Ints, Ints]:
    """Returns contents and the accounts that wrote, reshared or are reshared by them; both (n,)."""
    contents, owner = history.contents, np.append(history.owner, -1)
    rows = np.arange(len(contents.id))
    reshared = np.where(contents.post != rows, contents.original_author, -1)
    account = np.concatenate([owner[contents.author], owner[reshared]])
    return np.tile(rows, 2)[account >= 0], account[account >= 0]


def pair(request: Ints, post: Ints | int) -> Ints:
    """Returns pairs of a request's number and a post's number; they sort by request, then by post."""
    return request << 32 | post


def request_of(pairs: Ints) -> Ints:
    """Returns the numbers of the requests."""
    return pairs >> 32


def post_of(pairs: Ints) -> Ints:
    """Returns the numbers of the posts."""
    return pairs & 0xFFFFFFFF


def _renumbered(pairs: Ints, chosen: Ints) -> Ints:
    """Returns the pairs of the chosen requests, numbered from 0."""
    number = positions(chosen, request_of(pairs))
    return pair(number, post_of(pairs))[number >= 0]


def _account_day(account: Ints, time_ms: Ints) -> Ints:
    return account << 20 | time_ms // DAY_MS
