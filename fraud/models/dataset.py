"""The rows that detectors learn from, and the columns that they see."""

from dataclasses import dataclass

import numpy as np

from fraud.arrays import Flags, Floats, Ints
from fraud.features.behaviour import NAMED, OWN, Behaviour
from fraud.features.coordination import sketch_overlap
from fraud.features.dwell_table import MIN_EXPOSURES

COORDINATION = ("copiedShare", "copiesLog", "lockstepShare")
COLUMNS = (*OWN, *COORDINATION)
DESIGN_COLUMNS = [COLUMNS.index(name) for name in NAMED]
BOT, HUMAN, UNVERIFIED = 1, 0, -1


@dataclass(frozen=True)
class Sample:
    """A row per credential; an unverified one counts as a person, at half the weight, until a moderator says more."""

    X: Floats  # (rows, columns) as COLUMNS, NaN where unknown
    count: Ints  # (rows,) readings behind each
    label: Ints  # (rows,) BOT, HUMAN or UNVERIFIED
    group: Ints  # (rows,) rows of one group never stand on both sides of a split
    time_ms: Ints  # (rows,) of the evidence

    def __len__(self) -> int:
        return len(self.X)

    def at(self, rows: Ints | Flags) -> "Sample":
        """These rows only."""
        return Sample(**{name: value[rows] for name, value in vars(self).items()})

    @property
    def bot(self) -> Flags:
        """(rows,) verified bots."""
        verified: Flags = self.label == BOT
        return verified


def columns_of(behaviour: Behaviour) -> Floats:
    """The behaviour with what its credentials have in common, shape (credentials, len(COLUMNS))."""
    replayed = sketch_overlap(behaviour.replay, behaviour.first_seen_ms)
    together = sketch_overlap(behaviour.lockstep, behaviour.first_seen_ms)
    crowd = np.column_stack([replayed.share, np.log1p(replayed.copies), together.share])
    return np.column_stack([behaviour.numbers, crowd])


def has_enough(count: Ints) -> Flags:
    """(rows,) which credentials have readings enough to be judged."""
    enough: Flags = count >= MIN_EXPOSURES
    return enough
