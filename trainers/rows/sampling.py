"""Training rows of each request: engaged contents, contents shown without engagement, and a sample of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints, positions, spans
from features.matrix import Rows
from features.milliseconds import DAY_MS
from features.ranking.history import History
from features.ranking.point_in_time import EventIndex
from features.ranking.posts import heads_of
from store.rules.engagements import REPORT
from trainers.rows.requests import CandidateBatch, CandidateIndex, Requests, pair, post_of, request_of

_REPORT_WEIGHT = 3.0  # a report says more than a post that was passed over
_EVER = 1 << 62  # milliseconds
_ROWS, _LEAST_OTHERS = 90_000, 20  # of the sampled rest, over all requests; at least per request
_AT_ONCE = 4_096  # requests per batch; bounds memory
_EVEN = 0.2  # how far the shares of the four kinds are shrunk to a quarter each


@dataclass(frozen=True)
class Sample:
    """Training rows; every array has shape (rows,)."""

    rows: Rows
    engaged: NDArray[np.bool_]
    weight: Floats  # a sampled row weighs as the rows it was drawn from; an engaged one by its kinds
    request: Ints  # number of the request, ascending

    def take(self, chosen: NDArray[np.generic]) -> "Sample":
        """Returns the chosen rows, by mask or position."""
        return Sample(self.rows.take(chosen), self.engaged[chosen], self.weight[chosen], self.request[chosen])


def sample(
    history: History,
    requests: Requests,
    others: int,
    seed: int,
    window_days: float = 30.0,
    known_ms: int = _EVER,
    until_ms: int = _EVER,
) -> Sample:
    """Returns the sample of a new Sampler."""
    return Sampler(history, others, seed, window_days, known_ms, until_ms).of(
        CandidateIndex(history, window_days), requests
    )


class Sampler:
    """Samples rows of requests: all relevant, all shown, and `others` of the remaining candidates of each.

    The weight of an engagement depends on the shares of kinds before `known_ms`; it is 0 from `until_ms` on.
    """

    def __init__(
        self,
        history: History,
        others: int,
        seed: int,
        window_days: float,
        known_ms: int = _EVER,
        until_ms: int = _EVER,
    ) -> None:
        self.history, self.others, self.seed = history, others, seed
        head = heads_of(history.contents.post, history.contents.created_ms, int(window_days * DAY_MS))
        self.shown_to, self.kind_weights = _Shown(history, head), _KindWeights(history, head, known_ms, until_ms)

    def of(self, candidates: CandidateIndex, requests: Requests) -> Sample:
        """Returns the rows of the requests that have a relevant candidate; the requests are numbered from 0."""
        parts = []
        for first in range(0, max(len(requests), 1), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            parts.append(self._of(candidates.of(Requests(requests.account[some], requests.time_ms[some]))))
        ends = np.cumsum([0, *(part.request.max(initial=-1) + 1 for part in parts)])
        return Sample(
            rows=joined([part.rows for part in parts]),
            engaged=np.concatenate([part.engaged for part in parts]),
            weight=np.concatenate([part.weight for part in parts]),
            request=np.concatenate([part.request + end for part, end in zip(parts, ends, strict=False)]),
        )

    def _of(self, batch: CandidateBatch) -> Sample:
        certain, certain_weight = self._certain(batch)
        picked, picked_weight = self._picked(batch, certain)
        pairs, weight = np.concatenate([certain, picked]), np.concatenate([certain_weight, picked_weight])
        order = np.argsort(request_of(pairs), kind="stable")
        pairs, weight = pairs[order], weight[order]
        request, engaged = request_of(pairs), positions(batch.relevant, pairs) >= 0
        account = batch.requests.account[request]
        rows = Rows(batch.head[post_of(pairs)], account, self.history.country[account], batch.requests.time_ms[request])
        weight[engaged] = self.kind_weights.of(rows.take(engaged))
        return Sample(rows, engaged, weight, request)

    def _certain(self, batch: CandidateBatch) -> tuple[Ints, Floats]:
        """Returns the pairs that are relevant or were passed over, ascending, and their weights."""
        shown, reported = self.shown_to.within_day(batch.requests, batch.head)
        request, post = request_of(shown), post_of(shown)
        is_live = (post >= batch.low[request]) & (post < batch.high[request])
        certain = np.union1d(batch.relevant, shown[is_live & (positions(batch.gone, shown) < 0)])
        return certain, np.where(positions(reported, certain) >= 0, _REPORT_WEIGHT, 1.0)

    def _picked(self, batch: CandidateBatch, certain: Ints) -> tuple[Ints, Floats]:
        """Returns the pairs of a sample of the rest of each request, and their weights."""
        out = np.union1d(batch.gone, certain)  # not the rest
        request = request_of(out)
        excluded = np.bincount(request, minlength=len(batch.requests))
        rest = batch.high - batch.low - excluded
        count = np.minimum(self.others, rest)
        # seeded by the request: independent of the other requests
        draws = zip(batch.requests.time_ms.tolist(), rest.tolist(), count.tolist(), strict=True)
        drawn = [np.random.default_rng((self.seed, at)).choice(n, size, replace=False) for at, n, size in draws]
        place, mine = np.concatenate([np.zeros(0, dtype=np.int64), *drawn]), np.repeat(np.arange(len(count)), count)
        first = np.cumsum(excluded) - excluded
        before = pair(request, post_of(out) - batch.low[request] - (np.arange(len(out)) - first[request]))
        skipped = np.searchsorted(before, pair(mine, place), side="right") - first[mine]
        return pair(mine, batch.low[mine] + place + skipped), np.repeat(rest / np.maximum(count, 1), count)


def kind_weights(counts: NDArray[np.integer]) -> Floats:
    """Returns 1 − share of each kind of engagement, the shares shrunk towards a quarter; `counts`: (…, 4).

    >>> kind_weights(np.array([8, 0, 0, 0])).round(3).tolist()
    [0.125, 0.958, 0.958, 0.958]
    """
    total = np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    share = (counts / total + _EVEN / 4) / (1 + _EVEN)
    return np.asarray(1.0 - share)


def affordable(most: int, requests: int) -> int:
    """Returns the candidates to sample per request for a number of requests: at most `most`.

    >>> affordable(60, 1_000), affordable(60, 3_000), affordable(60, 60_000)
    (60, 30, 20)
    """
    return min(most, max(_ROWS // max(requests, 1), _LEAST_OTHERS))


class _Shown:
    """Contents that accounts were shown, and contents that they reported."""

    def __init__(self, history: History, head: Ints) -> None:
        views, acts = history.exposures, history.engagements
        reports = acts.kind == REPORT
        account = np.concatenate([views.account, acts.account[reports]])
        time_ms = np.concatenate([views.time_ms, acts.time_ms[reports]])
        content = head[np.concatenate([views.content, acts.content[reports]])]
        reported = np.repeat([False, True], [len(views.account), int(reports.sum())])
        order = np.lexsort((time_ms, account))
        self.index, self.content, self.reported = EventIndex.build(account, time_ms), content[order], reported[order]

    def within_day(self, requests: Requests, head: Ints) -> tuple[Ints, Ints]:
        """Returns pairs of the posts shown and of those reported within 24 h of each request, the latter sorted.

        `head`: (posts,) the content that represents each post.
        """
        low, high = (self.index.position(requests.account, requests.time_ms + after) for after in (0, DAY_MS))
        request, place = spans(low, high - low)
        shown = pair(request, positions(head, self.content[place]))
        return shown, np.unique(shown[self.reported[place]])


class _KindWeights:
    """Weights of engagements: a kind that is rare in the account's country weighs more."""

    def __init__(self, history: History, head: Ints, known_ms: int, until_ms: int) -> None:
        acts = history.engagements
        good = acts.is_engagement & (acts.time_ms < max(known_ms, until_ms))
        account, content, kind = acts.account[good], head[acts.content[good]], acts.kind[good]
        known = acts.time_ms[good] < known_ms
        self.width = len(history.contents.id) + 1
        country = history.country[account]
        counts = np.zeros((int(history.country.max(initial=0)) + 2, 4), dtype=np.int64)
        np.add.at(counts, (country[known], kind[known]), 1)  # country −1 is the last row
        weights = kind_weights(counts)[country, kind]
        self.pairs, place = np.unique(account * self.width + content, return_inverse=True)
        self.mean = weights[known].sum() / max(len(np.unique(place[known])), 1) or 1.0  # of a pair
        weights[acts.time_ms[good] >= until_ms] = 0.0
        self.weight = np.bincount(place, weights=weights, minlength=len(self.pairs))

    def of(self, rows: Rows) -> Floats:
        """Returns the summed weights of the account's engagements with the content; mean 1 before `known_ms`."""
        place = np.searchsorted(self.pairs, rows.account * self.width + rows.content)
        return np.asarray(self.weight[place] / self.mean if len(place) else np.zeros(0))


def joined(parts: Sequence[Rows]) -> Rows:
    """Returns the concatenated rows."""
    none = np.zeros(0, dtype=np.int64)
    names = ("content", "account", "country", "time_ms")
    return Rows(*(np.concatenate([none, *(getattr(part, name) for part in parts)]) for name in names))
