"""Separation of positive and negative texts, for labels that name a sentiment and no emotion."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.text.emotions import EmotionProbabilities
from features.text.language import identify
from lab.evaluate.labelled import Line

SENTIMENTS: Final[Mapping[str, int]] = {"pos": 1, "positive": 1, "neg": -1, "negative": -1}
LEAST = 10  # positive and negative texts of a language for a row


def sentiment_figures(lines: Sequence[Line], felt: EmotionProbabilities) -> dict[str, Any]:
    """Returns texts and AUC of positive against negative ones by positivity less negativity, of all and by language."""
    side = np.array([SENTIMENTS[line.labels[0]] for line in lines])
    positive, negative = felt.of(["joy", "surprise"]), felt.of(["anger", "disgust", "fear", "sadness"])
    balance = positive @ np.array([1.0, 0.5]) - negative.sum(axis=1)
    codes = np.array([identify(line.text).code for line in lines])
    rows = {str(code): _row(side[codes == code], balance[codes == code]) for code in np.unique(codes)}
    common = {code: row for code, row in rows.items() if min(row["positive"], row["negative"]) >= LEAST}
    return _row(side, balance) | {"per_language": common}


def _row(side: NDArray[np.int64], balance: NDArray[np.float64]) -> dict[str, float]:
    good, bad = balance[side > 0], balance[side < 0]
    return {"positive": len(good), "negative": len(bad), "auc": auc(good, bad)}


def auc(good: NDArray[np.float64], bad: NDArray[np.float64]) -> float:
    """Returns the chance that one of `good` is above one of `bad`; 0.5 when either is empty.

    >>> auc(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    0.875
    """
    if not len(good) or not len(bad):
        return 0.5
    ordered = np.sort(bad)
    below = np.searchsorted(ordered, good, "left") + np.searchsorted(ordered, good, "right")
    return float(below.mean() / 2 / len(bad))
