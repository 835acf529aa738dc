"""What the users share from one midnight to the next: with it, a user's karma follows from his own posts alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats
from features.karma.expected_week import Population
from features.karma.intervals import Spread


@dataclass(frozen=True)
class Common:
    """What is known of all at a midnight."""

    population: Population
    typical: float  # followers of a user whose number is unknown
    standing: float  # of everybody together
    lost: Floats  # (k,) chance to be with somebody who engaged with nobody, by category


def to_document(common: Common) -> dict[str, Any]:
    """The common facts as the database keeps them; every number as it is.

    >>> spread = (Spread.of(0.5),) * 5
    >>> common = Common(Population(np.ones(1), np.ones(5), 2.0, np.ones(5), spread, 3.0), 10.0, 4.0, np.zeros(1))
    >>> from_document(to_document(common)).population.spread[0].width
    0.5
    """
    people = common.population
    arrays = {name: getattr(people, name).tolist() for name in ("subjects", "reception", "level")}
    plain = {"posting": people.posting, "days": people.days, "spread": [each.width for each in people.spread]}
    return {"population": arrays | plain, "typical": common.typical, "standing": common.standing} | {
        "lost": common.lost.tolist()
    }


def from_document(document: Mapping[str, Any]) -> Common:
    """What `to_document` was given."""
    kept = document["population"]
    subjects, reception, level = (np.array(kept[name], np.float64) for name in ("subjects", "reception", "level"))
    spread = tuple(Spread.of(float(width)) for width in kept["spread"])
    population = Population(subjects, reception, kept["posting"], level, spread, kept["days"])
    return Common(population, document["typical"], document["standing"], np.array(document["lost"], np.float64))
