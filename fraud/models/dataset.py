"""The rows and columns that detectors are trained on."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from features.arrays import Flags, Floats, Ints
from features.columns import Column
from fraud.features.behaviour import DESIGN_FEATURES, FEATURES, Behaviour
from fraud.features.coordination import sketch_overlap
from fraud.features.dwell_table import MIN_EXPOSURES

COORDINATION: Final = (
    Column("copiedShare", "share, 0-1", "largest overlap of replay keys with a credential that came earlier"),
    Column("copiesLog", "log credentials", "ln(1 + copies of the replay keys); an original counts from 3 copies on"),
    Column("lockstepShare", "share, 0-1", "largest overlap of lockstep keys with a credential that came earlier"),
)
COLUMNS = (*FEATURES, *(column.name for column in COORDINATION))
DESIGN_COLUMNS = [COLUMNS.index(name) for name in DESIGN_FEATURES]
BOT, HUMAN, UNVERIFIED = 1, 0, -1


@dataclass(frozen=True)
class Sample:
    """One row for each credential; unverified rows count as people with half the weight."""

    X: Floats  # (rows, columns) as COLUMNS, NaN where unknown
    count: Ints  # (rows,) exposures behind the features
    label: Ints  # (rows,) BOT, HUMAN or UNVERIFIED
    group: Ints  # (rows,) a split never separates rows of one group
    time_ms: Ints  # (rows,) of the evidence

    def __len__(self) -> int:
        return len(self.X)

    def at(self, rows: Ints | Flags) -> "Sample":
        """Returns the sample of these rows."""
        return Sample(**{name: value[rows] for name, value in vars(self).items()})

    @property
    def bot(self) -> Flags:
        """(rows,) which rows are verified bots."""
        verified: Flags = self.label == BOT
        return verified


def columns_of(behaviour: Behaviour) -> Floats:
    """Returns the features of the credentials and their coordination, shape (credentials, len(COLUMNS))."""
    replayed = sketch_overlap(behaviour.replay, behaviour.first_seen_ms)
    lockstep = sketch_overlap(behaviour.lockstep, behaviour.first_seen_ms)
    return np.column_stack([behaviour.numbers, replayed.share, np.log1p(replayed.copies), lockstep.share])


def has_enough(count: Ints) -> Flags:
    """Returns (rows,) which credentials have enough exposures for a score."""
    enough: Flags = count >= MIN_EXPOSURES
    return enough
