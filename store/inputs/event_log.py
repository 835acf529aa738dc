"""The app's log as columns, for the rankers: contents, accounts, users, engagements, exposures and follows."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store import queries
from store.client import Databases
from store.columns import Columns, object_ids, read_columns
from store.inputs.visibility import read_hidden
from store.rules.countries import country_number, unknown_countries
from store.rules.engagements import FEEDBACK_TYPES, counted, type_code
from store.rules.hashtags import MOST_TAGS, tags_of
from store.rules.languages import language_code
from store.rules.reshares import bare_reshare
from store.rules.visibility import public_posts
from store.schema import ensure_indexes

_PHOTOS = "$payload.photo.contents"
_OBJECT_ID = {"_id": {"$type": "objectId"}}


def read_log(
    db: Databases, since: datetime, now: datetime, countries: Sequence[str], follows: bool = True
) -> dict[str, Columns]:
    """Returns columns by table, of events in [since, now); `country` is a position in `countries`."""
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
    return dict(zip(tables, queries.in_threads(tables.values()), strict=True))


def read_contents(db: Databases, since: datetime, now: datetime) -> Columns:
    """Returns public contents created in [since, now]."""
    return _read_contents(db, [{"$match": {"createdAt": {"$gte": since, "$lte": now}}}, *public_posts(read_hidden(db))])


def read_contents_where(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Returns contents that meet the condition, also those that are not public."""
    return _read_contents(db, [{"$match": condition}])


def _read_contents(db: Databases, stages: Sequence[Mapping[str, Any]]) -> Columns:
    fields = {
        "id": ("id", "$_id"),
        "created": ("time", "$createdAt"),
        "author": ("id", "$author.id"),
        "original": ("id", "$originalPost._id"),
        "originalAuthor": ("id", "$originalPost.author.id"),
        "bare": ("int", {"$toInt": bare_reshare()}),
        "photos": ("int", {"$cond": [{"$isArray": _PHOTOS}, {"$size": _PHOTOS}, 0]}),
        "length": ("int", {"$strLenCP": queries.text_or_empty("$payload.message")}),
    }
    return read_columns(db, "contents", [*stages, {"$match": _OBJECT_ID}], fields)


def read_contents_by_id(
    db: Databases, ids: NDArray[np.bytes_]
) -> tuple[Columns, Mapping[bytes, tuple[str, list[str]]]]:
    """Returns these contents, also those that are not public, and their labels as `read_labels`; `ids`: (n,) S12."""
    chosen = {"$in": [content for content in object_ids(ids) if content]}
    return read_contents_where(db, {"_id": chosen}), read_labels_where(db, {"_id": chosen}, {"contentId": chosen})


def read_engagements(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Returns engagements with contents, and reports, that meet the condition; `kind` is the code of the type."""
    fields = {
        "time": ("time", "$createdAt"),
        "account": ("id", "$account"),
        "user": ("id", "$user"),
        "content": ("id", "$targetRef.$id"),
        "kind": ("int", type_code()),
    }
    return read_columns(db, "engagements", [{"$match": {**condition, **counted(FEEDBACK_TYPES)}}], fields)


def read_exposures(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Returns exposures that meet the condition."""
    fields = {"time": ("time", "$seenAt"), "account": ("id", "$viewer"), "content": ("id", "$content")}
    return read_columns(db, "feeditems", [{"$match": condition}], fields)


def read_accounts(db: Databases, condition: Mapping[str, Any], countries: Sequence[str]) -> Columns:
    """Returns accounts: id, country (position in `countries`; −1: absent or unknown), guest (1 or 0)."""
    fields = {
        "id": ("id", "$_id"),
        "country": ("int", country_number("$geolocation.countryCode", countries)),
        "guest": ("int", {"$toInt": {"$eq": ["$isGuest", True]}}),
    }
    return read_columns(db, "accounts", [{"$match": condition}, {"$match": _OBJECT_ID}], fields)


def count_unknown_countries(db: Databases) -> int:
    """Returns how many accounts name a country that is none."""
    return queries.count(db, "accounts", unknown_countries("geolocation.countryCode"))


def read_users(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Returns users with the account that owns them."""
    fields = {"id": ("id", "$_id"), "owner": ("id", "$ownerAccount")}
    return read_columns(db, "users", [{"$match": condition}, {"$match": _OBJECT_ID}], fields)


def read_follows(db: Databases, condition: Mapping[str, Any], most: int | None = None) -> Columns:
    """Returns follows that meet the condition, at most `most`: time, user, followed."""
    fields = {"time": ("time", "$createdAt"), "user": ("id", "$user"), "followed": ("id", "$followedUser")}
    following = {**condition, "following": True}
    limit: list[Mapping[str, Any]] = [{"$limit": most}] if most else []
    return read_columns(db, "relationships", [{"$match": following}, *limit], fields)


def read_labels(db: Databases, since: datetime, now: datetime) -> dict[bytes, tuple[str, list[str]]]:
    """Returns content id → (language, tags): hashtags of the author, language and topics of contentinfo."""
    return read_labels_where(db, {"createdAt": {"$gte": since, "$lte": now}}, {})


def read_labels_where(
    db: Databases, contents: Mapping[str, Any], contentinfo: Mapping[str, Any]
) -> dict[bytes, tuple[str, list[str]]]:
    """Returns the same as `read_labels`, for contents and contentinfo that meet these conditions."""
    labels: dict[bytes, tuple[str, list[str]]] = {}
    tagged = {"$match": {**contents, "hashtags.0": {"$exists": True}}}
    first_tags = {"$cond": [{"$isArray": "$hashtags"}, {"$slice": ["$hashtags", MOST_TAGS]}, []]}
    for content in queries.stream(db, "contents", [tagged, {"$project": {"hashtags": first_tags}}]):
        labels[_bytes(content["_id"])] = ("", [f"#{tag}" for tag in tags_of(content["hashtags"])])
    fields = {"_id": 0, "contentId": 1, "language": 1, "topics": 1}
    for info in queries.stream(db, "contentinfo", [{"$match": contentinfo}, {"$project": fields}]):
        content_id = _bytes(info.get("contentId"))
        topics = [f"topic {topic}" for topic in info.get("topics") or []]
        labels[content_id] = (language_code(info.get("language")), labels.get(content_id, ("", []))[1] + topics)
    return labels


def _bytes(value: Any) -> bytes:
    return bytes(getattr(value, "binary", b""))
