"""Subtracts the engagements of likely bots from counts; `without_engagements_of` leaves them out of the history."""

from collections.abc import Sequence
from typing import Any

from store.rules.engagements import ENGAGEMENT_TYPES, sums_by_type

Stage = dict[str, Any]


def engagements_of(accounts: Sequence[Any], users: Sequence[Any]) -> Stage:
    """Returns a filter on engagements: those of the accounts, and of their users where no account is stored."""
    return {"$or": [{"account": {"$in": list(accounts)}}, {"user": {"$in": list(users)}}]}


def subtract_engagements(subtracted: Stage) -> list[Stage]:
    """Returns stages that subtract the engagements that match `subtracted` from the counts of contents, at least 0."""
    engagements = [{"$match": subtracted}, {"$group": {"_id": "$targetRef.$id", **sums_by_type("less_{}")}}]
    left = {
        f"{name}Count": {"$max": [0, {"$subtract": [f"${name}Count", {"$ifNull": [f"$less_{name}", 0]}]}]}
        for name in ENGAGEMENT_TYPES
    }
    return [
        {"$unionWith": {"coll": "engagements", "pipeline": engagements}},
        {"$group": {"_id": "$_id", "all": {"$mergeObjects": "$$ROOT"}}},
        {"$match": {"all.contentId": {"$exists": True}}},
        {"$replaceWith": "$all"},
        {"$set": left},
        {"$unset": [f"less_{name}" for name in ENGAGEMENT_TYPES]},
    ]
