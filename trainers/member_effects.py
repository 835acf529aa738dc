"""Every member's own model at once: a ridge-penalised logistic regression on the margin of all levels above.

w = argmin Σ weight·log(1 + exp(−y·(margin + φ·w))) + λ/2·|w|², by Newton's method for all members side by side
(the random-effect step of GLMix, Zhang et al. 2016, https://doi.org/10.1145/2939672.2939684).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from features.ranking.point_in_time import Floats, Ints
from trainers.evaluation.metrics import list_loss

BUCKETS = (0, 1, 3, 10, 30)  # engagements before the request: 0 · 1–2 · 3–9 · 10–29 · 30 and more
_STEPS = 4
_SIDE_BY_SIDE = 64  # members; their padded rows stay in the processor's cache
_SURELY = 2.0  # standard errors by which a bucket's held-out gain must lie above 0
_PENALTIES = (3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True)
class Own:
    """Rows of members, sorted by account; arrays of shape (rows,) but for the columns."""

    account: Ints
    request: Ints
    columns: Floats  # (rows, PERSONAL)
    engaged: NDArray[np.bool_]
    weight: Floats
    margin: Floats  # log-odds of all levels above

    def take(self, chosen: NDArray[np.generic]) -> "Own":
        """The chosen rows, by mask or position."""
        return Own(*(column[chosen] for column in vars(self).values()))


@dataclass(frozen=True)
class Gate:
    """What held-out requests said: how strongly to shrink, and for whom it helps."""

    penalty: float
    open: tuple[bool, ...]  # by bucket
    gain: tuple[float, ...]  # saved list loss a request, by bucket
    error: tuple[float, ...]  # its standard error


_NOTHING = (0.0,) * len(BUCKETS)
CLOSED = Gate(_PENALTIES[-1], (False,) * len(BUCKETS), _NOTHING, _NOTHING)


def fit_all(own: Own, penalty: float) -> tuple[Ints, Floats]:
    """The accounts, ascending, and their weights (accounts, PERSONAL)."""
    account, start, count = np.unique(own.account, return_index=True, return_counts=True)
    weights = np.zeros((len(account), own.columns.shape[1]))
    padded = 1 << np.ceil(np.log2(np.maximum(count, 1))).astype(np.int64)
    for size in np.unique(padded).tolist():  # who stands beside a member makes no difference to the last bit
        alike = np.flatnonzero(padded == size)
        for first in range(0, len(alike), _SIDE_BY_SIDE):
            some = alike[first : first + _SIDE_BY_SIDE]
            place, last = np.arange(size), count[some, None] - 1
            rows = start[some, None] + np.minimum(place, last)  # (members, rows); padding repeats a member's last row
            there = place <= last
            weights[some] = _newton(own.take(rows), np.where(there, own.weight[rows], 0.0), penalty)
    return account, weights


def _newton(own: Own, weight: Floats, penalty: float) -> Floats:
    """Weights (members, PERSONAL) of members side by side: arrays of shape (members, rows), padding weighs 0."""
    columns = own.columns.astype(np.float32)  # (members, rows, PERSONAL)
    across = columns.transpose(0, 2, 1)
    weights = np.zeros((len(columns), columns.shape[2]), dtype=np.float32)
    shrink = penalty * np.eye(columns.shape[2], dtype=np.float32)
    for _ in range(_STEPS):
        chance = expit(own.margin + (columns @ weights[..., None])[..., 0])
        pull = (weight * (own.engaged - chance)).astype(np.float32)
        curve = (weight * chance * (1 - chance)).astype(np.float32)
        slope = (across @ pull[..., None])[..., 0] - penalty * weights
        weights += np.linalg.solve((across * curve[:, None, :]) @ columns + shrink, slope[..., None])[..., 0]
    return weights.astype(np.float64)


def added(account: Ints, weights: Floats, rows_account: Ints, columns: Floats) -> Floats:
    """What the members' own models add to their rows' log-odds, 0 for a member without one; shape (rows,)."""
    if not len(account):
        return np.zeros(len(rows_account))
    place = np.minimum(np.searchsorted(account, rows_account), len(account) - 1)
    mine = np.where((account[place] == rows_account)[:, None], weights[place], 0.0)
    return np.asarray(np.einsum("rc,rc->r", columns, mine))


def judge(early: Own, late: Own, engaged_before: Ints) -> Gate:
    """Fits on the early rows with each penalty and keeps the one that saves most on the late ones.

    `engaged_before`: (late rows,), the member's engagements before the row.
    """
    tried = [(_gains(early, late, engaged_before, penalty), penalty) for penalty in _PENALTIES]
    (_, gain, error), penalty = max(tried, key=lambda each: each[0][0])
    opened = tuple(bool(g > _SURELY * e) for g, e in zip(gain, error, strict=True))
    return Gate(penalty, opened, gain, error)


def bucket(engagements: Ints) -> Ints:
    """The bucket of each number of engagements.

    >>> bucket(np.array([0, 2, 3, 29, 500])).tolist()
    [0, 1, 2, 3, 4]
    """
    return np.searchsorted(BUCKETS, engagements, side="right") - 1


def _gains(
    early: Own, late: Own, engaged_before: Ints, penalty: float
) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
    """Saved loss over all late requests, and a request by bucket with its standard error."""
    more = np.nan_to_num(added(*fit_all(early, penalty), late.account, late.columns))  # what is no number is not served
    number, first = np.unique(late.request, return_index=True)
    lists = np.searchsorted(number, late.request), late.engaged, late.weight
    each = list_loss(*lists, late.margin) - list_loss(*lists, late.margin + more)
    group = bucket(engaged_before[first])
    figures = [_mean_and_error(each[group == number]) for number in range(len(BUCKETS))]
    return float(each.sum()), tuple(mean for mean, _ in figures), tuple(error for _, error in figures)


def _mean_and_error(values: Floats) -> Sequence[float]:
    if len(values) < 2:
        return 0.0, 0.0
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
