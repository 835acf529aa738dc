"""What an operator sets at run time: thresholds that jobs read at each run, and when functions work, if at all."""

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any

from store.client import Databases
from store.schema import collection

THRESHOLDS, SCHEDULES = "thresholds", "schedules"


def _within(default: Any, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class Thresholds:
    """Each with its default and the range in which it makes sense."""

    false_positive_rate: float = _within(0.01, 0.0001, 0.2)
    cooldown_days: float = _within(30.0, 0, 365)
    audit_share: float = _within(0.01, 0, 0.5)
    feed_length: int = _within(500, 10, 5_000)
    discount_bots: bool = True


def thresholds(db: Databases) -> Thresholds:
    """What is set, and the defaults of the rest.

    Raises:
        ValueError: naming the setting, when the database holds a value that can't be.
    """
    stored = (collection(db, "settings").find_one({"_id": THRESHOLDS}) or {}).get("values") or {}
    return parsed(stored)


def parsed(values: Mapping[str, Any]) -> Thresholds:
    """The values, each in its range; what is not given is the default.

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
        **{each.name: _checked(each, values[each.name]) for each in fields(Thresholds) if each.name in values}
    )


def save_thresholds(db: Databases, chosen: Thresholds) -> None:
    """Writes all thresholds."""
    collection(db, "settings").update_one({"_id": THRESHOLDS}, {"$set": {"values": asdict(chosen)}}, upsert=True)


def switched_off(db: Databases) -> set[str]:
    """The functions of serverless.yml that do nothing until they are switched on again."""
    return set((collection(db, "settings").find_one({"_id": SCHEDULES}) or {}).get("off") or ())


def switch(db: Databases, function: str, on: bool) -> None:
    """Switches a function on or off."""
    change = {"$pull" if on else "$addToSet": {"off": function}}
    collection(db, "settings").update_one({"_id": SCHEDULES}, change, upsert=True)


def schedules(db: Databases) -> dict[str, str]:
    """Function → the cron line that an operator gave it; the others work whenever serverless.yml calls them."""
    return dict((collection(db, "settings").find_one({"_id": SCHEDULES}) or {}).get("own") or {})


def schedule(db: Databases, function: str, cron: str | None) -> None:
    """Gives a function a cron line of its own, or takes it away."""
    change = {"$set": {f"own.{function}": cron}} if cron else {"$unset": {f"own.{function}": ""}}
    collection(db, "settings").update_one({"_id": SCHEDULES}, change, upsert=True)


def _checked(declared: Field[Any], value: Any) -> Any:
    if isinstance(declared.default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"settings: {declared.name}: {str(value)[:40]} is neither true nor false")
        return value
    low, high = declared.metadata["low"], declared.metadata["high"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"settings: {declared.name}: {str(value)[:40]} is not a number between {low} and {high}")
    return int(value) if isinstance(declared.default, int) else float(value)
