"""The environment: cached databases and settings. The clock of an event."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from store.client import Databases, connect

Event = Mapping[str, Any]
FRESH_SECONDS = 86_400  # a parameter is read again after that
_YEARS = range(1971, 2106)  # ids count the seconds since 1970 in four bytes


def databases() -> Databases:
    """Returns both databases of the server that the environment names; the container connects once.

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
    """Returns a setting of the environment."""
    return os.environ.get(name) or default


def processors() -> int:
    """Returns the number of processes for parallel work: one on Lambda, which has no shared memory."""
    return 1 if setting("AWS_LAMBDA_FUNCTION_NAME") else os.cpu_count() or 1


def clock(event: Event) -> datetime:
    """Returns the job's clock: `event["time"]`, else the wall clock in UTC, to the millisecond as in the database.

    Raises:
        ValueError: when the time is not ISO 8601, or in a year outside the range of ids.
    """
    value = event.get("time")
    moment = datetime.now(UTC) if value is None else _moment(value)
    if moment.year not in _YEARS:
        raise ValueError(f"time: {str(value)[:60]} is not between {_YEARS[0]} and {_YEARS[-1]}")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"time: {str(value)[:60]} is not ISO 8601, like 2026-01-31T12:00:00Z") from None


@cache
def _connected(uri: str, prefix: str) -> Databases:
    return connect(uri, prefix)


@cache
def _read_parameter(name: str) -> str:
    from aws_lambda_powertools.utilities import parameters  # needs boto3, which the Lambda runtime has

    return str(parameters.get_parameter(name, decrypt=True, max_age=FRESH_SECONDS))
