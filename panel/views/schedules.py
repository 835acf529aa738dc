"""Schedules in words, as a form, and as a cron expression."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from cronsim import CronSim

from handlers.manifest import Function, next_run
from handlers.schedules import checked

View = dict[str, Any]
HOURS: Final = (2, 3, 4, 6, 8, 12)
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_SHOWN: Final = 5  # next runs
_EVERY: Final = re.compile(r"0 \*/(\d+) \* \* \*")
_DAILY: Final = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* ([0-6*])")


def words(cron: str) -> str:
    """Returns a cron expression in words.

    >>> words("0 */6 * * *"), words("0 3 * * 1"), words("5 3 * * MON-FRI")
    ('every 6 hours', 'at 03:00 on Monday', 'at 03:05 on Monday through Friday')
    """
    if every := _EVERY.fullmatch(cron):
        return f"every {every[1]} hours"
    explanation = str(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)).explain())
    return explanation[:1].lower() + explanation[1:]


def choice(cron: str | None) -> View:
    """Returns the form of a cron expression: the kind of schedule, and its fields.

    >>> choice("30 3 * * 1") | {"line": ""}
    {'kind': 'day', 'hours': '6', 'time': '03:30', 'day': '1', 'line': ''}
    """
    fields = {"kind": "", "hours": "6", "time": "03:00", "day": "*", "line": cron or ""}
    if every := _EVERY.fullmatch(cron or ""):
        return fields | {"kind": "hours", "hours": every[1]}
    if daily := _DAILY.fullmatch(cron or ""):
        return fields | {"kind": "day", "time": f"{int(daily[2]):02}:{int(daily[1]):02}", "day": daily[3]}
    return fields | {"kind": "line" if cron else ""}


def read(form: Mapping[str, Any], now: datetime) -> str | None:
    """Returns the cron expression of a form; None for the schedule of serverless.yml.

    Raises:
        ValueError: with a message for the operator.

    >>> from datetime import UTC
    >>> read({"kind": "day", "time": "03:30", "day": "1"}, datetime(2026, 1, 1, tzinfo=UTC))
    '30 3 * * 1'
    """
    kind, fields = form.get("kind", ""), {name: str(form.get(name, "")) for name in ("hours", "time", "day", "line")}
    if kind == "":
        return None
    if kind == "hours" and fields["hours"] in map(str, HOURS):
        return f"0 */{fields['hours']} * * *"
    if kind == "line":
        return checked(fields["line"], now)
    time = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", fields["time"])
    if kind != "day" or not time or not re.fullmatch(r"[0-6*]", fields["day"]):
        raise ValueError("Choose one of the schedules. Write a time of day like 03:30.")
    return f"{int(time[2])} {int(time[1])} * * {fields['day']}"


def next_runs(function: Function, cron: str | None, done: datetime | None, now: datetime) -> list[datetime]:
    """Returns the next times at which the function works, if each run succeeds."""

    def runs_after(done: datetime | None, now: datetime) -> Any:
        while True:
            done = now = next_run(function, cron, done, now)
            yield now

    return list(islice(runs_after(done, now), _SHOWN))
