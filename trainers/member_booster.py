"""The members level: one booster on columns of the member, as a residual on the guest levels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from features.countries import CONTINENT_OF, COUNTRIES
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, Matrix
from features.ranking.boosters import load_booster, predict_log_odds
from features.ranking.member_columns import effect_columns
from store.rules.model_names import WORLD
from trainers.boosters import Growth, fit
from trainers.member_effects import CLOSED, Gate, MemberRows, choose_gate
from trainers.rows.sampling import Sample

GROWTH = Growth(child_weight=20.0)
_GUEST = len(GUEST_COLUMNS)
_HELD_OUT = 0.2  # newest share of the requests, which decides the gate of member effects


@dataclass(frozen=True)
class MemberBooster:
    """The members' booster and the gate of member effects."""

    artifact: bytes
    gate: Gate


def guest_margin(boosters: Mapping[str, Any], matrix: Matrix, country: Ints) -> Floats:
    """Returns the log-odds of the guest levels for rows of any countries; `matrix`: (rows, ≥ GUEST_COLUMNS)."""
    guest = matrix[:, :_GUEST]
    total = predict_log_odds(boosters[WORLD], guest) if WORLD in boosters else np.zeros(len(matrix))
    for level, booster in boosters.items():
        inside = np.isin(country, _numbers(level)) if level != WORLD else np.zeros(len(matrix), dtype=np.bool_)
        if inside.any():
            total[inside] += predict_log_odds(booster, guest[inside])
    return total


def train_member_booster(sample: Sample, matrix: Matrix, boosters: Mapping[str, Any]) -> MemberBooster:
    """Fits the booster on all rows; decides the gate on the newest requests, with a booster that did not see them.

    `matrix`: (rows, MEMBER_COLUMNS) of the sample's rows.
    """
    base = guest_margin(boosters, matrix, sample.rows.country)
    label = sample.engaged.astype(np.float64)
    return MemberBooster(fit(matrix, label, sample.weight, base, GROWTH), _gate(sample, matrix, base))


def _gate(sample: Sample, matrix: Matrix, base: Floats) -> Gate:
    """Returns the gate of member effects; closed when nobody engaged before the held-out requests."""
    requests = np.unique(sample.request)
    early = sample.request < requests[int(len(requests) * (1 - _HELD_OUT))]
    if not sample.engaged[early].any():
        return CLOSED
    label = sample.engaged[early].astype(np.float64)
    trial = load_booster(fit(matrix[early], label, sample.weight[early], base[early], GROWTH))
    rows = member_rows(sample, matrix, base + predict_log_odds(trial, matrix))
    order = np.argsort(sample.rows.account, kind="stable")
    engaged_before = np.nan_to_num(matrix[order, MEMBER_COLUMNS.index("userEngaged")]).astype(np.int64)
    late = ~early[order]
    return choose_gate(rows.take(~late), rows.take(late), engaged_before[late])


def member_rows(sample: Sample, matrix: Matrix, margin: Floats) -> MemberRows:
    """Returns the sample's rows sorted by account, for the member effects."""
    order = np.argsort(sample.rows.account, kind="stable")
    return MemberRows(
        account=sample.rows.account[order],
        request=sample.request[order],
        columns=effect_columns(matrix[order]),
        engaged=sample.engaged[order],
        weight=sample.weight[order],
        margin=margin[order],
    )


def _numbers(level: str) -> list[int]:
    """Returns the numbers of the level's countries."""
    return [number for number, code in enumerate(COUNTRIES) if level in (code, CONTINENT_OF[code])]
