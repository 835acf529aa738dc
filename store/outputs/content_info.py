"""Posts to classify, what was found in them, and the hierarchy of topics."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from store.client import Databases
from store.erasure import posts_of_erased
from store.ids import Document, ObjectId
from store.schema import collection

_POST = {"payload.message": 1, "visibility": 1, "createdAt": 1}
_DUPLICATE_KEY = 11000
_TRIES = 3
TopicPath = tuple[str, ...]  # slugs, root first


def posts(db: Databases, ids: Sequence[ObjectId]) -> dict[ObjectId, Document]:
    """The posts with these ids that exist and are of nobody forgotten, projected to what classifying needs."""
    forgotten = posts_of_erased(db, ids)
    found = collection(db, "contents").find({"_id": {"$in": [each for each in ids if each not in forgotten]}}, _POST)
    return {each["_id"]: each for each in found}


def newest_posts(db: Databases, since: datetime, now: datetime, most: int) -> list[ObjectId]:
    """Ids of the posts made in since < t ≤ now, the newest first."""
    window = {"_id": {"$type": "objectId"}, "createdAt": {"$gt": since, "$lte": now}}
    found = collection(db, "contents").find(window, {"_id": 1}).sort([("createdAt", -1), ("_id", -1)]).limit(most)
    return [each["_id"] for each in found]


def text_hashes(db: Databases, ids: Sequence[ObjectId]) -> dict[ObjectId, str]:
    """The hash of the text that each of these posts was last classified by."""
    found = collection(db, "contentinfo").find({"contentId": {"$in": list(ids)}}, {"contentId": 1, "textHash": 1})
    return {each["contentId"]: each.get("textHash", "") for each in found}


def write_info(db: Databases, infos: Sequence[Mapping[str, Any]]) -> None:
    """Upserts contentinfo by `contentId`; two writers at once leave one document."""
    writes = [UpdateOne({"contentId": each["contentId"]}, {"$set": dict(each)}, upsert=True) for each in infos]
    if writes:
        _write(collection(db, "contentinfo"), writes)


def delete_info(db: Databases, ids: Iterable[ObjectId]) -> int:
    """Deletes what is known of these posts; gives how many were known."""
    gone = collection(db, "contentinfo").delete_many({"contentId": {"$in": list(ids)}})
    return gone.deleted_count


def delete_erased(db: Databases, ids: Iterable[ObjectId]) -> int:
    """Deletes what was written of posts of people who were forgotten meanwhile; gives how many."""
    return delete_info(db, posts_of_erased(db, ids))


def upsert_topics(db: Databases, paths: Iterable[TopicPath], now: datetime) -> dict[str, ObjectId]:
    """The topics on these paths, made and linked level by level where they are missing; slug → id.

    Two writers at once make one topic: the slug is unique, and a new topic's id comes from its slug.
    """
    distinct = sorted({path for path in paths if path})
    slugs = list(dict.fromkeys(slug for path in distinct for slug in path))
    ids = {slug: _topic(db, slug, now) for slug in slugs}
    for parent, child in dict.fromkeys(pair for path in distinct for pair in pairwise(path)):
        _link(db, child, "parents", {"_id": ids[parent], "slug": parent}, now)
        _link(db, parent, "children", {"_id": ids[child], "slug": child}, now)
    return ids


def spend(db: Databases, day: str, dollars: float, cap: float) -> bool:
    """Takes `dollars` from the day's budget for classifying by an outside service; False when it would pass `cap`."""
    budget = collection(db, "textSpending")
    room = {"_id": day, "dollars": {"$lte": cap - dollars}}
    if dollars > cap:
        return False
    try:
        budget.update_one(room, {"$inc": {"dollars": dollars}}, upsert=True)
    except DuplicateKeyError:  # the day is there, and has no room
        return False
    return True


def _topic(db: Databases, slug: str, now: datetime) -> ObjectId:
    topics = collection(db, "topics")
    for _ in range(_TRIES):
        found = topics.find_one({"slug": slug}, {"_id": 1})
        if found:
            return ObjectId(found["_id"])
        fresh = {"_id": _topic_id(slug), "parents": [], "children": [], "createdAt": now, "updatedAt": now}
        try:
            topics.update_one({"slug": slug}, {"$setOnInsert": fresh}, upsert=True)
        except DuplicateKeyError:
            continue  # another writer was faster
    raise RuntimeError(f"topics: {slug} can't be made")


def _link(db: Databases, slug: str, side: str, other: Mapping[str, Any], now: datetime) -> None:
    unlinked = {"slug": slug, f"{side}.slug": {"$ne": other["slug"]}}
    collection(db, "topics").update_one(unlinked, {"$push": {side: dict(other)}, "$max": {"updatedAt": now}})


def _topic_id(slug: str) -> ObjectId:
    return ObjectId(hashlib.sha256(slug.encode()).digest()[:12])


def _write(target: Collection[Document], writes: list[UpdateOne]) -> None:
    for _ in range(_TRIES):
        try:
            target.bulk_write(writes, ordered=False)
            return
        except BulkWriteError as error:
            if any(each["code"] != _DUPLICATE_KEY for each in error.details["writeErrors"]):
                raise
    raise RuntimeError(f"{target.name}: other writers are in the way")
