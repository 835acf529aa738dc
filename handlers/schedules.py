"""Schedules that operators set: which of the scheduler's calls of a function are for work."""

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
    """Whether a call is for work: one of the scheduler is only when the operator's own schedule wants a run."""
    if event.get("source") != SCHEDULER:
        return True
    db, now = runtime.databases(), runtime.clock(event)
    cron = settings.schedules(db).get(function)
    return cron is None or is_due(cron, runs.last_done(db, function, now), now)


def is_due(cron: str, done: datetime | None, now: datetime) -> bool:
    """Whether the schedule fired since the clock of the last good run; without one there is always work.

    >>> from datetime import UTC
    >>> done = datetime(2026, 1, 1, 6, 20, tzinfo=UTC)
    >>> is_due("0 */6 * * *", done, done.replace(hour=11)), is_due("0 */6 * * *", done, done.replace(hour=12))
    (False, True)
    """
    return done is None or first_after(cron, done) <= now


def first_after(cron: str, moment: datetime) -> datetime:
    """The first firing of a cron line later than the moment, UTC."""
    fired: datetime = next(CronSim(cron, moment))
    return fired


def checked(cron: str, now: datetime) -> str:
    """The cron line with single spaces.

    Raises:
        ValueError: when it has not five fields, names what is no time, or fires less than once a year.
    """
    line = " ".join(cron.upper().split())
    wrong = f"{cron[:60]!r} is no cron line: minute, hour, day of the month, month and day of the week, like 0 3 * * 1"
    if len(line.split()) != _FIELDS:
        raise ValueError(wrong)
    try:
        fired = next(CronSim(line, now), None)
    except CronSimError as error:
        raise ValueError(f"{wrong} ({error})") from None
    if fired is None or fired - now > LONGEST:
        raise ValueError(f"{cron[:60]!r} comes less than once a year")
    return line
