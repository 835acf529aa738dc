"""Loads stored boosters and computes their log-odds, the scale on which the levels add up."""

from typing import Any

import numpy as np

from features.arrays import Floats
from features.matrix import Matrix


def load_booster(artifact: bytes) -> Any:
    """Loads a booster from UBJSON bytes whose checksum was checked."""
    import xgboost

    booster = xgboost.Booster(model_file=bytearray(artifact))
    booster.set_param({"nthread": 1})  # starting a second thread costs more than it saves
    return booster


def predict_log_odds(booster: Any, matrix: Matrix) -> Floats:
    """Returns the log-odds that the booster adds to those of its parents; shape (rows,)."""
    return np.asarray(booster.inplace_predict(matrix, predict_type="margin"), dtype=np.float64)
