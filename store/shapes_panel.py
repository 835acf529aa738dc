"""The documents of analytics-db that the control panel reads beside those of the jobs."""

from datetime import datetime
from typing import Any, TypedDict


class GuestFeedDay(TypedDict):
    """The top of a country's last guest feed of a day."""

    _id: str  # the country and the day, "th 2026-01-31"
    countryCode: str
    createdAt: datetime  # the clock of the list
    items: list[dict[str, Any]]  # content, score; best first
