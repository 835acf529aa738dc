"""What contentStats must say of hostile contents, decided in plain Python from what was written."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Decimal128
from bson.datetime_ms import DatetimeMS

from store.ids import ObjectId

MISSING = object()
KINDS = ("like", "comment", "recast", "quote")


class Expected:
    """The counts of a run, document by document."""

    def __init__(self, now: datetime) -> None:
        self.now, self.since = now, now - timedelta(days=30)
        self.contents, self.later, self.rejected = 0, 0, Counter[str]()

    def add(self, document: dict[str, Any]) -> None:
        made = _moment(document.get("createdAt", MISSING))
        if made is None:
            self.rejected["createdAt"] += 1
            return
        self.later += made > _ms(self.now)
        if _ms(self.since) <= made <= _ms(self.now) and document.get("visibility") == "publish":
            self.contents += 1
            self.rejected.update(_reasons(document))


def _reasons(document: dict[str, Any]) -> list[str]:
    paths = {f"engagements.{kind}.count": _is_count for kind in KINDS}
    checks = {**paths, "payload.message": _is_text, "author.id": _is_id, "type": _is_text}
    values = {path: _at(document, path.split(".")) for path in checks}
    return [path for path, good in checks.items() if values[path] not in (None, MISSING) and not good(values[path])]


def _at(value: Any, path: list[str]) -> Any:
    """What an aggregation finds at the path: an array gives the array of what is found in its objects."""
    if not path:
        return value
    if isinstance(value, list):
        inner = [_at(each, path) for each in value if isinstance(each, dict | list)]
        return [each for each in inner if each is not MISSING]
    return _at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else MISSING


def _is_count(value: Any) -> bool:
    number = float(value.to_decimal()) if isinstance(value, Decimal128) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return not math.isnan(number) and 0 <= number <= 1e12


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_id(value: Any) -> bool:
    return isinstance(value, ObjectId)


def _moment(value: Any) -> int | None:
    if isinstance(value, DatetimeMS):
        return int(value)
    return _ms(value) if isinstance(value, datetime) else None


def _ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
