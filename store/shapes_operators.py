"""The documents of analytics-db that people write through the control panel."""

from datetime import datetime
from typing import Any, TypedDict

from bson import ObjectId


class AuditEntry(TypedDict):
    """One change that somebody made."""

    _id: ObjectId
    who: str
    what: str  # the kind of change: setting · switch · schedule · verdict · category · rollback · action · run
    subject: str  # of what
    when: datetime
    before: Any
    after: Any


class Setting(TypedDict, total=False):
    """What is set at run time: `_id` "thresholds" holds values by name, "schedules" when functions work."""

    _id: str
    values: dict[str, Any]
    off: list[str]  # functions
    own: dict[str, str]  # function → cron line
