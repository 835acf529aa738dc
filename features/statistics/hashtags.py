"""Builds the aggregation pipeline of hashtag statistics: current engagement, contents and creators of each hashtag.

engagementScore = Σ (Σ weight·count + 1)·ageScore over the posts with the hashtag;
score = Σ over its creators ln(1 + the creator's part of engagementScore), which limits the effect of one creator.
"""

from datetime import datetime

from features.statistics.pipelines import Stage, Statistics, content_facts, content_score
from store.rules.hashtags import LONGEST, plain_tags


def hashtag_statistics(now: datetime, statistics: Statistics, replay: bool) -> list[Stage]:
    """Returns stages on app-db.contents: one document of hashtagStats for each hashtag of published contents."""
    return [
        *content_facts(now, statistics, replay, more={"hashtags": "$hashtags"}),
        {"$project": {"authorId": 1, "hashtags": 1, "decayed": content_score()}},
        *_hashtags(),
        {"$sort": {"tags": 1, "_id": 1}},  # floating-point sums depend on their order
        {
            "$group": {
                "_id": {"tag": "$tags", "creator": "$authorId"},
                "contents": {"$sum": 1},
                "part": {"$sum": "$decayed"},
            }
        },
        {"$sort": {"_id.tag": 1, "_id.creator": 1}},
        {"$group": _per_hashtag()},
        {"$set": {"updatedAt": now}},
    ]


def _hashtags() -> list[Stage]:
    """Returns stages that yield one document for each distinct hashtag of a post, in normal form."""
    return [
        {"$set": {"tags": {"$setUnion": [plain_tags("$hashtags", signs_at_end=False)]}}},
        {"$unwind": "$tags"},
        {"$match": {"tags": {"$ne": ""}, "$expr": {"$lte": [{"$strLenCP": "$tags"}, LONGEST]}}},
    ]


def _per_hashtag() -> Stage:
    return {
        "_id": "$_id.tag",
        "contentCount": {"$sum": "$contents"},
        "creatorCount": {"$sum": 1},
        "engagementScore": {"$sum": "$part"},
        "score": {"$sum": {"$ln": {"$add": [1, "$part"]}}},
    }
