"""The daily baseline: with it, a user's karma until the next midnight depends on the user's own posts alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats
from features.karma.expected_week import Population
from features.karma.intervals import Spread


@dataclass(frozen=True)
class DailyBaseline:
    """What all users share as of a midnight, UTC."""

    population: Population
    typical_followers: float  # assumed for a user with an unknown number
    teleport_weight: float  # sum over all users
    dangling_mass: Floats  # (k,) probability of being at a user who engaged with nobody, by category


def to_document(baseline: DailyBaseline) -> dict[str, Any]:
    """Returns the baseline as the database stores it, with every number unrounded.

    >>> spread = (Spread.of(0.5),) * 5
    >>> population = Population(np.ones(1), np.ones(5), 2.0, np.ones(5), spread, 3.0)
    >>> from_document(to_document(DailyBaseline(population, 10.0, 4.0, np.zeros(1)))).population.spread[0].width
    0.5
    """
    population = baseline.population
    arrays = {name: getattr(population, name).tolist() for name in ("subjects", "reception", "level")}
    widths = [spread.width for spread in population.spread]
    return {
        "population": arrays | {"posting": population.posting, "days": population.days, "spread": widths},
        "typical": baseline.typical_followers,
        "standing": baseline.teleport_weight,
        "lost": baseline.dangling_mass.tolist(),
    }


def from_document(document: Mapping[str, Any]) -> DailyBaseline:
    """Reverses `to_document`."""
    stored = document["population"]
    subjects, reception, level = (np.array(stored[name], np.float64) for name in ("subjects", "reception", "level"))
    spread = tuple(Spread.of(float(width)) for width in stored["spread"])
    population = Population(subjects, reception, stored["posting"], level, spread, stored["days"])
    dangling_mass = np.array(document["lost"], np.float64)
    return DailyBaseline(population, document["typical"], document["standing"], dangling_mass)
