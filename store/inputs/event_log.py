"""The app's log as columns, for the rankers: contents, people, engagements, exposures and follows before a clock."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from store import queries
from store.client import Databases
from store.columns import Columns, object_ids, read_columns
from store.rules.engagements import FEEDBACK_TYPES, counted, type_code
from store.rules.hashtags import folded_form
from store.rules.visibility import public_posts
from store.schema import ensure_indexes

_CODE, _PHOTOS = "$geolocation.countryCode", "$payload.photo.contents"
_CALLED = {"$toLower": {"$cond": [{"$eq": [{"$type": _CODE}, "string"]}, _CODE, ""]}}


def read_log(
    db: Databases, since: datetime, now: datetime, countries: Sequence[str], follows: bool = True
) -> dict[str, Columns]:
    """Columns by table, of what happened in [since, now); `country` is a number in `countries`."""
    ensure_indexes(db, "contents", "engagements", "feeditems", "users", "relationships")
    tables: dict[str, Callable[[], Columns]] = {
        "exposures": lambda: read_exposures(db, {"seenAt": {"$gte": since, "$lt": now}}),
        "engagements": lambda: read_engagements(db, {"createdAt": {"$gte": since, "$lt": now}}),
        "contents": lambda: read_contents(db, since, now),
        "accounts": lambda: read_accounts(db, {}, countries),
        "users": lambda: read_users(db, {}),
    }
    if follows:
        tables["follows"] = lambda: read_follows(db, {"createdAt": {"$lt": now}})
    return dict(zip(tables, in_threads(tables.values()), strict=True))


def read_contents(db: Databases, since: datetime, now: datetime) -> Columns:
    """Published contents created in [since, now]."""
    return _read_contents(db, [{"$match": {"createdAt": {"$gte": since, "$lte": now}}}, *public_posts()])


def read_contents_where(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Contents that meet the condition, whatever their visibility."""
    return _read_contents(db, [{"$match": condition}])


def _read_contents(db: Databases, stages: Sequence[Mapping[str, Any]]) -> Columns:
    fields = {
        "id": ("id", "$_id"),
        "created": ("time", "$createdAt"),
        "author": ("id", "$author.id"),
        "original": ("id", "$originalPost._id"),
        "originalAuthor": ("id", "$originalPost.author.id"),
        "photos": ("int", {"$cond": [{"$isArray": _PHOTOS}, {"$size": _PHOTOS}, 0]}),
        "length": ("int", {"$strLenCP": {"$cond": [_is("$payload.message", "string"), "$payload.message", ""]}}),
    }
    return read_columns(db, "contents", [*stages, {"$match": _OBJECT_ID}], fields)


def read_contents_by_id(
    db: Databases, ids: NDArray[np.bytes_]
) -> tuple[Columns, Mapping[bytes, tuple[str, list[str]]]]:
    """Returns these contents, whatever their visibility, and their labels as `read_labels`; `ids`: (n,) S12."""
    chosen = {"$in": [content for content in object_ids(ids) if content]}
    return read_contents_where(db, {"_id": chosen}), read_labels_where(db, {"_id": chosen}, {"contentId": chosen})


def read_engagements(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Engagements and reports on contents that meet the condition; `kind` is the code of the type."""
    fields = {
        "time": ("time", "$createdAt"),
        "account": ("id", "$account"),
        "user": ("id", "$user"),
        "content": ("id", "$targetRef.$id"),
        "kind": ("int", type_code()),
    }
    return read_columns(db, "engagements", [{"$match": {**condition, **counted(FEEDBACK_TYPES)}}], fields)


def read_exposures(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Feed items that meet the condition: account saw content at time."""
    fields = {"time": ("time", "$seenAt"), "account": ("id", "$viewer"), "content": ("id", "$content")}
    return read_columns(db, "feeditems", [{"$match": condition}], fields)


def read_accounts(db: Databases, condition: Mapping[str, Any], countries: Sequence[str]) -> Columns:
    """Accounts with the number of their country in `countries` (−1: absent or unknown) and whether they are guests."""
    fields = {
        "id": ("id", "$_id"),
        "country": ("int", {"$indexOfArray": [list(countries), _CALLED]}),
        "guest": ("int", {"$toInt": {"$eq": ["$isGuest", True]}}),
    }
    return read_columns(db, "accounts", [{"$match": condition}, {"$match": _OBJECT_ID}], fields)


def read_users(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Users with the account that owns them."""
    fields = {"id": ("id", "$_id"), "owner": ("id", "$ownerAccount")}
    return read_columns(db, "users", [{"$match": condition}, {"$match": _OBJECT_ID}], fields)


def read_follows(db: Databases, condition: Mapping[str, Any], most: int | None = None) -> Columns:
    """Follows that meet the condition, at most `most`: user follows followed since time."""
    fields = {"time": ("time", "$createdAt"), "user": ("id", "$user"), "followed": ("id", "$followedUser")}
    following = {**condition, "following": True}
    limit: list[Mapping[str, Any]] = [{"$limit": most}] if most else []
    return read_columns(db, "relationships", [{"$match": following}, *limit], fields)


def read_labels(db: Databases, since: datetime, now: datetime) -> dict[bytes, tuple[str, list[str]]]:
    """Content id → (language, tags): hashtags as the author wrote them, topics as contentinfo knows them."""
    return read_labels_where(db, {"createdAt": {"$gte": since, "$lte": now}}, {})


def read_labels_where(
    db: Databases, contents: Mapping[str, Any], contentinfo: Mapping[str, Any]
) -> dict[bytes, tuple[str, list[str]]]:
    """As `read_labels`, of the contents and the contentinfo that meet these conditions."""
    labels: dict[bytes, tuple[str, list[str]]] = {}
    written = {**contents, "hashtags.0": {"$exists": True}}
    tagged: list[Mapping[str, Any]] = [{"$match": written}, {"$project": {"hashtags": 1}}]
    for each in queries.stream(db, "contents", tagged):
        labels[_bytes(each["_id"])] = ("", _hashtags(each["hashtags"]))
    said = {"_id": 0, "contentId": 1, "language": 1, "topics": 1}
    known: list[dict[str, Any]] = [{"$match": contentinfo}, {"$project": said}]
    for each in queries.stream(db, "contentinfo", known):
        tags = labels.get(_bytes(each.get("contentId")), ("", []))[1]
        topics = [f"topic {topic}" for topic in each.get("topics") or []]
        labels[_bytes(each.get("contentId"))] = (str(each.get("language") or ""), tags + topics)
    return labels


_OBJECT_ID = {"_id": {"$type": "objectId"}}


def _is(path: str, bson_type: str) -> dict[str, Any]:
    return {"$eq": [{"$type": path}, bson_type]}


def _hashtags(value: Any) -> list[str]:
    several = value if isinstance(value, list) else []
    return [f"#{folded_form(tag)}" for tag in dict.fromkeys(t for t in several if isinstance(t, str))]


def _bytes(value: Any) -> bytes:
    return bytes(getattr(value, "binary", b""))


T = TypeVar("T")


def in_threads(calls: Iterable[Callable[[], T]], most: int = 2) -> list[T]:
    """What the calls give, in their order; at most so many run at a time, each in a thread.

    An error, or a run whose time is over, does not wait for calls under way; those not begun never begin.

    >>> in_threads([lambda: 1, lambda: 2])
    [1, 2]
    """
    pool = ThreadPoolExecutor(most)
    try:
        return list(pool.map(lambda call: call(), calls))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
