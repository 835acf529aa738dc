"""Likely bots' engagement taken out of the counts (out of what the rankers learn: features.ranking.history.disregarding)."""

from collections.abc import Sequence
from typing import Any

from store.rules.engagements import ENGAGEMENT_TYPES, sums_by_type

Stage = dict[str, Any]


def acts_of(accounts: Sequence[Any], users: Sequence[Any]) -> Stage:
    """A filter on engagements: those of these accounts, or of their users where the account is not noted."""
    return {"$or": [{"account": {"$in": list(accounts)}}, {"user": {"$in": list(users)}}]}


def less_engagements(counted: Stage) -> list[Stage]:
    """Stages that take the engagements which meet `counted` out of the counts of contents, never below 0."""
    engagements = [{"$match": counted}, {"$group": {"_id": "$targetRef.$id", **sums_by_type("less_{}")}}]
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
