"""Why a content has its score: what every column adds at every level, exactly, and in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.special import expit

from features.countries import COUNTRIES
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, Matrix
from features.ranking.member_columns import PERSONAL, personal_columns
from features.ranking.point_in_time import Floats
from predictors.personal.model_stack import WORLD, Ladder
from predictors.personal.phrases import phrase

START: Final = "start"  # what a booster says before it knows anything of the row
_CONTINENT_OR_COUNTRY: Final = {True: "country", False: "continent"}
_TOLD = 6  # sentences
_SAME: Final = 1e-4  # log-odds; less is the arithmetic of float32
_GUEST = len(GUEST_COLUMNS)


@dataclass(frozen=True)
class Part:
    """What the columns of one level add to the log-odds of each row."""

    level: str  # world · continent · country · members · own · formula
    columns: tuple[str, ...]
    value: Floats  # (rows, columns)
    added: Floats  # (rows, columns)


def parts(ladder: Ladder, matrix: Matrix) -> list[Part]:
    """Every level's contributions; all together sum to `predictors.personal.model_stack.log_odds`.

    Boosters by TreeSHAP (Lundberg and others 2020, https://doi.org/10.1038/s42256-019-0138-9), which is exact.
    """
    guest = np.ascontiguousarray(matrix[:, :_GUEST])
    found = [_formula(guest)] if ladder.is_untrained else []
    found += [_of_trees(_named(level), booster, guest, GUEST_COLUMNS) for level, booster in ladder.guest.items()]
    if matrix.shape[1] == _GUEST:
        return found
    if ladder.members is not None:
        found.append(_of_trees("members", ladder.members, matrix, MEMBER_COLUMNS))
    if ladder.own is not None:
        scaled = personal_columns(matrix)
        found.append(Part("own", PERSONAL, _own_values(matrix), scaled * ladder.own))
    return found


def explanations(ladder: Ladder, matrix: Matrix, country: int) -> Iterator[dict[str, Any]]:
    """For each row: score, logOdds, levels {level: sum}, contributions (largest first) and sentences."""
    code = COUNTRIES[country] if country >= 0 else ""
    found = parts(ladder, matrix)
    for row in range(len(matrix)):
        told = sorted(_of_row(found, row), key=lambda each: -abs(each["contribution"]))
        total = sum(each["contribution"] for each in told)
        yield {
            "score": float(expit(total)),
            "logOdds": total,
            "levels": {part.level: float(part.added[row].sum()) for part in found},
            "contributions": told,
            "sentences": sentences(told, code),
        }


def adjusted(explanation: dict[str, Any], log_odds: float) -> dict[str, Any]:
    """The explanation of a score that author diversity lowered to these log-odds, with one more level that says so."""
    lowered = log_odds - explanation["logOdds"]
    if abs(lowered) < _SAME:
        return explanation
    told = {"level": "diversity", "column": "authorShown", "value": 1.0, "contribution": lowered}
    return {
        **explanation,
        "score": float(expit(log_odds)),
        "logOdds": log_odds,
        "levels": explanation["levels"] | {"diversity": lowered},
        "contributions": sorted([*explanation["contributions"], told], key=lambda each: -abs(each["contribution"])),
        "sentences": [*explanation["sentences"], phrase("authorShown", 1.0, lowered, "")],
    }


def sentences(contributions: list[dict[str, Any]], country: str) -> list[str]:
    """The largest reasons in words, each once; columns that say the same are counted together."""
    together: dict[str, float] = {}
    for each in contributions:
        if each["column"] != START:
            words = phrase(each["column"], each["value"], each["contribution"], country)
            together[words] = together.get(words, 0.0) + each["contribution"]
    return sorted(together, key=lambda words: -abs(together[words]))[:_TOLD]


def _of_row(found: list[Part], row: int) -> Iterator[dict[str, Any]]:
    for part in found:
        for place in np.flatnonzero(part.added[row]).tolist():
            yield {
                "level": part.level,
                "column": part.columns[place],
                "value": float(part.value[row, place]),
                "contribution": float(part.added[row, place]),
            }


def _of_trees(level: str, booster: Any, matrix: Matrix, columns: tuple[str, ...]) -> Part:
    import xgboost

    added = booster.predict(xgboost.DMatrix(matrix), pred_contribs=True).astype(np.float64)  # (rows, columns + 1)
    value = np.column_stack([matrix, np.zeros(len(matrix))]).astype(np.float64)
    return Part(level, (*columns, START), value, added)


def _formula(guest: Matrix) -> Part:
    engaged, age_score = guest[:, :4].sum(axis=1, dtype=np.float64), guest[:, GUEST_COLUMNS.index("ageScore")]
    value = np.column_stack([engaged, age_score.astype(np.float64)])
    added = np.column_stack([np.log(engaged + 1.0), np.log(np.maximum(value[:, 1], 1e-300))])
    return Part("formula", ("engagements", "ageScore"), value, added)


def _own_values(matrix: Matrix) -> Floats:
    of_matrix = [matrix[:, MEMBER_COLUMNS.index(name)] for name in PERSONAL[1:]]
    return np.column_stack([np.ones(len(matrix)), *of_matrix]).astype(np.float64)


def _named(level: str) -> str:
    return "world" if level == WORLD else _CONTINENT_OR_COUNTRY[level in COUNTRIES]
