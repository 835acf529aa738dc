"""Schedules that operators set: which calls by the scheduler run the function."""

from datetime import datetime, timedelta

from cronsim import CronSim, CronSimError

from handlers import runtime
from handlers.runtime import Event
from store import runs, settings

SCHEDULER = "aws.scheduler"  # the source of the events of serverless.yml's schedules
NOT_DUE = {"notDue": 1}
LONGEST = timedelta(days=366)  # between two firings
_FIELDS = 5


def has_work(function: str, event: Event) -> bool:
    """Returns whether a call runs the function; calls by the scheduler only when the operator's schedule is due."""
    if event.get("source") != SCHEDULER:
        return True
    db, now = runtime.databases(), runtime.clock(event)
    cron = settings.schedules(db).get(function)
    return cron is None or is_due(cron, runs.last_done(db, function, now), now)


def is_due(cron: str, done: datetime | None, now: datetime) -> bool:
    """Returns whether the schedule fired since the clock of the last successful run; without one always.

    >>> from datetime import UTC
    >>> done = datetime(2026, 1, 1, 6, 20, tzinfo=UTC)
    >>> is_due("0 */6 * * *", done, done.replace(hour=11)), is_due("0 */6 * * *", done, done.replace(hour=12))
    (False, True)
    """
    return done is None or first_after(cron, done) <= now


def first_after(cron: str, moment: datetime) -> datetime:
    """Returns the first firing of a cron line after the moment, UTC."""
    fired: datetime = next(CronSim(cron, moment))
    return fired


def checked(cron: str, now: datetime) -> str:
    """Returns the cron line with single spaces.

    Raises:
        ValueError: when it has not five fields, is no valid time, or fires less than once a year.
    """
    line = " ".join(cron.upper().split())
    message = (
        f"{cron[:60]!r} is no cron line: minute, hour, day of the month, month and day of the week, like 0 3 * * 1"
    )
    if len(line.split()) != _FIELDS:
        raise ValueError(message)
    try:
        fired = next(CronSim(line, now), None)
    except CronSimError as error:
        raise ValueError(f"{message} ({error})") from None
    if fired is None or fired - now > LONGEST:
        raise ValueError(f"{cron[:60]!r} comes less than once a year")
    return line
