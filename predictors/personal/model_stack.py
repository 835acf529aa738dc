"""Scores of a model stack: the log-odds of the levels world, continent, country, members and member, added up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit

from features.arrays import Floats
from features.matrix import GUEST_COLUMNS, Matrix
from features.ranking.boosters import predict_log_odds
from features.ranking.member_columns import effect_columns
from features.untrained import untrained_inputs, untrained_log_odds
from store.rules.model_names import WORLD

_GUEST = len(GUEST_COLUMNS)


@dataclass(frozen=True)
class ModelStack:
    """The models that serve one viewer; a missing level adds 0."""

    guest: Mapping[str, Any] = field(default_factory=dict)  # boosters by level, the world first; the guest levels
    members: Any | None = None  # a booster
    own: Floats | None = None  # the member's own weights, shape (EFFECT_COLUMNS,)

    @property
    def is_untrained(self) -> bool:
        """Whether the formula replaces the missing world model."""
        return WORLD not in self.guest


def log_odds(stack: ModelStack, matrix: Matrix) -> Floats:
    """Returns the log-odds of an engagement by all levels; shape (rows,).

    `matrix`: (rows, MEMBER_COLUMNS), or (rows, GUEST_COLUMNS) for guests, who are scored by the guest levels only.
    """
    total = guest_log_odds(stack, np.ascontiguousarray(matrix[:, :_GUEST]))
    return total if matrix.shape[1] == _GUEST else total + member_log_odds(stack, matrix)


def guest_log_odds(stack: ModelStack, guest: Matrix) -> Floats:
    """Returns the log-odds by the guest levels; shape (rows,).

    `guest`: (rows, GUEST_COLUMNS).
    """
    total = formula(guest) if stack.is_untrained else np.zeros(len(guest))
    for booster in stack.guest.values():
        total = total + predict_log_odds(booster, guest)
    return total


def member_log_odds(stack: ModelStack, matrix: Matrix) -> Floats:
    """Returns what the members' booster and the member's own weights add to the guest levels; shape (rows,).

    `matrix`: (rows, MEMBER_COLUMNS).
    """
    total = np.zeros(len(matrix)) if stack.members is None else predict_log_odds(stack.members, matrix)
    return total if stack.own is None else total + effect_columns(matrix) @ stack.own


def scores(stack: ModelStack, matrix: Matrix) -> Floats:
    """Returns the probability of an engagement, 0 to 1; shape (rows,)."""
    return np.asarray(expit(log_odds(stack, matrix)))


def formula(guest: Matrix) -> Floats:
    """Returns the log of the content score, log((engagements + 1)·ageScore), used without a world model; shape (rows,).

    `guest`: (rows, GUEST_COLUMNS).
    """
    return untrained_log_odds(*untrained_inputs(guest))
