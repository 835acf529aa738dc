"""The reading features of a credential: names in order, unit and meaning, and their computation.

docs/features.md is generated from this table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from features.arrays import Flags, Floats, Ints
from features.columns import Column
from fraud.features.design import design_features
from fraud.features.dwell import dwell_features
from fraud.features.dwell_table import DwellTable
from fraud.features.sequence import sequence_features
from fraud.features.sessions import session_features
from fraud.features.sketches import lockstep_keys, replay_keys

_DISTANCE, _SHARE, _CORRELATION = "distance, 0-1", "share, 0-1", "correlation, −1-1"
_LOG = "log seconds"


def _under(fewest: int, of: str = "readings") -> str:
    return f"NaN under {fewest} {of}" if fewest > 1 else "never missing"


# series → its words, the fewest readings that have a value of it
_SERIES: Mapping[str, tuple[str, int]] = {
    "reading": ("reading times", 1),
    "gap": ("gaps", 2),
    "pause": ("pauses", 2),
}
# suffix, unit, meaning
_SHAPE = (
    ("LogMedian", _LOG, "median of the log {}"),
    ("LogMad", _LOG, "median absolute deviation of the log {}"),
    ("LogIqr", _LOG, "0.75 quantile − 0.25 quantile of the log {}"),
    ("LogTail", _LOG, "0.95 quantile − median of the log {}"),
    ("LogHead", _LOG, "median − 0.05 quantile of the log {}"),
    ("LogSkew", "1", "skewness of the log {}, without correction"),
    ("RepeatShare", _SHARE, "share of the {} that occur more than once, to the millisecond"),
)
# suffix, unit, meaning, the fewest values that define it
_SEQUENCE = (
    ("Memory", _CORRELATION, "autocorrelation of the log {} at lag 1", 4),
    ("LongMemory", _CORRELATION, "mean autocorrelation of the log {} at lags 2 to 5", 8),
    ("Mood", _CORRELATION, "mean autocorrelation of the log {} at lags 6 to 20", 30),
    ("Peak", _SHARE, "highest ordinate of the periodogram of the log {} over its bound n·Σx²", 0),
    ("Predictability", _SHARE, "1 − H(next | this) / H(next) over the quarters of the log {}", 0),
)


def _shape(series: str) -> Iterator[Column]:
    words, fewest = _SERIES[series]
    return (Column(series + end, unit, said.format(words), missing=_under(fewest)) for end, unit, said in _SHAPE)


def _sequence(series: str) -> Iterator[Column]:
    words, first = _SERIES[series]
    for end, unit, said, values in _SEQUENCE:
        yield Column(series + end, unit, said.format(words), missing=_under(values + first - 1 if values else 1))


DESIGN: Final = (
    Column(
        "postReadingTimeAbsSkew", "1", "|skewness G1| of the reading seconds up to their 0.95 quantile",
        missing=_under(3, "such values"),
    ),
    Column(
        "postReadingTimeAbsKurt", "1", "|excess kurtosis G2| of the reading seconds up to their 0.95 quantile",
        missing=_under(4, "such values"),
    ),
    Column(
        "postReadingTimeNormStd", "1", "standard deviation / mean of the reading seconds up to their 0.95 quantile",
        missing=_under(2, "such values"),
    ),
    Column(
        "postReadingTimeDifferenceNormStd", "1", "standard deviation / mean of the gaps",
        missing=_under(3),
    ),
)  # fmt: skip
DWELL: Final = (
    *(column for series in _SERIES for column in _shape(series)),
    Column("readingSkimShare", _SHARE, "readings under 0.6 s", missing=_under(1)),
    Column("readingRoundShare", _SHARE, "readings with the commonest remainder of ms by 100", missing=_under(1)),
    Column("readingLogNormalDistance", _DISTANCE, "Kolmogorov: log reading times to a normal law", missing=_under(1)),
    Column("readingExponentialDistance", _DISTANCE, "Kolmogorov: reading times to an exponential", missing=_under(1)),
    Column("pauseLogNormalDistance", _DISTANCE, "Kolmogorov: log pauses to a normal law", missing=_under(2)),
    Column("pauseExponentialDistance", _DISTANCE, "Kolmogorov: pauses to an exponential law", missing=_under(2)),
    Column("gapBurstiness", "−1-1", "(s − m) / (s + m) of the gaps; −1 a metronome, 1 bursts", missing=_under(3)),
    Column("overlapShare", _SHARE, "pauses below 0: the next post is seen before the last left", missing=_under(2)),
)
SEQUENCE: Final = (
    *(column for series in ("reading", "pause") for column in _sequence(series)),
    Column("readingPauseTie", _CORRELATION, "log reading time and the pause that follows", missing=_under(4)),
    Column("contentRepeatShare", _SHARE, "readings of a post that was read before", missing=_under(1)),
    Column(
        "textSlope", _CORRELATION, "log reading time and log text length", missing=_under(10, "posts of known length")
    ),
)
SESSIONS: Final = (
    Column("sessionShare", "sessions per reading", "sessions; a gap over 1,800 s begins one", missing=_under(1)),
    Column("awayShare", _SHARE, "pauses over 8 s inside a session", missing=_under(2)),
    Column("breakLogMedian", "log hours", "median gap between sessions", missing=_under(2, "sessions")),
    Column("hourEntropy", "bits", "Shannon entropy of the hour of day, UTC", missing=_under(1)),
    Column("dailyRestHours", "hours", "longest run of hours with under 1 % of the readings", missing=_under(1)),
    Column("startHourSpread", "0-1", "circular spread of the hours when sessions begin", missing=_under(4, "sessions")),
    Column("readingsPerDayLog", "log readings", "readings per UTC day with a reading", missing=_under(1)),
)
GROUPS: Final[Mapping[str, tuple[Column, ...]]] = {
    "design": DESIGN,
    "dwell": DWELL,
    "sequence": SEQUENCE,
    "sessions": SESSIONS,
}
DESIGN_FEATURES: Final = tuple(column.name for column in DESIGN)
FEATURES: Final = tuple(column.name for columns in GROUPS.values() for column in columns)


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
