"""Times as integer milliseconds since 1970, the unit of every time column."""

from datetime import UTC, datetime, timedelta
from typing import Final

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def to_ms(time: datetime) -> int:
    """Returns the milliseconds since 1970, rounded to the nearest integer.

    >>> to_ms(datetime(1970, 1, 2, tzinfo=UTC)), to_ms(datetime(2026, 1, 1, microsecond=1_400, tzinfo=UTC)) % 1_000
    (86400000, 1)
    """
    return round((time - _EPOCH) / _MILLISECOND)


def from_ms(time_ms: float) -> datetime:
    """Returns the time of so many milliseconds since 1970, in UTC.

    >>> from_ms(86_400_000)
    datetime.datetime(1970, 1, 2, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return _EPOCH + timedelta(milliseconds=round(float(time_ms)))
