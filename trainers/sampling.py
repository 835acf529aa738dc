"""Training rows: for each request what was engaged, what was shown without engagement, and a sample of the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.asof import Floats, Ints
from features.history import REPORT, History
from features.matrix import Rows
from trainers.requests import DAY_MS, Choice

_REPORT_WEIGHT = 3.0  # a report says more than a post that was passed over
_EVER = 1 << 62  # milliseconds
_ROWS, _LEAST_OTHERS = 90_000, 20  # of the sampled rest, for all requests and for each
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
    history: History, asked: Iterable[Choice], others: int, seed: int, known_ms: int = _EVER, until_ms: int = _EVER
) -> Sample:
    """What a Sampler made for them gives."""
    return Sampler(history, others, seed, known_ms, until_ms).of(asked)


class Sampler:
    """Takes rows of requests: all relevant, all shown, and `others` of the remaining candidates of each.

    What an engagement weighs is told by the shares of kinds before `known_ms`, and by what was done before `until_ms`.
    """

    def __init__(self, history: History, others: int, seed: int, known_ms: int = _EVER, until_ms: int = _EVER) -> None:
        self.history, self.others, self.seed = history, others, seed
        self.shown_to, self.weigh = _Shown(history), _KindWeights(history, known_ms, until_ms)

    def of(self, asked: Iterable[Choice]) -> Sample:
        """The rows of these requests, numbered from 0."""
        parts = [_of_request(self.history, choice, self.shown_to, self.others, self.seed) for choice in asked]
        request = np.repeat(np.arange(len(parts)), [len(weight) for _, _, weight in parts])
        rows = joined([rows for rows, _, _ in parts])
        engaged = np.concatenate([np.zeros(0, dtype=np.bool_), *(engaged for _, engaged, _ in parts)])
        weight = np.concatenate([np.zeros(0), *(weight for _, _, weight in parts)])
        weight[engaged] = self.weigh.of(rows.take(engaged))
        return Sample(rows, engaged, weight, request)


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
        self.start = np.searchsorted(account[order], np.arange(len(history.account_id) + 1))
        self.time_ms, self.content, self.reported = time_ms[order], content[order], reported[order]

    def within_day(self, choice: Choice) -> tuple[Ints, Ints]:
        """Contents shown and contents reported in the 24 h from the request."""
        own = slice(self.start[choice.account], self.start[choice.account + 1])
        low, high = np.searchsorted(self.time_ms[own], (choice.time_ms, choice.time_ms + DAY_MS))
        content, reported = self.content[own][low:high], self.reported[own][low:high]
        return content, content[reported]


class _KindWeights:
    """The label "weight engagement": an engagement weighs by how rare its kind is in the account's country."""

    def __init__(self, history: History, known_ms: int, until_ms: int) -> None:
        acts = history.engagements
        good = (acts.kind < REPORT) & (acts.time_ms < max(known_ms, until_ms))
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


def _of_request(
    history: History, choice: Choice, shown_to: _Shown, others: int, seed: int
) -> tuple[Rows, NDArray[np.bool_], Floats]:
    shown, reported = shown_to.within_day(choice)
    seen = np.zeros(len(history.contents.id), dtype=np.bool_)
    seen[shown] = True
    passed_over = seen[choice.content] & ~choice.relevant
    rest = np.flatnonzero(~passed_over & ~choice.relevant)
    # seeded by the request: which other requests are sampled with it makes no difference
    draw = np.random.default_rng((seed, choice.time_ms))
    picked = draw.choice(rest, min(others, len(rest)), replace=False)
    certain = np.flatnonzero(passed_over | choice.relevant)
    chosen = np.concatenate([certain, picked])
    weight = np.concatenate([np.ones(len(certain)), np.full(len(picked), len(rest) / max(len(picked), 1))])
    if len(reported):
        weight[np.isin(choice.content[chosen], reported)] *= _REPORT_WEIGHT
    return choice.rows(history).take(chosen), choice.relevant[chosen], weight


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows one after the other."""
    none = np.zeros(0, dtype=np.int64)
    names = ("content", "account", "country", "time_ms")
    return Rows(*(np.concatenate([none, *(getattr(part, name) for part in parts)]) for name in names))
