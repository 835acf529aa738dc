"""Content and creator statistics as aggregation pipelines: pure functions that return stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from features.milliseconds import HOUR_MS
from features.statistics.bots import less_engagements
from store.rules.engagements import ENGAGEMENT_TYPES, counted, sums_by_type
from store.rules.visibility import public_posts

Stage = dict[str, Any]

MOST_PLAUSIBLE_COUNT = 1e12  # above it a counter is a mistake of the app, and int64 is near
LONGEST_TYPE = 40  # characters; a creator's summary lists its types within the 16 MB of a document


@dataclass(frozen=True)
class Statistics:
    """What the statistics are taken over."""

    half_life_hours: float = 24.0  # an age of one half life halves the ageScore
    window_days: float = 30.0  # older contents leave
    weights: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(ENGAGEMENT_TYPES, 1.0))
    weight_follower: float = 0.01  # followedScore of one follower

    def since(self, now: datetime) -> datetime:
        """The oldest `createdAt` that still counts at `now`."""
        return now - timedelta(days=self.window_days)


def content_statistics(
    now: datetime, statistics: Statistics, replay: bool, discounted: Stage | None = None
) -> list[Stage]:
    """On app-db.contents: one document of contentStats for each published content of the window."""
    return [
        *content_facts(now, statistics, replay, discounted, _text_and_reasons(counters=not replay)),
        {"$set": {"score": content_score(), "updatedAt": now}},
        {"$unset": ["type", "lastUpdatedAt"]},
    ]


def content_facts(
    now: datetime,
    statistics: Statistics,
    replay: bool,
    discounted: Stage | None = None,
    more: Stage | None = None,
) -> list[Stage]:
    """What all statistics need of each content, and `more` fields; with `replay`, counts are of engagements till `now`.

    Engagements that meet the filter `discounted` are taken out of the counts.
    """
    counts = _replayed_counts(now, statistics) if replay else []
    if discounted:
        counts += less_engagements({**_in_window(now, statistics), **discounted})
    return [
        {"$match": {"createdAt": {"$gte": statistics.since(now), "$lte": now}}},
        *public_posts(),
        {"$replaceWith": _described(now, counters=not replay) | (more or {})},
        *counts,
        {"$set": {"aggregator": _aggregator(now, statistics)}},
    ]


def content_score() -> Stage:
    """Returns the expression of a content's score, (engagementScore + 1)·ageScore, after `content_facts`."""
    return {"$multiply": [{"$add": ["$aggregator.engagementScore", 1]}, "$aggregator.ageScore"]}


def creator_statistics(
    now: datetime, statistics: Statistics, replay: bool, discounted: Stage | None = None
) -> list[Stage]:
    """On app-db.contents: one document of creatorStats for each user, and for each author without one."""
    return [
        *content_facts(now, statistics, replay, discounted),
        {"$match": {"authorId": {"$ne": None}}},
        *_by_author(now),
        {"$unionWith": {"coll": "users", "pipeline": _placed_users(now)}},
        {"$group": {"_id": "$_id", "all": {"$mergeObjects": "$$ROOT"}}},
        {"$replaceWith": {"$mergeObjects": [NO_CONTENTS, NO_USER, "$all", {"creatorId": "$_id"}]}},
        {"$set": {"aggregator.followedScore": {"$multiply": [statistics.weight_follower, "$followerCount"]}}},
        {"$set": {"summary": _summary(), "score": _creator_score()}},
        {"$unset": "engagementScore"},
    ]


def later_engagements(now: datetime) -> Stage:
    """A filter on app-db.engagements: one that counts and is not before `now`, so that the app's counters run ahead."""
    return {**counted(), "createdAt": {"$gte": now}}


def without_contents() -> list[Stage]:
    """An update of creatorStats: the creator's contents have all left."""
    follower_score = "$aggregator.followedScore"
    return [
        {"$set": NO_CONTENTS | {"score": follower_score, "aggregator": NO_CONTENTS["aggregator"]}},
        {"$unset": ["updatedAt", "engagementScore"]},
    ]


def reasons_counted() -> list[Stage]:
    """On a statistics collection: how often each reason stands in `rejected`."""
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


def _described(now: datetime, counters: bool) -> Stage:
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


def _text_and_reasons(counters: bool) -> Stage:
    return {
        "photoCount": {"$cond": [{"$isArray": "$payload.photo.contents"}, {"$size": "$payload.photo.contents"}, 0]},
        "characterLength": {"$strLenCP": _typed("$payload.message", "string", "")},
        "rejected": _reasons(counters),
    }


def _reasons(counters: bool) -> Stage:
    paths = [f"engagements.{name}.count" for name in ENGAGEMENT_TYPES] if counters else []
    present = [_mistyped(path, _is_count(f"${path}")) for path in paths]
    present.append(_mistyped("payload.message", {"$eq": [{"$type": "$payload.message"}, "string"]}))
    present.append(_mistyped("author.id", {"$eq": [{"$type": "$author.id"}, "objectId"]}))
    present.append(_mistyped("type", {"$eq": [{"$type": "$type"}, "string"]}))
    return _listed(present)


def _described_user() -> Stage:
    counts = ("followerCount", "followedCount")
    return {
        "_id": "$_id",
        "ownerAccount": _typed("$ownerAccount", "objectId", None),
        "displayId": _typed("$displayId", "string", None),
        "userCreatedAt": _typed("$createdAt", "date", None),
        **{name: _count(f"${name}") for name in counts},
        "rejected": _listed([_mistyped(name, _is_count(f"${name}")) for name in counts]),
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
    clock_skew = timedelta(days=1)  # an engagement may be noted a little before its content
    return {**counted(), "createdAt": {"$gte": statistics.since(now) - clock_skew, "$lt": now}}


def _aggregator(now: datetime, statistics: Statistics) -> Stage:
    age_hours = {"$divide": [{"$subtract": [now, "$createdAt"]}, HOUR_MS]}
    half_lives = {"$divide": [age_hours, statistics.half_life_hours]}
    weighted = [{"$multiply": [statistics.weights[name], f"${name}Count"]} for name in ENGAGEMENT_TYPES]
    return {"ageScore": {"$pow": [2.0, {"$multiply": [-1.0, half_lives]}]}, "engagementScore": {"$add": weighted}}


def _by_author(now: datetime) -> list[Stage]:
    """Contents grouped by author and type, then by author, with the types in alphabetical order."""
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
    again = {creator: {"$sum": f"${creator}"} for creator in _CREATOR_COUNTS}
    return [
        {"$group": per_type | sums},
        {"$group": per_author | again},
        {"$set": {"aggregator": {"ageScore": "$ageScore", "engagementScore": "$engagementScore"}, "updatedAt": now}},
        {"$set": {"summary": {"$sortArray": {"input": "$summary", "sortBy": {"type": 1}}}}},
        {"$unset": "ageScore"},
    ]


def _placed_users(now: datetime) -> list[Stage]:
    """Users with the geolocation of their account, by one sort: a $lookup asks for each of them anew."""
    places = [
        {"$match": {"geolocation": {"$ne": None}}},
        {"$project": {"_id": 0, "ownerAccount": "$_id", "place": "$geolocation"}},
    ]
    own = {"$ifNull": ["$ownerAccount", {"user": "$_id"}]}  # one without an account is alone
    before = {"$max": "$place", "window": {"documents": ["unbounded", "current"]}}  # the account sorts first
    return [
        {"$match": {"createdAt": {"$not": {"$gt": now}}}},
        {"$replaceWith": _described_user()},
        {"$unionWith": {"coll": "accounts", "pipeline": places}},
        {"$setWindowFields": {"partitionBy": own, "sortBy": {"_id": 1}, "output": {"geolocation": before}}},
        {"$match": {"_id": {"$exists": True}}},
    ]


def _summary() -> Stage:
    """typeWeight·(E_type + 1)/(E + 1)·ageScore_type + followedScore, for each type."""
    share = {"$divide": [{"$add": ["$$each.aggregator.engagementScore", 1]}, {"$add": ["$engagementScore", 1]}]}
    weight = {"$divide": ["$$each.typeCount", "$contentCount"]}
    score = {"$add": [{"$multiply": [weight, share, "$$each.aggregator.ageScore"]}, "$aggregator.followedScore"]}
    filled = {"$mergeObjects": ["$$each", {"typeWeight": weight, "score": score}]}
    return {"$map": {"input": "$summary", "as": "each", "in": filled}}


def _creator_score() -> Stage:
    """ageScore·E/contentCount + followedScore."""
    posts = {"$max": ["$contentCount", 1]}
    earned = {"$divide": [{"$multiply": ["$aggregator.ageScore", "$aggregator.engagementScore"]}, posts]}
    return {"$add": [earned, "$aggregator.followedScore"]}


def _typed(path: str, bson_type: str, otherwise: Any) -> Stage:
    return {"$cond": [{"$eq": [{"$type": path}, bson_type]}, path, otherwise]}


def _is_count(path: str) -> Stage:
    plausible = [{"$gte": [path, 0]}, {"$lte": [path, MOST_PLAUSIBLE_COUNT]}]
    return {"$and": [{"$isNumber": path}, *plausible]}


def _count(path: str) -> Stage:
    return {"$cond": [_is_count(path), {"$toLong": path}, 0]}


def _mistyped(path: str, good: Stage) -> Stage:
    """The path as a reason when it is there and not good; a field that is absent is no mistake."""
    absent = {"$in": [{"$type": f"${path}"}, ["missing", "null", "undefined"]]}
    return {"$cond": [{"$or": [absent, good]}, None, path]}


def _listed(reasons: Sequence[Stage]) -> Stage:
    found = {"$filter": {"input": list(reasons), "as": "each", "cond": {"$ne": ["$$each", None]}}}
    return {"$cond": [{"$eq": [found, []]}, "$$REMOVE", found]}
