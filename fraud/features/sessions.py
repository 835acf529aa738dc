"""When a credential reads: sessions, hours of the day, rest."""

import numpy as np

from features.milliseconds import DAY_MS, HOUR_MS
from fraud.arrays import Flags, Floats, entropy, histogram, mean, ordered, over, quantile
from fraud.features.dwell_table import Readings

SESSION_SECONDS = 1800.0  # a longer gap begins a new session
_AWAY_SECONDS = 8.0  # a longer pause is a look away from the feed


def rhythm_numbers(readings: Readings) -> dict[str, Floats]:
    """Numbers of sessions and hours of each credential, shape (credentials,) each."""
    inside, between = readings.inside, readings.gap_inside
    breaks = between & (readings.gap_seconds > SESSION_SECONDS)
    away = between & ~breaks & (readings.pause_seconds > _AWAY_SECONDS)
    hours = histogram(readings.seen_ms // HOUR_MS % 24, inside, 24)
    days = _days(readings)
    return {
        "sessionShare": over(breaks.sum(axis=1) + 1, readings.count),
        "awayShare": mean(away.astype(np.float64), between),
        "breakLogMedian": _break_median(readings, breaks),
        "hourEntropy": entropy(hours),
        "dailyRestHours": longest_rest(hours),
        "startHourSpread": _hour_spread(readings, breaks),
        "readingsPerDayLog": np.log(over(readings.count, days)),
    }


def longest_rest(hours: Floats) -> Floats:
    """The longest run of hours round the clock with hardly a reading (under 1 % of them), shape (rows,).

    >>> longest_rest(np.array([[5.0] * 16 + [0.0] * 8])).tolist()
    [8.0]
    """
    quiet = hours < 0.01 * hours.sum(axis=1, keepdims=True)
    run = longest = np.zeros(len(hours))
    for hour in range(48):
        run = np.where(quiet[:, hour % 24], run + 1, 0.0)
        longest = np.maximum(longest, run)
    return np.minimum(longest, 24.0)


def _days(readings: Readings) -> Floats:
    """Days of the calendar (UTC) with a reading."""
    day = readings.seen_ms // DAY_MS
    days: Floats = 1.0 + ((np.diff(day, axis=1) != 0) & readings.gap_inside).sum(axis=1)
    return days


def _break_median(readings: Readings, breaks: Flags) -> Floats:
    """Median of the log hours between sessions; NaN for one session."""
    hours = np.log(np.maximum(readings.gap_seconds, 1.0) / 3600.0)
    return quantile(ordered(hours, breaks), breaks.sum(axis=1), 0.5)


def _hour_spread(readings: Readings, breaks: Flags) -> Floats:
    """Circular spread, 0-1, of the hours at which sessions begin: 0 for a timer; NaN for under three sessions."""
    angle = readings.seen_ms[:, 1:] % DAY_MS * (2 * np.pi / DAY_MS)
    n = breaks.sum(axis=1)
    pull = np.hypot(np.where(breaks, np.cos(angle), 0).sum(axis=1), np.where(breaks, np.sin(angle), 0).sum(axis=1))
    return np.where(n > 2, 1.0 - np.nan_to_num(over(pull, n)), np.nan)
