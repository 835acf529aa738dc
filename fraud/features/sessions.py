"""Session features: sessions, breaks, hours of the day and daily rest."""

import numpy as np

from features.arrays import Flags, Floats
from features.milliseconds import DAY_MS, HOUR_MS
from fraud.arrays import entropy, histogram, mean, ordered, over, quantile
from fraud.features.dwell_table import DwellTable

SESSION_SECONDS = 1800.0  # a longer gap starts a new session
_AWAY_SECONDS = 8.0  # after a longer pause the reader looked away from the feed


def session_features(table: DwellTable) -> dict[str, Floats]:
    """Returns features of sessions and hours, shape (credentials,) each."""
    inside, between = table.inside, table.gap_inside
    breaks = between & (table.gap_seconds > SESSION_SECONDS)
    away = between & ~breaks & (table.pause_seconds > _AWAY_SECONDS)
    hours = histogram(table.seen_ms // HOUR_MS % 24, inside, 24)
    days = _days(table)
    return {
        "sessionShare": over(breaks.sum(axis=1) + 1, table.count),
        "awayShare": mean(away.astype(np.float64), between),
        "breakLogMedian": _break_median(table, breaks),
        "hourEntropy": entropy(hours),
        "dailyRestHours": longest_rest(hours),
        "startHourSpread": _hour_spread(table, breaks),
        "readingsPerDayLog": np.log(over(table.count, days)),
    }


def longest_rest(hours: Floats) -> Floats:
    """Returns the longest circular run of hours with less than 1 % of the exposures each, 0-24, shape (rows,).

    >>> longest_rest(np.array([[5.0] * 16 + [0.0] * 8])).tolist()
    [8.0]
    """
    quiet = hours < 0.01 * hours.sum(axis=1, keepdims=True)
    run = longest = np.zeros(len(hours))
    for hour in range(48):
        run = np.where(quiet[:, hour % 24], run + 1, 0.0)
        longest = np.maximum(longest, run)
    return np.minimum(longest, 24.0)


def _days(table: DwellTable) -> Floats:
    """Returns the number of calendar days (UTC) with an exposure."""
    day = table.seen_ms // DAY_MS
    days: Floats = 1.0 + ((np.diff(day, axis=1) != 0) & table.gap_inside).sum(axis=1)
    return days


def _break_median(table: DwellTable, breaks: Flags) -> Floats:
    """Returns the median of the log hours between sessions; NaN for one session."""
    hours = np.log(np.maximum(table.gap_seconds, 1.0) / 3600.0)
    return quantile(ordered(hours, breaks), breaks.sum(axis=1), 0.5)


def _hour_spread(table: DwellTable, breaks: Flags) -> Floats:
    """Returns the circular variance, 0-1, of the hours at which breaks end: 0 for a timer; NaN below three breaks."""
    angle = table.seen_ms[:, 1:] % DAY_MS * (2 * np.pi / DAY_MS)
    n = breaks.sum(axis=1)
    cosine, sine = (np.where(breaks, wave(angle), 0).sum(axis=1) for wave in (np.cos, np.sin))
    return np.where(n > 2, 1.0 - np.nan_to_num(over(np.hypot(cosine, sine), n)), np.nan)
