"""Experiments: configurations with their versions, activity in a period, and explorations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from pymongo import UpdateOne
from pymongo.write_concern import WriteConcern

from store.client import Databases
from store.columns import Columns, object_ids, read_columns
from store.erasure import is_erased, posts_of_erased
from store.ids import Document, ObjectId
from store.inputs import event_log
from store.rules.engagements import REPORT, counted
from store.schema import collection, ensure_indexes

_AT_ONCE = 2_000  # explorations whose outcome is looked up together
_LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Version:
    """One published version of a configuration."""

    version: int
    variants: Sequence[Mapping[str, Any]]  # name, share, personal
    published_at: datetime
    ended_at: datetime | None  # None: still published


@dataclass(frozen=True)
class Exploration:
    """A content that exploration put into a slate."""

    content: ObjectId
    place: int  # from 0
    propensity: float


def publish(db: Databases, experiment: str, variants: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Publishes the variants from `now` on; the former ones become a past version. Returns the new version.

    The same variants again change nothing.

    Raises:
        ValueError: when the published version began after `now`.
    """
    current = _published(db, experiment, now)
    if current and list(current.variants) == list(variants):
        return current.version
    number = {"$add": [{"$ifNull": ["$version", 0]}, 1]}
    fresh = {"variants": {"$literal": list(variants)}, "version": number, "publishedAt": now}
    stages = [_archive(now), {"$set": fresh}]
    collection(db, "configurations").update_one({"_id": experiment}, stages, upsert=True)
    return versions(db, experiment)[-1].version


def end(db: Databases, experiment: str, now: datetime) -> bool:
    """Ends the published version: all accounts get the usual ranking again. Returns False when none is published.

    Raises:
        ValueError: when the published version began after `now`.
    """
    if _published(db, experiment, now) is None:
        return False
    stages = [_archive(now), {"$set": {"variants": []}}]
    return bool(collection(db, "configurations").update_one({"_id": experiment}, stages).modified_count)


def versions(db: Databases, experiment: str) -> list[Version]:
    """Returns every published version, oldest first; one written by hand may lack number and time."""
    current = collection(db, "configurations").find_one({"_id": experiment}) or {}
    documents = [*current.get("past", []), *([current] if current.get("variants") else [])]
    return [_version(document) for document in documents]


def read_activity(db: Databases, since: datetime, until: datetime) -> tuple[list[Columns], list[Columns]]:
    """Returns exposures and engagements in [since, until) as tables of `account` and `count`.

    The server counts them. An account may be in two tables.
    """
    window = {"$gte": since, "$lt": until}
    engaged = {"createdAt": window, **counted()}
    signed, unsigned = {"account": {"$type": "objectId"}}, {"account": {"$not": {"$type": "objectId"}}}
    named = _counted(db, "engagements", engaged | signed, "$account")
    older = _counted(db, "engagements", engaged | unsigned, "$user", of_user=True)
    return [_counted(db, "feeditems", {"seenAt": window}, "$viewer")], [named, older]


def record_explorations(db: Databases, account: ObjectId, now: datetime, drawn: Sequence[Exploration]) -> None:
    """Writes the account's explorations without waiting; the same answer again changes nothing.

    Nothing is written of an erased account or of the posts of one.
    """
    erased = posts_of_erased(db, [exploration.content for exploration in drawn])
    drawn = [exploration for exploration in drawn if exploration.content not in erased]
    if not drawn or is_erased(db, account):
        return
    _with_indexes(db)
    stored = {"$currentDate": {"storedAt": True}}  # it expires by the server's clock
    answer = {"account": account, "time": now}
    writes = [
        UpdateOne(
            {"_id": answer | {"place": exploration.place}}, {"$set": answer | vars(exploration), **stored}, upsert=True
        )
        for exploration in drawn
    ]
    collection(db, "explorations").with_options(write_concern=WriteConcern(w=0)).bulk_write(writes, ordered=False)


def read_explorations(db: Databases, since: datetime, until: datetime) -> Iterator[tuple[Columns, Columns, Columns]]:
    """Yields explorations in [since, until), in batches, with the exposures and engagements that may follow them.

    Columns of the first table: account, content, time, propensity. The others have account, content and time, of the
    same contents and up to a day later.
    """
    window = {"$gte": since, "$lt": until}
    stages: list[Mapping[str, Any]] = [{"$match": {"time": window}}, {"$sort": {"time": 1, "_id": 1}}]
    fields = {"account": ("id", "$account"), "content": ("id", "$content"), "time": ("time", "$time")}
    drawn = read_columns(db, "explorations", stages, fields | {"propensity": ("float", "$propensity")})
    later = {"$gte": since, "$lt": until + timedelta(days=1)}
    for first in range(0, len(drawn["time"]), _AT_ONCE):
        batch = {name: column[first : first + _AT_ONCE] for name, column in drawn.items()}
        accounts, contents = ({"$in": object_ids(np.unique(batch[name]))} for name in ("account", "content"))
        seen = event_log.read_exposures(db, {"viewer": accounts, "content": contents, "seenAt": later})
        yield batch, seen, _engaged(db, {"targetRef.$id": contents, "createdAt": later})


def _engaged(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Returns engagements that meet the condition; older ones name only the user, and get the account that owns it."""
    engagements = event_log.read_engagements(db, condition)
    unsigned = engagements["account"] == b""  # NO_ID compares equal
    users = event_log.read_users(db, {"_id": {"$in": object_ids(np.unique(engagements["user"][unsigned]))}})
    owner = dict(zip(users["id"].tolist(), users["owner"].tolist(), strict=True))
    account = engagements["account"].copy()
    account[unsigned] = [owner.get(user, b"") for user in engagements["user"][unsigned].tolist()]
    engaged = engagements["kind"] < REPORT
    return {name: column[engaged] for name, column in (engagements | {"account": account}).items()}


def _counted(db: Databases, name: str, condition: Mapping[str, Any], by: str, of_user: bool = False) -> Columns:
    stages: list[Mapping[str, Any]] = [{"$match": condition}, {"$group": {"_id": by, "count": {"$sum": 1}}}]
    if of_user:
        stages.append({"$lookup": {"from": "users", "localField": "_id", "foreignField": "_id", "as": "user"}})
    account = {"$first": "$user.ownerAccount"} if of_user else "$_id"
    return read_columns(db, name, stages, {"account": ("id", account), "count": ("int", "$count")})


def _published(db: Databases, experiment: str, now: datetime) -> Version | None:
    current = next((version for version in versions(db, experiment) if version.ended_at is None), None)
    if current and current.published_at > now:
        raise ValueError(f"time: {now:%Y-%m-%d %H:%M} is before version {current.version} was published")
    return current


def _archive(now: datetime) -> Mapping[str, Any]:
    """Returns the stage that moves the published version to the past ones."""
    over = {name: f"${name}" for name in ("version", "variants", "publishedAt")} | {"endedAt": now}
    is_published = {"$gt": [{"$size": {"$ifNull": ["$variants", []]}}, 0]}
    past = {"$ifNull": ["$past", []]}
    return {"$set": {"past": {"$concatArrays": [past, {"$cond": [is_published, [over], []]}]}}}


def _version(document: Document) -> Version:
    began = document.get("publishedAt") or _LONG_AGO
    return Version(document.get("version", 0), document["variants"], began, document.get("endedAt"))


@lru_cache(maxsize=1)
def _with_indexes(db: Databases) -> None:
    ensure_indexes(db, "explorations")
