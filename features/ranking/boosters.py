"""What a stored booster says of rows, on the margin (log-odds) scale on which the levels add up."""

from typing import Any

import numpy as np

from features.arrays import Floats
from features.matrix import Matrix


def opened(artifact: bytes) -> Any:
    """The booster of UBJSON bytes whose checksum was checked."""
    import xgboost

    booster = xgboost.Booster(model_file=bytearray(artifact))
    booster.set_param({"nthread": 1})  # a second thread waits longer for its turn than it saves
    return booster


def margins(booster: Any, matrix: Matrix) -> Floats:
    """What the booster adds to its parents' log-odds; shape (rows,)."""
    return np.asarray(booster.inplace_predict(matrix, predict_type="margin"), dtype=np.float64)
