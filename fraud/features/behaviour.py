"""Behaviour features of credentials: the one list of their names and order, and their computation."""

from dataclasses import dataclass

import numpy as np

from fraud.arrays import Flags, Floats, Ints
from fraud.features.design import design_features
from fraud.features.dwell import dwell_features
from fraud.features.dwell_table import DwellTable
from fraud.features.sequence import sequence_features
from fraud.features.sessions import session_features
from fraud.features.sketches import lockstep_keys, replay_keys

DESIGN_FEATURES = (
    "postReadingTimeAbsSkew",
    "postReadingTimeAbsKurt",
    "postReadingTimeNormStd",
    "postReadingTimeDifferenceNormStd",
)
_SHAPE = ("LogMedian", "LogMad", "LogIqr", "LogTail", "LogHead", "LogSkew", "RepeatShare")
_SEQUENCE = ("Memory", "LongMemory", "Mood", "Peak", "Predictability")
FEATURES = (
    *DESIGN_FEATURES,
    *(f"{of}{name}" for of in ("reading", "gap", "pause") for name in _SHAPE),
    "readingSkimShare",
    "readingRoundShare",
    "readingLogNormalDistance",
    "readingExponentialDistance",
    "pauseLogNormalDistance",
    "pauseExponentialDistance",
    "gapBurstiness",
    "overlapShare",
    *(f"{of}{name}" for of in ("reading", "pause") for name in _SEQUENCE),
    "readingPauseTie",
    "contentRepeatShare",
    "textSlope",
    "sessionShare",
    "awayShare",
    "breakLogMedian",
    "hourEntropy",
    "dailyRestHours",
    "startHourSpread",
    "readingsPerDayLog",
)


@dataclass(frozen=True)
class Behaviour:
    """Features and sketches, one row for each credential."""

    count: Ints  # (credentials,) exposures behind the features
    first_seen_ms: Ints  # (credentials,)
    last_seen_ms: Ints  # (credentials,)
    numbers: Floats  # (credentials, len(FEATURES)), NaN where too little is known
    replay: Ints  # (credentials, REPLAY_KEYS)
    lockstep: Ints  # (credentials, LOCKSTEP_KEYS)

    def at(self, rows: Ints | Flags) -> "Behaviour":
        """Returns the behaviour of these rows."""
        return Behaviour(**{name: value[rows] for name, value in vars(self).items()})


def measure(table: DwellTable) -> Behaviour:
    """Computes the features of a table with at least one exposure a row; each row depends on its own exposures only."""
    features = design_features(table) | dwell_features(table) | sequence_features(table) | session_features(table)
    numbers = np.stack([features[name] for name in FEATURES], axis=1)
    return Behaviour(
        count=table.count,
        first_seen_ms=table.seen_ms[:, 0],
        last_seen_ms=table.seen_ms[np.arange(len(table.count)), table.count - 1],
        numbers=np.where(np.isfinite(numbers), numbers, np.nan),
        replay=replay_keys(table),
        lockstep=lockstep_keys(table),
    )


def stacked(parts: list[Behaviour]) -> Behaviour:
    """Returns the rows of all parts, in order."""
    columns = {name: [vars(part)[name] for part in parts] for name in vars(parts[0])}
    return Behaviour(**{name: np.concatenate(column) for name, column in columns.items()})
