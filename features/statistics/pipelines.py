"""Builds the aggregation pipelines of content and creator statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from features.milliseconds import HOUR_MS
from features.statistics.bots import subtract_engagements
from store.rules.engagements import ENGAGEMENT_TYPES, counted, sums_by_type
from store.rules.visibility import Hidden, public_posts, public_users

Stage = dict[str, Any]

MOST_PLAUSIBLE_COUNT = 1e12  # a larger counter is an error of the app, and close to the limit of int64
LONGEST_TYPE = 40  # characters; a creator's summary lists the types and must fit into a document of 16 MB


@dataclass(frozen=True)
class Statistics:
    """Window, half-life and weights of the statistics."""

    half_life_hours: float = 24.0  # of the ageScore
    window_days: float = 30.0  # older contents are removed
    weights: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(ENGAGEMENT_TYPES, 1.0))
    weight_follower: float = 0.01  # followedScore of one follower

    def since(self, now: datetime) -> datetime:
        """Returns the oldest `createdAt` that counts at `now`."""
        return now - timedelta(days=self.window_days)


def content_statistics(
    now: datetime, statistics: Statistics, hidden: Hidden, replay: bool, discounted: Stage | None = None
) -> list[Stage]:
    """Returns stages on app-db.contents: one document of contentStats for each public content of the window."""
    return [
        *content_facts(now, statistics, hidden, replay, discounted, _text_fields(counters=not replay)),
        {"$set": {"score": content_score(), "updatedAt": now}},
        {"$unset": ["type", "lastUpdatedAt"]},
    ]


def content_facts(
    now: datetime,
    statistics: Statistics,
    hidden: Hidden,
    replay: bool,
    discounted: Stage | None = None,
    more: Stage | None = None,
) -> list[Stage]:
    """Returns stages that compute the facts of each content that all statistics use, and `more` fields.

    With `replay`, counts are of the engagements until `now`, else of the app's counters. Engagements that match the
    filter `discounted` are subtracted.
    """
    counts = _replayed_counts(now, statistics) if replay else []
    if discounted:
        counts += subtract_engagements({**_in_window(now, statistics), **discounted})
    return [
        {"$match": {"createdAt": {"$gte": statistics.since(now), "$lte": now}}},
        *public_posts(hidden),
        {"$replaceWith": _content_fields(now, counters=not replay) | (more or {})},
        *counts,
        {"$set": {"aggregator": _aggregator(now, statistics)}},
    ]


def content_score() -> Stage:
    """Returns the expression of a content's score, (engagementScore + 1)·ageScore, after `content_facts`."""
    return {"$multiply": [{"$add": ["$aggregator.engagementScore", 1]}, "$aggregator.ageScore"]}


def creator_statistics(
    now: datetime, statistics: Statistics, hidden: Hidden, replay: bool, discounted: Stage | None = None
) -> list[Stage]:
    """Returns stages on app-db.contents: one document of creatorStats for each public user."""
    return [
        *content_facts(now, statistics, hidden, replay, discounted),
        {"$match": {"authorId": {"$ne": None}}},
        *_by_author(now),
        {"$unionWith": {"coll": "users", "pipeline": _users_with_geolocation(now, hidden)}},
        {"$group": {"_id": "$_id", "all": {"$mergeObjects": "$$ROOT"}}},
        {"$replaceWith": {"$mergeObjects": [NO_CONTENTS, NO_USER, "$all", {"creatorId": "$_id"}]}},
        {"$set": {"aggregator.followedScore": {"$multiply": [statistics.weight_follower, "$followerCount"]}}},
        {"$set": {"summary": _summary(), "score": _creator_score()}},
        {"$unset": "engagementScore"},
    ]


def later_engagements(now: datetime) -> Stage:
    """Returns a filter on app-db.engagements from `now` on: with such, the app's counters are ahead of `now`."""
    return {**counted(), "createdAt": {"$gte": now}}


def without_contents() -> list[Stage]:
    """Returns an update of creatorStats for a creator without contents in the window."""
    follower_score = "$aggregator.followedScore"
    return [
        {"$set": NO_CONTENTS | {"score": follower_score, "aggregator": NO_CONTENTS["aggregator"]}},
        {"$unset": ["updatedAt", "engagementScore"]},
    ]


def count_reasons() -> list[Stage]:
    """Returns stages on a statistics collection that count each reason in `rejected`."""
    return [
        {"$match": {"rejected": {"$exists": True}}},
        {"$unwind": "$rejected"},
        {"$group": {"_id": "$rejected", "count": {"$sum": 1}}},
        {"$sort": {"_id": 1}},
    ]


NO_CONTENTS: Stage = {
    "lastContentUpdatedAt": None,
    "contentCount": 0,
    "creatorLikedCount": 0,
    "creatorCommentedCount": 0,
    "creatorRecastedCount": 0,
    "creatorQuotedCount": 0,
    "summary": [],
    "aggregator": {"ageScore": 0.0, "engagementScore": 0.0},
    "engagementScore": 0.0,
}

NO_USER: Stage = {
    "ownerAccount": None,
    "displayId": None,
    "userCreatedAt": None,
    "followedCount": 0,
    "followerCount": 0,
    "geolocation": None,
}

_CREATOR_COUNTS = {
    "creatorLikedCount": "likeCount",
    "creatorCommentedCount": "commentCount",
    "creatorRecastedCount": "recastCount",
    "creatorQuotedCount": "quoteCount",
}


def _content_fields(now: datetime, counters: bool) -> Stage:
    updated = {"$and": [{"$eq": [{"$type": "$updatedAt"}, "date"]}, {"$lte": ["$updatedAt", now]}]}
    counts = {f"{name}Count": _count(f"$engagements.{name}.count") for name in ENGAGEMENT_TYPES}
    return {
        "_id": "$_id",
        "contentId": "$_id",
        "authorId": _typed("$author.id", "objectId", None),
        "type": {"$substrCP": [_typed("$type", "string", "unknown"), 0, LONGEST_TYPE]},
        **(counts if counters else {}),
        "createdAt": "$createdAt",
        "lastUpdatedAt": {"$cond": [updated, "$updatedAt", "$createdAt"]},
    }


def _text_fields(counters: bool) -> Stage:
    return {
        "photoCount": {"$cond": [{"$isArray": "$payload.photo.contents"}, {"$size": "$payload.photo.contents"}, 0]},
        "characterLength": {"$strLenCP": _typed("$payload.message", "string", "")},
        "rejected": _reasons(counters),
    }


def _reasons(counters: bool) -> Stage:
    paths = [f"engagements.{name}.count" for name in ENGAGEMENT_TYPES] if counters else []
    reasons = [_mistyped(path, _is_count(f"${path}")) for path in paths]
    reasons.append(_mistyped("payload.message", {"$eq": [{"$type": "$payload.message"}, "string"]}))
    reasons.append(_mistyped("author.id", {"$eq": [{"$type": "$author.id"}, "objectId"]}))
    reasons.append(_mistyped("type", {"$eq": [{"$type": "$type"}, "string"]}))
    return _non_null(reasons)


def _user_fields() -> Stage:
    counts = ("followerCount", "followedCount")
    return {
        "_id": "$_id",
        "ownerAccount": _typed("$ownerAccount", "objectId", None),
        "displayId": _typed("$displayId", "string", None),
        "userCreatedAt": _typed("$createdAt", "date", None),
        **{name: _count(f"${name}") for name in counts},
        "rejected": _non_null([_mistyped(name, _is_count(f"${name}")) for name in counts]),
    }


def _replayed_counts(now: datetime, statistics: Statistics) -> list[Stage]:
    engagements = [
        {"$match": _in_window(now, statistics)},
        {"$group": {"_id": "$targetRef.$id", **sums_by_type(), "engagedAt": {"$max": "$createdAt"}}},
    ]
    none = {f"{name}Count": 0 for name in ENGAGEMENT_TYPES}
    return [
        {"$unionWith": {"coll": "engagements", "pipeline": engagements}},
        {"$group": {"_id": "$_id", "all": {"$mergeObjects": "$$ROOT"}}},
        {"$match": {"all.contentId": {"$exists": True}}},
        {"$replaceWith": {"$mergeObjects": [none, "$all"]}},
        {"$set": {"lastUpdatedAt": {"$max": ["$lastUpdatedAt", "$engagedAt"]}}},
        {"$unset": "engagedAt"},
    ]


def _in_window(now: datetime, statistics: Statistics) -> Stage:
    clock_skew = timedelta(days=1)  # an engagement may have a time shortly before its content's
    return {**counted(), "createdAt": {"$gte": statistics.since(now) - clock_skew, "$lt": now}}


def _aggregator(now: datetime, statistics: Statistics) -> Stage:
    age_hours = {"$divide": [{"$subtract": [now, "$createdAt"]}, HOUR_MS]}
    half_lives = {"$divide": [age_hours, statistics.half_life_hours]}
    weighted = [{"$multiply": [statistics.weights[name], f"${name}Count"]} for name in ENGAGEMENT_TYPES]
    return {"ageScore": {"$pow": [2.0, {"$multiply": [-1.0, half_lives]}]}, "engagementScore": {"$add": weighted}}


def _by_author(now: datetime) -> list[Stage]:
    """Returns stages that group contents by author and type, then by author, with the types in alphabetical order."""
    sums = {creator: {"$sum": f"${content}"} for creator, content in _CREATOR_COUNTS.items()}
    per_type: Stage = {
        "_id": {"author": "$authorId", "type": "$type"},
        "typeCount": {"$sum": 1},
        "engagementScore": {"$sum": "$aggregator.engagementScore"},
        "ageScore": {"$max": "$aggregator.ageScore"},
        "lastContentUpdatedAt": {"$max": "$lastUpdatedAt"},
    }
    of_type = {
        "type": "$_id.type",
        "typeCount": "$typeCount",
        "aggregator": {"ageScore": "$ageScore", "engagementScore": "$engagementScore"},
    }
    per_author: Stage = {
        "_id": "$_id.author",
        "contentCount": {"$sum": "$typeCount"},
        "engagementScore": {"$sum": "$engagementScore"},
        "ageScore": {"$max": "$ageScore"},
        "lastContentUpdatedAt": {"$max": "$lastContentUpdatedAt"},
        "summary": {"$push": of_type},
    }
    total_sums = {creator: {"$sum": f"${creator}"} for creator in _CREATOR_COUNTS}
    return [
        {"$group": per_type | sums},
        {"$group": per_author | total_sums},
        {"$set": {"aggregator": {"ageScore": "$ageScore", "engagementScore": "$engagementScore"}, "updatedAt": now}},
        {"$set": {"summary": {"$sortArray": {"input": "$summary", "sortBy": {"type": 1}}}}},
        {"$unset": "ageScore"},
    ]


def _users_with_geolocation(now: datetime, hidden: Hidden) -> list[Stage]:
    """Returns stages that yield users with the geolocation of their account, in one sort instead of a $lookup each."""
    places = [
        {"$match": {"geolocation": {"$ne": None}}},
        {"$project": {"_id": 0, "ownerAccount": "$_id", "place": "$geolocation"}},
    ]
    account = {"$ifNull": ["$ownerAccount", {"user": "$_id"}]}  # a user without an account is its own partition
    place = {"$max": "$place", "window": {"documents": ["unbounded", "current"]}}  # the account sorts first
    return [
        {"$match": {"createdAt": {"$not": {"$gt": now}}}},
        *public_users(hidden),
        {"$replaceWith": _user_fields()},
        {"$unionWith": {"coll": "accounts", "pipeline": places}},
        {"$setWindowFields": {"partitionBy": account, "sortBy": {"_id": 1}, "output": {"geolocation": place}}},
        {"$match": {"_id": {"$exists": True}}},
    ]


def _summary() -> Stage:
    """Adds score = typeWeight·(E_type + 1)/(E + 1)·ageScore_type + followedScore, for each type."""
    share = {"$divide": [{"$add": ["$$entry.aggregator.engagementScore", 1]}, {"$add": ["$engagementScore", 1]}]}
    weight = {"$divide": ["$$entry.typeCount", "$contentCount"]}
    score = {"$add": [{"$multiply": [weight, share, "$$entry.aggregator.ageScore"]}, "$aggregator.followedScore"]}
    scored = {"$mergeObjects": ["$$entry", {"typeWeight": weight, "score": score}]}
    return {"$map": {"input": "$summary", "as": "entry", "in": scored}}


def _creator_score() -> Stage:
    """Returns the expression ageScore·E/contentCount + followedScore."""
    posts = {"$max": ["$contentCount", 1]}
    earned = {"$divide": [{"$multiply": ["$aggregator.ageScore", "$aggregator.engagementScore"]}, posts]}
    return {"$add": [earned, "$aggregator.followedScore"]}


def _typed(path: str, bson_type: str, default: Any) -> Stage:
    return {"$cond": [{"$eq": [{"$type": path}, bson_type]}, path, default]}


def _is_count(path: str) -> Stage:
    plausible = [{"$gte": [path, 0]}, {"$lte": [path, MOST_PLAUSIBLE_COUNT]}]
    return {"$and": [{"$isNumber": path}, *plausible]}


def _count(path: str) -> Stage:
    return {"$cond": [_is_count(path), {"$toLong": path}, 0]}


def _mistyped(path: str, is_valid: Stage) -> Stage:
    """Returns an expression: the path as a reason when the field is present and not valid, else null."""
    absent = {"$in": [{"$type": f"${path}"}, ["missing", "null", "undefined"]]}
    return {"$cond": [{"$or": [absent, is_valid]}, None, path]}


def _non_null(reasons: Sequence[Stage]) -> Stage:
    listed = {"$filter": {"input": list(reasons), "as": "reason", "cond": {"$ne": ["$$reason", None]}}}
    return {"$cond": [{"$eq": [listed, []]}, "$$REMOVE", listed]}
