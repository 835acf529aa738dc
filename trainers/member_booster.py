"""The level of all members: one booster on what is known of each member, as a residual on the guest's margin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.countries import CONTINENT_OF, COUNTRIES
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, Matrix
from features.ranking.boosters import margins, opened
from features.ranking.member_columns import personal_columns
from features.ranking.point_in_time import Floats, Ints
from store.rules.model_names import WORLD
from trainers.boosters import Growth, fit
from trainers.member_effects import CLOSED, Gate, Own, judge
from trainers.rows.sampling import Sample

GROWTH = Growth(child_weight=20.0)
_GUEST = len(GUEST_COLUMNS)
_HELD_OUT = 0.2  # the newest share of the requests judges the gate of the members' own models


@dataclass(frozen=True)
class Members:
    """The members' booster, and the gate of their own models."""

    artifact: bytes
    gate: Gate


def guest_margin(boosters: Mapping[str, Any], matrix: Matrix, country: Ints) -> Floats:
    """Log-odds of the guest ladder for rows of any countries; `matrix`: (rows, ≥ GUEST_COLUMNS)."""
    guest = matrix[:, :_GUEST]
    total = margins(boosters[WORLD], guest) if WORLD in boosters else np.zeros(len(matrix))
    for level, booster in boosters.items():
        inside = np.isin(country, _numbers(level)) if level != WORLD else np.zeros(len(matrix), dtype=np.bool_)
        if inside.any():
            total[inside] += margins(booster, guest[inside])
    return total


def train_members(sample: Sample, matrix: Matrix, boosters: Mapping[str, Any]) -> Members:
    """Fits the booster on all rows, and judges own models on the newest requests by a booster that did not see them.

    `matrix`: (rows, MEMBER_COLUMNS) of the sample's rows.
    """
    base = guest_margin(boosters, matrix, sample.rows.country)
    label = sample.engaged.astype(np.float64)
    return Members(fit(matrix, label, sample.weight, base, GROWTH), _gate(sample, matrix, base))


def _gate(sample: Sample, matrix: Matrix, base: Floats) -> Gate:
    """The gate of own models; closed for everybody while nothing can be learnt before the held-out requests."""
    every = np.unique(sample.request)
    early = sample.request < every[int(len(every) * (1 - _HELD_OUT))]
    if not sample.engaged[early].any():
        return CLOSED
    label = sample.engaged[early].astype(np.float64)
    trial = opened(fit(matrix[early], label, sample.weight[early], base[early], GROWTH))
    tried = own_rows(sample, matrix, base + margins(trial, matrix))
    order = np.argsort(sample.rows.account, kind="stable")
    engaged_before = np.nan_to_num(matrix[order, MEMBER_COLUMNS.index("userEngaged")]).astype(np.int64)
    late = ~early[order]
    return judge(tried.take(~late), tried.take(late), engaged_before[late])


def own_rows(sample: Sample, matrix: Matrix, margin: Floats) -> Own:
    """The sample's rows sorted by account, for the members' own models."""
    order = np.argsort(sample.rows.account, kind="stable")
    return Own(
        account=sample.rows.account[order],
        request=sample.request[order],
        columns=personal_columns(matrix[order]),
        engaged=sample.engaged[order],
        weight=sample.weight[order],
        margin=margin[order],
    )


def _numbers(level: str) -> list[int]:
    """The numbers in COUNTRIES that stand under a level."""
    return [number for number, code in enumerate(COUNTRIES) if level in (code, CONTINENT_OF[code])]
