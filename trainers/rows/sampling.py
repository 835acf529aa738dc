"""Training rows: for each request what was engaged, what was shown without engagement, and a sample of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.matrix import Rows
from features.milliseconds import DAY_MS
from features.ranking.history import History
from features.ranking.point_in_time import EventIndex, Floats, Ints, positions, spans
from store.rules.engagements import REPORT
from trainers.rows.requests import Candidates, Offers, Requests, content_of, pair, request_of

_REPORT_WEIGHT = 3.0  # a report says more than a post that was passed over
_EVER = 1 << 62  # milliseconds
_ROWS, _LEAST_OTHERS = 90_000, 20  # of the sampled rest, for all requests and for each
_AT_ONCE = 4_096  # requests whose candidates are looked at together; bounds memory
_EVEN = 0.2  # how far the shares of the four kinds are drawn to a quarter each


@dataclass(frozen=True)
class Sample:
    """Rows to learn from; every array has shape (rows,)."""

    rows: Rows
    engaged: NDArray[np.bool_]
    weight: Floats  # a sampled row stands for all that it was sampled from; an engaged one weighs by its kinds
    request: Ints  # number of the request, ascending

    def take(self, chosen: NDArray[np.generic]) -> "Sample":
        """The chosen rows, by mask or position."""
        return Sample(self.rows.take(chosen), self.engaged[chosen], self.weight[chosen], self.request[chosen])


def sample(
    history: History,
    asked: Requests,
    others: int,
    seed: int,
    window_days: float = 30.0,
    known_ms: int = _EVER,
    until_ms: int = _EVER,
) -> Sample:
    """What a Sampler made for them gives."""
    return Sampler(history, others, seed, known_ms, until_ms).of(Candidates(history, window_days), asked)


class Sampler:
    """Takes rows of requests: all relevant, all shown, and `others` of the remaining candidates of each.

    What an engagement weighs is told by the shares of kinds before `known_ms`, and by what was done before `until_ms`.
    """

    def __init__(self, history: History, others: int, seed: int, known_ms: int = _EVER, until_ms: int = _EVER) -> None:
        self.history, self.others, self.seed = history, others, seed
        self.shown_to, self.weigh = _Shown(history), _KindWeights(history, known_ms, until_ms)

    def of(self, candidates: Candidates, asked: Requests) -> Sample:
        """The rows of those of the requests that have a relevant candidate, numbered from 0."""
        parts = []
        for first in range(0, max(len(asked), 1), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            parts.append(self._of(candidates.of(Requests(asked.account[some], asked.time_ms[some]))))
        ends = np.cumsum([0, *(part.request.max(initial=-1) + 1 for part in parts)])
        return Sample(
            rows=joined([part.rows for part in parts]),
            engaged=np.concatenate([part.engaged for part in parts]),
            weight=np.concatenate([part.weight for part in parts]),
            request=np.concatenate([part.request + end for part, end in zip(parts, ends, strict=False)]),
        )

    def _of(self, offers: Offers) -> Sample:
        certain, certain_weight = self._certain(offers)
        picked, picked_weight = self._picked(offers, certain)
        pairs, weight = np.concatenate([certain, picked]), np.concatenate([certain_weight, picked_weight])
        order = np.argsort(request_of(pairs), kind="stable")
        pairs, weight = pairs[order], weight[order]
        request, engaged = request_of(pairs), positions(offers.relevant, pairs) >= 0
        account = offers.asked.account[request]
        rows = Rows(content_of(pairs), account, self.history.country[account], offers.asked.time_ms[request])
        weight[engaged] = self.weigh.of(rows.take(engaged))
        return Sample(rows, engaged, weight, request)

    def _certain(self, offers: Offers) -> tuple[Ints, Floats]:
        """Pairs of all that is relevant or was passed over, ascending, and their weights."""
        shown, reported = self.shown_to.within_day(offers.asked)
        request, content = request_of(shown), content_of(shown)
        there = (content >= offers.low[request]) & (content < offers.high[request])
        certain = np.union1d(offers.relevant, shown[there & (positions(offers.gone, shown) < 0)])
        return certain, np.where(positions(reported, certain) >= 0, _REPORT_WEIGHT, 1.0)

    def _picked(self, offers: Offers, certain: Ints) -> tuple[Ints, Floats]:
        """Pairs of a sample of the rest of each request, and their weights."""
        out = np.union1d(offers.gone, certain)  # not the rest
        request = request_of(out)
        many = np.bincount(request, minlength=len(offers.asked))
        rest = offers.high - offers.low - many
        count = np.minimum(self.others, rest)
        # seeded by the request: which other requests are sampled with it makes no difference
        each = zip(offers.asked.time_ms.tolist(), rest.tolist(), count.tolist(), strict=True)
        drawn = [np.random.default_rng((self.seed, at)).choice(n, few, replace=False) for at, n, few in each]
        place, mine = np.concatenate([np.zeros(0, dtype=np.int64), *drawn]), np.repeat(np.arange(len(count)), count)
        first = np.cumsum(many) - many
        before = pair(request, content_of(out) - offers.low[request] - (np.arange(len(out)) - first[request]))
        skipped = np.searchsorted(before, pair(mine, place), side="right") - first[mine]
        return pair(mine, offers.low[mine] + place + skipped), np.repeat(rest / np.maximum(count, 1), count)


def kind_weights(counts: NDArray[np.integer]) -> Floats:
    """1 − share of each kind of engagement, the shares drawn towards a quarter; `counts`: (…, 4).

    >>> kind_weights(np.array([8, 0, 0, 0])).round(3).tolist()
    [0.125, 0.958, 0.958, 0.958]
    """
    total = np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    share = (counts / total + _EVEN / 4) / (1 + _EVEN)
    return np.asarray(1.0 - share)


def affordable(most: int, requests: int) -> int:
    """How many of the remaining candidates to sample for each of so many requests: at most `most`.

    >>> affordable(60, 1_000), affordable(60, 3_000), affordable(60, 60_000)
    (60, 30, 20)
    """
    return min(most, max(_ROWS // max(requests, 1), _LEAST_OTHERS))


class _Shown:
    """Which contents an account was shown, and which it reported, in a day."""

    def __init__(self, history: History) -> None:
        views, acts = history.exposures, history.engagements
        reports = acts.kind == REPORT
        account = np.concatenate([views.account, acts.account[reports]])
        time_ms = np.concatenate([views.time_ms, acts.time_ms[reports]])
        content = np.concatenate([views.content, acts.content[reports]])
        reported = np.repeat([False, True], [len(views.account), int(reports.sum())])
        order = np.lexsort((time_ms, account))
        self.index, self.content, self.reported = EventIndex.build(account, time_ms), content[order], reported[order]

    def within_day(self, asked: Requests) -> tuple[Ints, Ints]:
        """Pairs of contents shown and of contents reported in the 24 h from each request; the latter ascending."""
        low, high = (self.index.position(asked.account, asked.time_ms + after) for after in (0, DAY_MS))
        request, place = spans(low, high - low)
        shown = pair(request, self.content[place])
        return shown, np.unique(shown[self.reported[place]])


class _KindWeights:
    """The label "weight engagement": an engagement weighs by how rare its kind is in the account's country."""

    def __init__(self, history: History, known_ms: int, until_ms: int) -> None:
        acts = history.engagements
        good = acts.is_engagement & (acts.time_ms < max(known_ms, until_ms))
        account, content, kind = acts.account[good], acts.content[good], acts.kind[good]
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
        """The summed weights of what the account did to the content; mean 1 over what is known."""
        place = np.searchsorted(self.pairs, rows.account * self.width + rows.content)
        return np.asarray(self.weight[place] / self.mean if len(place) else np.zeros(0))


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows one after the other."""
    none = np.zeros(0, dtype=np.int64)
    names = ("content", "account", "country", "time_ms")
    return Rows(*(np.concatenate([none, *(getattr(part, name) for part in parts)]) for name in names))
