"""Member effects: one ridge-penalised logistic regression per member on the margin of all levels above.

w = argmin Σ weight·log(1 + exp(−y·(margin + φ·w))) + λ/2·|w|², by Newton's method for many members at once
(the random-effect step of GLMix, Zhang et al. 2016, https://doi.org/10.1145/2939672.2939684).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from features.arrays import Floats, Ints
from trainers.evaluation.metrics import list_loss

BUCKETS = (0, 1, 3, 10, 30)  # engagements before the request: 0 · 1–2 · 3–9 · 10–29 · 30 and more
_STEPS = 4
_BATCH_MEMBERS = 64  # their padded rows fit into the processor's cache
_STANDARD_ERRORS = 2.0  # by which the held-out gain of a bucket must exceed 0
_PENALTIES = (3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True)
class MemberRows:
    """Rows of members, sorted by account; arrays of shape (rows,) but for the columns."""

    account: Ints
    request: Ints
    columns: Floats  # (rows, EFFECT_COLUMNS)
    engaged: NDArray[np.bool_]
    weight: Floats
    margin: Floats  # log-odds of all levels above

    def take(self, chosen: NDArray[np.generic]) -> "MemberRows":
        """The chosen rows, by mask or position."""
        return MemberRows(*(column[chosen] for column in vars(self).values()))


@dataclass(frozen=True)
class Gate:
    """The result of the held-out requests: how strongly to shrink, and which members are served."""

    penalty: float
    open: tuple[bool, ...]  # by bucket
    gain: tuple[float, ...]  # list loss saved per request, by bucket
    error: tuple[float, ...]  # standard error of the gain


_NOTHING = (0.0,) * len(BUCKETS)
CLOSED = Gate(_PENALTIES[-1], (False,) * len(BUCKETS), _NOTHING, _NOTHING)


def fit_member_effects(rows: MemberRows, penalty: float) -> tuple[Ints, Floats]:
    """Fits all effects; returns the accounts, ascending, and their weights (accounts, EFFECT_COLUMNS)."""
    account, start, count = np.unique(rows.account, return_index=True, return_counts=True)
    weights = np.zeros((len(account), rows.columns.shape[1]))
    padded = 1 << np.ceil(np.log2(np.maximum(count, 1))).astype(np.int64)
    for size in np.unique(padded).tolist():  # the other members of a batch do not change a bit
        same_size = np.flatnonzero(padded == size)
        for first in range(0, len(same_size), _BATCH_MEMBERS):
            batch = same_size[first : first + _BATCH_MEMBERS]
            place, last = np.arange(size), count[batch, None] - 1
            at = start[batch, None] + np.minimum(place, last)  # (members, rows); padding repeats a member's last row
            weights[batch] = _newton(rows.take(at), np.where(place <= last, rows.weight[at], 0.0), penalty)
    return account, weights


def _newton(rows: MemberRows, weight: Floats, penalty: float) -> Floats:
    """Returns the weights (members, EFFECT_COLUMNS); arrays of shape (members, rows), where padding has weight 0."""
    columns = rows.columns.astype(np.float32)  # (members, rows, EFFECT_COLUMNS)
    transposed = columns.transpose(0, 2, 1)
    weights = np.zeros((len(columns), columns.shape[2]), dtype=np.float32)
    ridge = penalty * np.eye(columns.shape[2], dtype=np.float32)
    for _ in range(_STEPS):
        chance = expit(rows.margin + (columns @ weights[..., None])[..., 0])
        residual = (weight * (rows.engaged - chance)).astype(np.float32)
        curvature = (weight * chance * (1 - chance)).astype(np.float32)
        gradient = (transposed @ residual[..., None])[..., 0] - penalty * weights
        hessian = (transposed * curvature[:, None, :]) @ columns + ridge
        weights += np.linalg.solve(hessian, gradient[..., None])[..., 0]
    return weights.astype(np.float64)


def effect_log_odds(account: Ints, weights: Floats, rows_account: Ints, columns: Floats) -> Floats:
    """Returns what the member effects add to the log-odds of each row, 0 for a member without; shape (rows,)."""
    if not len(account):
        return np.zeros(len(rows_account))
    place = np.minimum(np.searchsorted(account, rows_account), len(account) - 1)
    mine = np.where((account[place] == rows_account)[:, None], weights[place], 0.0)
    return np.asarray(np.einsum("rc,rc->r", columns, mine))


def choose_gate(early: MemberRows, late: MemberRows, engaged_before: Ints) -> Gate:
    """Fits the early rows with each penalty and returns the gate of the one that saves most loss on the late rows.

    `engaged_before`: (late rows,), the member's engagements before the row.
    """
    trials = [(_gains(early, late, engaged_before, penalty), penalty) for penalty in _PENALTIES]
    (_, gain, error), penalty = max(trials, key=lambda trial: trial[0][0])
    is_open = tuple(bool(g > _STANDARD_ERRORS * e) for g, e in zip(gain, error, strict=True))
    return Gate(penalty, is_open, gain, error)


def bucket(engagements: Ints) -> Ints:
    """Returns the bucket of each number of engagements.

    >>> bucket(np.array([0, 2, 3, 29, 500])).tolist()
    [0, 1, 2, 3, 4]
    """
    return np.searchsorted(BUCKETS, engagements, side="right") - 1


def _gains(
    early: MemberRows, late: MemberRows, engaged_before: Ints, penalty: float
) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
    """Returns the loss saved on all late requests, then its mean per request and standard error by bucket."""
    effects = fit_member_effects(early, penalty)
    more = np.nan_to_num(effect_log_odds(*effects, late.account, late.columns))  # weights that are NaN are not served
    number, first = np.unique(late.request, return_index=True)
    lists = np.searchsorted(number, late.request), late.engaged, late.weight
    saved = list_loss(*lists, late.margin) - list_loss(*lists, late.margin + more)
    group = bucket(engaged_before[first])
    figures = [_mean_and_error(saved[group == number]) for number in range(len(BUCKETS))]
    return float(saved.sum()), tuple(mean for mean, _ in figures), tuple(error for _, error in figures)


def _mean_and_error(values: Floats) -> Sequence[float]:
    if len(values) < 2:
        return 0.0, 0.0
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
