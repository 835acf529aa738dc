"""The environment as cached databases and settings; an event's clock."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from store.client import Databases, connect

Event = Mapping[str, Any]
FRESH_SECONDS = 86_400  # how long a parameter that was read stays good
_YEARS = range(1971, 2106)  # ids count the seconds since 1970 in four bytes


def databases() -> Databases:
    """Both databases of the server that the environment names, connected at first use and kept by the container.

    Raises:
        RuntimeError: when neither MONGODB_URI nor MONGODB_URI_PARAMETER is set.
    """
    prefix = os.environ.get("DB_PREFIX", "")
    if uri := os.environ.get("MONGODB_URI"):
        return _connected(uri, prefix)
    if parameter := os.environ.get("MONGODB_URI_PARAMETER"):
        return _connected(_read_parameter(parameter), prefix)
    raise RuntimeError("set MONGODB_URI, or MONGODB_URI_PARAMETER to the name of an SSM parameter")


def setting(name: str, default: str = "") -> str:
    """What the environment says of one setting."""
    return os.environ.get(name) or default


def processors() -> int:
    """How many processes may work side by side: one on Lambda, which has no shared memory for more."""
    return 1 if setting("AWS_LAMBDA_FUNCTION_NAME") else os.cpu_count() or 1


def clock(event: Event) -> datetime:
    """The job's clock: `event["time"]`, or the wall clock in UTC; to the millisecond, as the database keeps it.

    Raises:
        ValueError: when the time is not ISO 8601 or lies outside the years in which ids can be made of it.
    """
    given = event.get("time")
    moment = datetime.now(UTC) if given is None else _moment(given)
    if moment.year not in _YEARS:
        raise ValueError(f"time: {str(given)[:60]} is not between {_YEARS[0]} and {_YEARS[-1]}")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment(given: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(given)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"time: {str(given)[:60]} is not ISO 8601, like 2026-01-31T12:00:00Z") from None


@cache
def _connected(uri: str, prefix: str) -> Databases:
    return connect(uri, prefix)


@cache
def _read_parameter(name: str) -> str:
    from aws_lambda_powertools.utilities import parameters  # needs boto3, which the Lambda runtime has

    return str(parameters.get_parameter(name, decrypt=True, max_age=FRESH_SECONDS))
