"""Baselines: formulas without training, and the models that teams build first."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.matrix import DESIGN, MEMBER_COLUMNS, Matrix
from features.milliseconds import DAY_MS
from features.ranking.boosters import load_booster, predict_log_odds
from features.ranking.co_engagement import acts_before
from features.ranking.history import History
from trainers.boosters import Growth, fit
from trainers.rows.sampling import Sample

ContentScorer = Callable[[int, int, Ints], Floats]  # account, time in ms, contents
_COLUMN = {name: number for number, name in enumerate(MEMBER_COLUMNS)}
_SMALL = Growth(rounds=8, depth=2, eta=0.3, child_weight=1.0, shrinkage=1.0)
_DESIGN = len(DESIGN)


def formulas(matrix: Matrix) -> dict[str, Floats]:
    """Returns the scores of untrained formulas; `matrix`: (rows, MEMBER_COLUMNS).

    hn: (E − 1)/(age + 2)^1.8; lemmy: log10(max(1, 3 + E))/(age + 2)^1.8; content: (E + 1)·ageScore of the statistics.
    """
    engaged = matrix[:, :4].sum(axis=1).astype(np.float64)
    age_hours = matrix[:, _COLUMN["ageHours"]].astype(np.float64)
    return {
        "recency": -age_hours,
        "popularity": engaged,
        "hn": (engaged - 1) / (age_hours + 2) ** 1.8,
        "lemmy": np.log10(np.maximum(1, 3 + engaged)) / (age_hours + 2) ** 1.8,
        "content": (engaged + 1) * matrix[:, _COLUMN["ageScore"]],
    }


def isolated(sample: Sample, matrix: Matrix) -> dict[int, Any]:
    """Fits one small booster per account on its rows, with the twelve columns of the design."""
    order = np.argsort(sample.rows.account, kind="stable")
    accounts, start = np.unique(sample.rows.account[order], return_index=True)
    boosters = {}
    for account, rows in zip(accounts.tolist(), np.split(order, start[1:]), strict=True):
        label = sample.engaged[rows].astype(np.float64)
        boosters[account] = load_booster(fit(matrix[rows, :_DESIGN], label, sample.weight[rows], None, _SMALL))
    return boosters


def plain(history: History, sample: Sample, matrix_at_end: Matrix) -> dict[int, Any]:
    """Fits the first design: one regressor per account on the contents it engaged with, with counts as of training.

    `matrix_at_end`: (rows, MEMBER_COLUMNS) of the sample's rows at the time of training; it leaks, as the design does.
    """
    order = np.argsort(sample.rows.account, kind="stable")
    order = order[sample.engaged[order]]
    accounts, start = np.unique(sample.rows.account[order], return_index=True)
    return {
        account: _regressor(matrix_at_end[rows, :_DESIGN], sample.weight[rows])
        for account, rows in zip(accounts.tolist(), np.split(order, start[1:]), strict=True)
    }


def scores_of(boosters: Mapping[int, Any], account: int, matrix: Matrix) -> Floats:
    """Returns the scores of the account's booster, all equal without one; shape (rows,)."""
    if account not in boosters:
        return np.zeros(len(matrix))
    return predict_log_odds(boosters[account], matrix[:, :_DESIGN])


def als(history: History, factors: int = 32) -> ContentScorer:
    """Returns implicit-feedback ALS (Hu, Koren & Volinsky 2008) of the library `implicit`, fitted for each UTC day."""
    from implicit.cpu.als import AlternatingLeastSquares  # development only

    return _factorised(
        history,
        lambda: AlternatingLeastSquares(factors=factors, iterations=10, random_state=7, num_threads=1),
    )


def bpr(history: History, factors: int = 32) -> ContentScorer:
    """Returns Bayesian personalised ranking (Rendle et al. 2009), the default of gorse; fitted as `als`."""
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    return _factorised(
        history,
        lambda: BayesianPersonalizedRanking(
            factors=factors, iterations=100, learning_rate=0.05, random_state=7, num_threads=1
        ),
    )


def _factorised(history: History, unfitted: Callable[[], Any]) -> ContentScorer:
    """Returns a scorer; contents without an event before the day score 0."""
    from threadpoolctl import threadpool_limits

    fitted: dict[int, tuple[NDArray[Any], NDArray[Any]]] = {}

    def score(account: int, time_ms: int, content: Ints) -> Floats:
        day = time_ms // DAY_MS
        if day not in fitted:
            fitted.clear()
            acts = sp.csr_matrix(acts_before(history, day * DAY_MS, 1.0, 10.0), dtype=np.float32)
            with threadpool_limits(1, "blas"):
                model = unfitted()
                model.fit(acts, show_progress=False)
            items = np.where(np.bincount(acts.indices, minlength=acts.shape[1])[:, None] > 0, model.item_factors, 0.0)
            fitted[day] = (model.user_factors, items)
        users, items = fitted[day]
        return np.asarray(items[content] @ users[account], dtype=np.float64)

    return score


def _regressor(matrix: Matrix, label: Floats) -> Any:
    import xgboost

    data = xgboost.DMatrix(matrix, label)
    return xgboost.train({"objective": "reg:squarederror", "nthread": 1, "max_depth": 3}, data, 10)
