"""Supervised detector: a booster trained on verified bots against everyone else."""

from dataclasses import dataclass

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from features.arrays import Floats
from fraud.models.dataset import HUMAN, UNVERIFIED, Sample

_ROUNDS = 120
_UNVERIFIED_WEIGHT = 0.5  # of an unverified row: most are people, some are bots
_PARAMETERS = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "eta": 0.12,
    "subsample": 0.7,
    "colsample_bynode": 0.3,  # many weak signals instead of one that the next bot avoids
    "min_child_weight": 2,
    "max_bin": 64,
    "tree_method": "hist",
    "nthread": 1,  # a second thread costs a booster of this size more than it saves
    "seed": 0,
    "verbosity": 0,
}


@dataclass(frozen=True)
class Supervised:
    """A trained booster, serialised as UBJSON."""

    booster: NDArray[np.uint8]  # (bytes,) UBJSON

    def score(self, X: Floats) -> Floats:
        """Returns the log-odds of a bot, shape (rows,)."""
        model = xgb.Booster({"nthread": 1})
        model.load_model(bytearray(self.booster.tobytes()))
        margin: Floats = model.predict(xgb.DMatrix(X, nthread=1), output_margin=True).astype(np.float64)
        return margin


def fit_supervised(sample: Sample) -> Supervised:
    """Fits verified bots against everyone else; both classes have the same total weight.

    Raises:
        ValueError: when either class is empty.
    """
    bot = sample.bot
    if bot.all() or not bot.any():
        raise ValueError(f"verified bots: {bot.sum()} of {len(sample)} rows, both classes are needed")
    weight = np.select([sample.label == UNVERIFIED, sample.label == HUMAN], [_UNVERIFIED_WEIGHT, 1.0], 1.0)
    for side in (bot, ~bot):
        weight[side] *= len(sample) / (2 * weight[side].sum())
    rows = xgb.DMatrix(sample.X, bot.astype(np.float64), weight=weight, nthread=1)
    model = xgb.train(_PARAMETERS, rows, _ROUNDS)
    return Supervised(np.frombuffer(bytes(model.save_raw("ubj")), np.uint8))
