"""Builds the aggregation pipeline of hashtag statistics: current engagement, contents and creators of each hashtag.

engagementScore = Σ (Σ weight·count + 1)·ageScore over the posts with the hashtag;
score = Σ over its creators ln(1 + the creator's part of engagementScore), which limits the effect of one creator.
"""

from collections.abc import Mapping
from datetime import datetime

from features.statistics.pipelines import Stage, Statistics, content_facts, content_score
from store.rules.hashtags import LONGEST, normal_tag, normal_tags, written_tags
from store.rules.visibility import Hidden, public_posts


def hashtag_statistics(
    now: datetime, statistics: Statistics, hidden: Hidden, replay: bool, forms: Mapping[str, str] | None = None
) -> list[Stage]:
    """Returns stages on app-db.contents: one document of hashtagStats for each hashtag of public contents.

    `forms` are those of `store.inputs.hashtag_forms`.
    """
    return [
        *content_facts(now, statistics, hidden, replay, more={"hashtags": "$hashtags"}),
        {"$project": {"authorId": 1, "hashtags": 1, "decayed": content_score()}},
        {"$project": {"authorId": 1, "decayed": 1, "tags": {"$setUnion": [normal_tags("$hashtags", forms or {})]}}},
        *_one_per_hashtag("$tags"),
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
        {"$unionWith": {"coll": "contents", "pipeline": _spellings(now, statistics, hidden, forms or {})}},
        {"$group": {"_id": "$_id", "all": {"$mergeObjects": "$$ROOT"}}},
        {"$replaceWith": "$all"},
    ]


def _one_per_hashtag(tag: str) -> list[Stage]:
    """Returns stages that yield one document for each element of `tags` whose hashtag at `tag` counts."""
    return [
        {"$unwind": "$tags"},
        {"$match": {"$expr": {"$and": [{"$gt": [tag, ""]}, {"$lte": [{"$strLenCP": tag}, LONGEST]}]}}},
    ]


def _spellings(now: datetime, statistics: Statistics, hidden: Hidden, forms: Mapping[str, str]) -> list[Stage]:
    """Returns stages on app-db.contents: each hashtag of the window with its commonest spelling."""
    both = {"tag": normal_tag({"$toLower": "$$this"}, forms), "written": "$$this"}
    tags = {"$setUnion": [{"$map": {"input": written_tags("$hashtags"), "in": both}}]}
    commonest = {"sortBy": {"count": -1, "_id.written": 1}, "output": "$_id.written"}
    return [
        {"$match": {"createdAt": {"$gte": statistics.since(now), "$lte": now}}},
        *public_posts(hidden),
        {"$project": {"_id": 0, "tags": tags}},
        *_one_per_hashtag("$tags.tag"),
        {"$group": {"_id": "$tags", "count": {"$sum": 1}}},
        {"$group": {"_id": "$_id.tag", "spelling": {"$top": commonest}}},
    ]


def _per_hashtag() -> Stage:
    return {
        "_id": "$_id.tag",
        "contentCount": {"$sum": "$contents"},
        "creatorCount": {"$sum": 1},
        "engagementScore": {"$sum": "$part"},
        "score": {"$sum": {"$ln": {"$add": [1, "$part"]}}},
    }
