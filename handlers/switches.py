"""Jobs that an operator can switch off or put on another schedule."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from handlers import runtime
from handlers.runtime import Event, Handler, Work
from handlers.schedules import scheduled
from store import settings
from store.client import Databases

OFF = {"switchedOff": 1}


def job(function: str, alone: bool = True, resumes: bool = False, scans: bool = True) -> Callable[[Work], Handler]:
    """A job as in `runtime.job` that operators schedule and switch; a run that does nothing, being off, is recorded."""
    recorded = runtime.job(function, alone, resumes, scans)
    return lambda handler: scheduled(function)(recorded(switchable(function)(handler)))


def switchable(function: str) -> Callable[[Work], Work]:
    """Gives {"switchedOff": 1} while the function is off."""

    def decorate(handler: Work) -> Work:
        @wraps(handler)
        def entry(db: Databases, event: Event, now: datetime) -> dict[str, Any]:
            return dict(OFF) if function in settings.switched_off(db) else handler(db, event, now)

        return entry

    return decorate
