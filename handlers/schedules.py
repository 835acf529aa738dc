"""Schedules that operators set: which of the scheduler's calls of a function are for work."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from cronsim import CronSim, CronSimError

from handlers import runtime, telemetry
from handlers.runtime import Handler
from store import runs, settings

SCHEDULER = "aws.scheduler"  # the source of the events of serverless.yml's schedules
NOT_DUE = {"notDue": 1}
LONGEST = timedelta(days=366)  # between two firings
_FIELDS = 5


def scheduled(function: str) -> Callable[[Handler], Handler]:
    """Answers {"notDue": 1} to the scheduler's calls that an operator's schedule has no use for; others go through.

    Such a call is no run: it is in the log and the metrics, not in `runs`.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def entry(event: Any, context: Any = None) -> dict[str, Any]:
            if not _is_of_scheduler(event) or _has_work(function, runtime.clock(event)):
                return handler(event, context)
            telemetry.begin(event, context)
            telemetry.outcome(context, function, runtime.clock(event), "done", 0.0, NOT_DUE, 0.0)
            return dict(NOT_DUE)

        return entry

    return decorate


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


def _is_of_scheduler(event: Any) -> bool:
    return isinstance(event, dict) and event.get("source") == SCHEDULER


def _has_work(function: str, now: datetime) -> bool:
    db = runtime.databases()
    cron = settings.schedules(db).get(function)
    return cron is None or is_due(cron, runs.last_done(db, function, now), now)
