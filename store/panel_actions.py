"""What the panel reads of planned actions: the log in pages, and what each network's budget still holds."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from store.client import Databases
from store.documents import Document
from store.schema import collection, ensure_indexes


def listed(db: Databases, condition: Mapping[str, Any], most: int, skip: int) -> list[Document]:
    """Actions that meet the condition, the latest planned first."""
    ensure_indexes(db, "actions")
    order = [("plannedAt", -1), ("_id", 1)]
    return list(collection(db, "actions").find(dict(condition)).sort(order).skip(skip).limit(most))


def tally(db: Databases) -> dict[str, int]:
    """How many actions are in each state."""
    found = collection(db, "actions").aggregate([{"$sortByCount": "$state"}])
    return {str(each["_id"]): each["count"] for each in found}


def budgets(db: Databases, now: datetime, rates: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Requests that each network of `rates` (per hour, burst) would still take now; a bucket that is new is full."""
    stored = {each["_id"]: each for each in collection(db, "actionBudgets").find({"_id": {"$in": list(rates)}})}
    return {network: _left(stored.get(network, {}), now, *rate) for network, rate in rates.items()}


def names(db: Databases, actions: list[Document]) -> dict[Any, str]:
    """How users that these actions are about are called."""
    ids = [each["target"] for each in actions if each["event"] in ("FOLLOW_USER", "UNFOLLOW_USER")]
    users = collection(db, "users").find({"_id": {"$in": ids}}, {"displayName": 1, "displayId": 1})
    return {each["_id"]: str(each.get("displayName") or each.get("displayId") or each["_id"]) for each in users}


def user_called(db: Databases, name: str) -> Document | None:
    """The user with that displayId."""
    return collection(db, "users").find_one({"displayId": name}, {"displayName": 1, "displayId": 1})


def exists(db: Databases, user: Any) -> bool:
    """Whether there is such a user."""
    return collection(db, "users").find_one({"_id": user}, {"_id": 1}) is not None


def _left(bucket: Mapping[str, Any], now: datetime, per_hour: float, burst: float) -> float:
    since: timedelta = now - bucket.get("refilledAt", now)
    hours = max(0.0, since / timedelta(hours=1))
    return min(burst, max(0.0, float(bucket.get("tokens", burst)) + hours * per_hour))
