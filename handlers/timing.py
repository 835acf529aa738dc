"""EventBridge's schedule expressions: cron(…) with six fields and rate(…), in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from handlers.schedules import first_after

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"minute": 1, "hour": 60, "day": 1440}
_DAYS = re.compile(r"(?<!#)\b[1-7]\b")


@dataclass(frozen=True)
class Timing:
    """The schedule of a function: a cron line of five fields, or a period in minutes."""

    expression: str
    cron: str = ""
    every_minutes: int = 0

    @property
    def is_hourly(self) -> bool:
        """Returns whether it fires at least once in every hour."""
        return 0 < self.every_minutes <= 60 if self.every_minutes else self.cron.split()[1] == "*"

    @property
    def minute_of_day(self) -> int:
        """Returns the first minute of a day at which it fires, by which functions are sorted."""
        if self.every_minutes:
            return 0
        minute, hour, *_ = self.cron.split()
        return 60 * _first(hour) + _first(minute)

    def next_after(self, moment: datetime) -> datetime:
        """Returns the first firing after the moment."""
        if self.every_minutes:
            period = timedelta(minutes=self.every_minutes)
            return _EPOCH + ((moment - _EPOCH) // period + 1) * period
        return first_after(self.cron, moment)


def parse_timing(expression: str) -> Timing:
    """Parses a schedule expression of serverless.yml.

    Raises:
        ValueError: for an expression that EventBridge refuses, or that names a year.

    >>> parse_timing("cron(0 4 ? * 2-6 *)").cron
    '0 4 * * 1-5'
    >>> parse_timing("rate(2 hours)").every_minutes
    120
    """
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression.strip()):
        return Timing(expression, every_minutes=int(rate[1]) * _UNITS[rate[2]])
    fields = expression.strip().removeprefix("cron(").removesuffix(")").split()
    if not expression.strip().startswith("cron(") or len(fields) != 6 or fields[5] != "*":
        raise ValueError(f"schedule: {expression} is neither rate(…) nor cron(…) with six fields and any year")
    minute, hour, day, month, weekday, _ = fields
    numbered = _DAYS.sub(lambda match: str(int(match[0]) - 1), weekday)  # EventBridge counts 1 = Sunday
    return Timing(expression, " ".join([minute, hour, _any(day), month, _any(numbered)]))


def _any(field: str) -> str:
    return "*" if field == "?" else field


def _first(field: str) -> int:
    match = re.match(r"\d+", field)
    return int(match[0]) if match else 0
