"""Token buckets in the database, which limit requests per hour over all runs and machines."""

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from store.client import Databases
from store.schema import collection


def take(db: Databases, bucket: str, wanted: int, now: datetime, per_hour: float, burst: float) -> int:
    """Takes up to `wanted` tokens and returns how many, in one atomic update.

    The bucket fills by `per_hour` up to `burst`, and only while the clock advances. A new bucket is full.
    """
    hours = {"$max": [0, {"$divide": [{"$subtract": [now, {"$ifNull": ["$refilledAt", now]}]}, 3_600_000]}]}
    filled = {"$add": [{"$ifNull": ["$tokens", burst]}, {"$multiply": [hours, per_hour]}]}
    stages: list[dict[str, Any]] = [
        {"$set": {"tokens": {"$min": [burst, filled]}}},
        {"$set": {"granted": {"$min": [wanted, {"$max": [0, {"$floor": "$tokens"}]}]}}},
        {"$set": {"tokens": {"$subtract": ["$tokens", "$granted"]}, "refilledAt": {"$max": ["$refilledAt", now]}}},
    ]
    return int(_updated(db, bucket, stages)["granted"])


def give_back(db: Databases, bucket: str, tokens: int, burst: float) -> None:
    """Returns tokens that were not used."""
    if tokens:
        _updated(db, bucket, [{"$set": {"tokens": {"$min": [burst, {"$add": ["$tokens", tokens]}]}}}])


def _updated(db: Databases, bucket: str, stages: list[dict[str, Any]]) -> Any:
    buckets = collection(db, "actionBudgets")
    try:
        return buckets.find_one_and_update({"_id": bucket}, stages, upsert=True, return_document=ReturnDocument.AFTER)
    except DuplicateKeyError:  # two runs created the bucket at once
        return buckets.find_one_and_update({"_id": bucket}, stages, return_document=ReturnDocument.AFTER)
