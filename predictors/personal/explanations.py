"""Explains a score: the exact contribution of every column at every level, and sentences."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.special import expit

from features.arrays import Floats
from features.countries import COUNTRIES
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, Matrix
from features.ranking.member_columns import EFFECT_COLUMNS, effect_columns
from features.untrained import untrained_inputs, untrained_parts
from predictors.personal.model_stack import ModelStack
from predictors.personal.phrases import phrase
from store.rules.model_names import WORLD

START: Final = "start"  # a booster's bias: its output before any column
_CONTINENT_OR_COUNTRY: Final = {True: "country", False: "continent"}
_MOST_SENTENCES = 6
_SAME: Final = 1e-4  # log-odds; smaller differences are float32 rounding
_GUEST = len(GUEST_COLUMNS)


@dataclass(frozen=True)
class LevelContributions:
    """The contributions of one level's columns to the log-odds of each row."""

    level: str  # world · continent · country · members · own · formula
    columns: tuple[str, ...]
    value: Floats  # (rows, columns)
    added: Floats  # (rows, columns)


def level_contributions(stack: ModelStack, matrix: Matrix) -> list[LevelContributions]:
    """Returns the contributions of every level; they sum to `predictors.personal.model_stack.log_odds`.

    Those of boosters are exact TreeSHAP values (Lundberg and others 2020, https://doi.org/10.1038/s42256-019-0138-9).
    """
    guest = np.ascontiguousarray(matrix[:, :_GUEST])
    levels = [_formula(guest)] if stack.is_untrained else []
    levels += [_of_trees(_named(level), booster, guest, GUEST_COLUMNS) for level, booster in stack.guest.items()]
    if matrix.shape[1] == _GUEST:
        return levels
    if stack.members is not None:
        levels.append(_of_trees("members", stack.members, matrix, MEMBER_COLUMNS))
    if stack.own is not None:
        scaled = effect_columns(matrix)
        levels.append(LevelContributions("own", EFFECT_COLUMNS, _own_values(matrix), scaled * stack.own))
    return levels


def explanations(stack: ModelStack, matrix: Matrix, country: int) -> Iterator[dict[str, Any]]:
    """Yields for each row: score, logOdds, levels {level: sum}, contributions (largest first) and sentences.

    `matrix`: as for `level_contributions`; `country`: number in COUNTRIES, −1 unknown.
    """
    code = COUNTRIES[country] if country >= 0 else ""
    levels = level_contributions(stack, matrix)
    for row in range(len(matrix)):
        contributions = sorted(_of_row(levels, row), key=_size, reverse=True)
        total = sum(contribution["contribution"] for contribution in contributions)
        yield {
            "score": float(expit(total)),
            "logOdds": total,
            "levels": {level.level: float(level.added[row].sum()) for level in levels},
            "contributions": contributions,
            "sentences": sentences(contributions, code),
        }


def with_diversity(explanation: dict[str, Any], log_odds: float) -> dict[str, Any]:
    """Returns the explanation of a score that author diversity lowered to these log-odds, with a level for it."""
    lowered = log_odds - explanation["logOdds"]
    if abs(lowered) < _SAME:
        return explanation
    diversity = {"level": "diversity", "column": "authorShown", "value": 1.0, "contribution": lowered}
    return {
        **explanation,
        "score": float(expit(log_odds)),
        "logOdds": log_odds,
        "levels": explanation["levels"] | {"diversity": lowered},
        "contributions": sorted([*explanation["contributions"], diversity], key=_size, reverse=True),
        "sentences": [*explanation["sentences"], phrase("authorShown", 1.0, lowered, "")],
    }


def sentences(contributions: list[dict[str, Any]], country: str) -> list[str]:
    """Returns the largest reasons in words, each once; contributions of columns with the same words are added."""
    together: dict[str, float] = {}
    for contribution in contributions:
        if contribution["column"] != START:
            size = contribution["contribution"]
            words = phrase(contribution["column"], contribution["value"], size, country)
            together[words] = together.get(words, 0.0) + size
    return sorted(together, key=lambda words: -abs(together[words]))[:_MOST_SENTENCES]


def _size(contribution: dict[str, Any]) -> float:
    return abs(float(contribution["contribution"]))


def _of_row(levels: list[LevelContributions], row: int) -> Iterator[dict[str, Any]]:
    for level in levels:
        for place in np.flatnonzero(level.added[row]).tolist():
            yield {
                "level": level.level,
                "column": level.columns[place],
                "value": float(level.value[row, place]),
                "contribution": float(level.added[row, place]),
            }


def _of_trees(level: str, booster: Any, matrix: Matrix, columns: tuple[str, ...]) -> LevelContributions:
    import xgboost

    added = booster.predict(xgboost.DMatrix(matrix), pred_contribs=True).astype(np.float64)  # (rows, columns + 1)
    value = np.column_stack([matrix, np.zeros(len(matrix))]).astype(np.float64)
    return LevelContributions(level, (*columns, START), value, added)


def _formula(guest: Matrix) -> LevelContributions:
    inputs = untrained_inputs(guest)
    columns = ("engagements", "ageScore")
    return LevelContributions("formula", columns, np.column_stack(inputs), untrained_parts(*inputs))


def _own_values(matrix: Matrix) -> Floats:
    of_matrix = [matrix[:, MEMBER_COLUMNS.index(name)] for name in EFFECT_COLUMNS[1:]]
    return np.column_stack([np.ones(len(matrix)), *of_matrix]).astype(np.float64)


def _named(level: str) -> str:
    return "world" if level == WORLD else _CONTINENT_OR_COUNTRY[level in COUNTRIES]
