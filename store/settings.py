"""Settings that an operator changes at run time: thresholds, and switches and schedules of functions."""

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any

from store.client import Databases
from store.ids import Document
from store.schema import collection

THRESHOLDS, SCHEDULES = "thresholds", "schedules"


def _within(default: Any, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class Thresholds:
    """Thresholds that jobs read at each run, each with default and valid range."""

    false_positive_rate: float = _within(0.01, 0.0001, 0.2)
    cooldown_days: float = _within(30.0, 0, 365)
    audit_share: float = _within(0.01, 0, 0.5)
    feed_length: int = _within(500, 10, 5_000)
    discount_bots: bool = True


def thresholds(db: Databases) -> Thresholds:
    """Returns the stored thresholds, and the defaults of the others.

    Raises:
        ValueError: naming the setting, when a stored value is invalid.
    """
    return parsed(_stored(db, THRESHOLDS).get("values") or {})


def parsed(values: Mapping[str, Any]) -> Thresholds:
    """Returns the values after checking their ranges; missing ones have their defaults.

    Raises:
        ValueError: naming the setting.

    >>> parsed({"feed_length": 200}).feed_length, parsed({}).audit_share
    (200, 0.01)
    >>> parsed({"audit_share": 2})
    Traceback (most recent call last):
    ...
    ValueError: settings: audit_share: 2 is not a number between 0 and 0.5
    """
    return Thresholds(
        **{known.name: _checked(known, values[known.name]) for known in fields(Thresholds) if known.name in values}
    )


def save_thresholds(db: Databases, chosen: Thresholds) -> None:
    """Writes all thresholds."""
    collection(db, "settings").update_one({"_id": THRESHOLDS}, {"$set": {"values": asdict(chosen)}}, upsert=True)


def switched_off(db: Databases) -> set[str]:
    """Returns the functions of serverless.yml that are switched off."""
    return set(_stored(db, SCHEDULES).get("off") or ())


def switch(db: Databases, function: str, on: bool) -> None:
    """Switches a function on or off."""
    change = {"$pull" if on else "$addToSet": {"off": function}}
    collection(db, "settings").update_one({"_id": SCHEDULES}, change, upsert=True)


def schedules(db: Databases) -> dict[str, str]:
    """Returns function → the cron expression that an operator set; the others follow serverless.yml."""
    return dict(_stored(db, SCHEDULES).get("own") or {})


def schedule(db: Databases, function: str, cron: str | None) -> None:
    """Sets the cron expression of a function, or removes it."""
    change = {"$set": {f"own.{function}": cron}} if cron else {"$unset": {f"own.{function}": ""}}
    collection(db, "settings").update_one({"_id": SCHEDULES}, change, upsert=True)


def _stored(db: Databases, key: str) -> Document:
    return collection(db, "settings").find_one({"_id": key}) or {}


def _checked(declared: Field[Any], value: Any) -> Any:
    if isinstance(declared.default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"settings: {declared.name}: {str(value)[:40]} is neither true nor false")
        return value
    low, high = declared.metadata["low"], declared.metadata["high"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"settings: {declared.name}: {str(value)[:40]} is not a number between {low} and {high}")
    return int(value) if isinstance(declared.default, int) else float(value)
