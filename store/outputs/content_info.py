"""Posts to classify, their text analysis in contentinfo, and the hierarchy of topics."""

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
    """Returns the posts that exist and whose author is not erased, with the fields that classification needs."""
    erased = posts_of_erased(db, ids)
    present = {"_id": {"$in": [post for post in ids if post not in erased]}}
    return {post["_id"]: post for post in collection(db, "contents").find(present, _POST)}


def newest_posts(db: Databases, since: datetime, now: datetime, most: int) -> list[ObjectId]:
    """Returns ids of the posts created in since < t ≤ now, the newest first."""
    window = {"_id": {"$type": "objectId"}, "createdAt": {"$gt": since, "$lte": now}}
    newest = collection(db, "contents").find(window, {"_id": 1}).sort([("createdAt", -1), ("_id", -1)]).limit(most)
    return [post["_id"] for post in newest]


def text_hashes(db: Databases, ids: Sequence[ObjectId]) -> dict[ObjectId, str]:
    """Returns, for each classified post, the hash of the text that was classified."""
    infos = collection(db, "contentinfo").find({"contentId": {"$in": list(ids)}}, {"contentId": 1, "textHash": 1})
    return {info["contentId"]: info.get("textHash", "") for info in infos}


def attempts(db: Databases, ids: Sequence[ObjectId]) -> dict[ObjectId, int]:
    """Returns how often the analysis of these posts failed or was interrupted; posts without a failure are absent."""
    failed = {"contentId": {"$in": list(ids)}, "attempts": {"$gt": 0}}
    infos = collection(db, "contentinfo").find(failed, {"contentId": 1, "attempts": 1})
    return {info["contentId"]: info["attempts"] for info in infos}


def write_attempts(db: Databases, attempts: Mapping[ObjectId, int], unknown: Mapping[str, Any]) -> None:
    """Stores the attempts of each post; a post without contentinfo gets the fields `unknown`."""
    writes = [
        UpdateOne({"contentId": content}, {"$set": {"attempts": count}, "$setOnInsert": dict(unknown)}, upsert=True)
        for content, count in attempts.items()
    ]
    if writes:
        _write(collection(db, "contentinfo"), writes)


def write_info(db: Databases, infos: Sequence[Mapping[str, Any]]) -> None:
    """Upserts contentinfo by `contentId` without `attempts`; concurrent writers leave one document."""
    writes = [
        UpdateOne(
            {"contentId": info["contentId"]},
            {"$set": dict(info), "$unset": dict.fromkeys({"attempts", "rejected"} - info.keys(), "")},
            upsert=True,
        )
        for info in infos
    ]
    if writes:
        _write(collection(db, "contentinfo"), writes)


def delete_info(db: Databases, ids: Iterable[ObjectId]) -> int:
    """Deletes contentinfo of these posts and returns how many documents."""
    return collection(db, "contentinfo").delete_many({"contentId": {"$in": list(ids)}}).deleted_count


def delete_erased(db: Databases, ids: Iterable[ObjectId]) -> int:
    """Deletes contentinfo of posts whose author was erased meanwhile and returns how many documents."""
    return delete_info(db, posts_of_erased(db, ids))


def upsert_topics(db: Databases, paths: Iterable[TopicPath], now: datetime) -> dict[str, ObjectId]:
    """Creates and links missing topics on these paths and returns slug → id.

    Concurrent writers create one topic: the slug is unique, and a new topic's id is derived from its slug.
    """
    distinct = sorted({path for path in paths if path})
    slugs = list(dict.fromkeys(slug for path in distinct for slug in path))
    ids = {slug: _topic(db, slug, now) for slug in slugs}
    for parent, child in dict.fromkeys(pair for path in distinct for pair in pairwise(path)):
        _link(db, child, "parents", {"_id": ids[parent], "slug": parent}, now)
        _link(db, parent, "children", {"_id": ids[child], "slug": child}, now)
    return ids


def spend(db: Databases, day: str, dollars: float, cap: float) -> bool:
    """Takes `dollars` from the day's budget for an external text service; returns False if that would exceed `cap`."""
    budget = collection(db, "textSpending")
    room = {"_id": day, "dollars": {"$lte": cap - dollars}}
    if dollars > cap:
        return False
    try:
        budget.update_one(room, {"$inc": {"dollars": dollars}}, upsert=True)
    except DuplicateKeyError:  # the day exists and has no room
        return False
    return True


def _topic(db: Databases, slug: str, now: datetime) -> ObjectId:
    topics = collection(db, "topics")
    for _ in range(_TRIES):
        topic = topics.find_one({"slug": slug}, {"_id": 1})
        if topic:
            return ObjectId(topic["_id"])
        fresh = {"_id": _topic_id(slug), "parents": [], "children": [], "createdAt": now, "updatedAt": now}
        try:
            topics.update_one({"slug": slug}, {"$setOnInsert": fresh}, upsert=True)
        except DuplicateKeyError:
            continue  # another writer was faster
    raise RuntimeError(f"topics: {slug} cannot be created")


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
            if any(failure["code"] != _DUPLICATE_KEY for failure in error.details["writeErrors"]):
                raise
    raise RuntimeError(f"{target.name}: concurrent writers inserted the same documents {_TRIES} times")
