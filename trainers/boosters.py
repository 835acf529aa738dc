"""Fits XGBoost boosters on the margin of their parents, as UBJSON bytes."""

from dataclasses import dataclass
from typing import Any

from features.arrays import Floats
from features.matrix import Matrix


@dataclass(frozen=True)
class Growth:
    """Parameters of a booster."""

    rounds: int = 80
    depth: int = 4
    eta: float = 0.15
    child_weight: float = 5.0  # minimum weight of a leaf: fewer rows are noise
    shrinkage: float = 5.0  # L2 on leaves

    def parameters(self) -> dict[str, Any]:
        """Returns the parameters by XGBoost's names."""
        return {
            "objective": "binary:logistic",
            "base_score": 0.5,
            "eta": self.eta,
            "max_depth": self.depth,
            "min_child_weight": self.child_weight,
            "reg_lambda": self.shrinkage,
            "subsample": 0.8,
            "colsample_bytree": 0.6,
            "tree_method": "hist",
            "max_bin": 128,
            "seed": 7,
            "nthread": 1,  # a second thread on a shared processor makes it three times slower
        }


GLOBAL = Growth()
RESIDUAL = Growth(rounds=24, depth=3, eta=0.1, child_weight=20.0, shrinkage=50.0)


def fit(matrix: Matrix, label: Floats, weight: Floats, margin: Floats | None, growth: Growth) -> bytes:
    """Returns a fitted booster as UBJSON bytes.

    `matrix`: (rows, columns); `label`: (rows,) 0 or 1; `weight`: (rows,) > 0; `margin`: (rows,) log-odds of the
    parents.
    """
    import xgboost

    data = xgboost.QuantileDMatrix(matrix, label, weight=weight, base_margin=margin, max_bin=128, nthread=1)
    booster = xgboost.train(growth.parameters(), data, growth.rounds)
    return bytes(booster.save_raw("ubj"))
