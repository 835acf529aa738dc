"""Experiments: configurations with their versions, what people did in a period, and what was explored."""

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
from store.ids import Document, ObjectId
from store.inputs import event_log
from store.rules.engagements import REPORT, counted
from store.schema import collection, ensure_indexes

_AT_ONCE = 2_000  # explorations whose outcome is looked up together
_LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Version:
    """A configuration while it was published."""

    version: int
    variants: Sequence[Mapping[str, Any]]  # name, share, personal
    published_at: datetime
    ended_at: datetime | None  # None: it still is


@dataclass(frozen=True)
class Drawn:
    """A content that exploration put into a list."""

    content: ObjectId
    place: int  # from 0
    propensity: float


def publish(db: Databases, experiment: str, variants: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Publishes the variants from `now` on in place of those before, which stay as a past version; gives the version.

    The same variants again change nothing.

    Raises:
        ValueError: when the published version began after `now`.
    """
    current = _published(db, experiment, now)
    if current and list(current.variants) == list(variants):
        return current.version
    number = {"$add": [{"$ifNull": ["$version", 0]}, 1]}
    fresh = {"variants": {"$literal": list(variants)}, "version": number, "publishedAt": now}
    stages = [_put_by(now), {"$set": fresh}]
    collection(db, "configurations").update_one({"_id": experiment}, stages, upsert=True)
    return versions(db, experiment)[-1].version


def end(db: Databases, experiment: str, now: datetime) -> bool:
    """Ends the published version: every account gets the usual order again; False when none is published.

    Raises:
        ValueError: when the published version began after `now`.
    """
    if _published(db, experiment, now) is None:
        return False
    over = [_put_by(now), {"$set": {"variants": []}}]
    return bool(collection(db, "configurations").update_one({"_id": experiment}, over).modified_count)


def versions(db: Databases, experiment: str) -> list[Version]:
    """Every version that was published, the oldest first; one written by hand may lack number and time."""
    found = collection(db, "configurations").find_one({"_id": experiment}) or {}
    documents = [*found.get("past", []), *([found] if found.get("variants") else [])]
    return [_version(each) for each in documents]


def read_activity(db: Databases, since: datetime, until: datetime) -> tuple[list[Columns], list[Columns]]:
    """Exposures and engagements of [since, until), each as tables of `account` and `count`; an account may be in two.

    They are counted by the server: what comes is one row an account.
    """
    window = {"$gte": since, "$lt": until}
    engaged = {"createdAt": window, **counted()}
    signed, unsigned = {"account": {"$type": "objectId"}}, {"account": {"$not": {"$type": "objectId"}}}
    own = _counted(db, "engagements", engaged | signed, "$account")
    older = _counted(db, "engagements", engaged | unsigned, "$user", of_user=True)
    return [_counted(db, "feeditems", {"seenAt": window}, "$viewer")], [own, older]


def keep_explored(db: Databases, account: ObjectId, now: datetime, drawn: Sequence[Drawn]) -> None:
    """Writes what was drawn for the account, one or more, without waiting; the same answer again changes nothing."""
    _with_indexes(db)
    stored = {"$currentDate": {"storedAt": True}}  # it expires by the server's clock
    answer = {"account": account, "time": now}
    writes = [
        UpdateOne({"_id": answer | {"place": each.place}}, {"$set": answer | vars(each), **stored}, upsert=True)
        for each in drawn
    ]
    collection(db, "explorations").with_options(write_concern=WriteConcern(w=0)).bulk_write(writes, ordered=False)


def read_explored(db: Databases, since: datetime, until: datetime) -> Iterator[tuple[Columns, Columns, Columns]]:
    """What was drawn in [since, until), some thousands at a time, with exposures and engagements that may follow it.

    Columns of the first: account, content, time, propensity; of the others: account, content, time, of the same
    contents and up to a day later.
    """
    window = {"$gte": since, "$lt": until}
    stages: list[Mapping[str, Any]] = [{"$match": {"time": window}}, {"$sort": {"time": 1, "_id": 1}}]
    fields = {"account": ("id", "$account"), "content": ("id", "$content"), "time": ("time", "$time")}
    drawn = read_columns(db, "explorations", stages, fields | {"propensity": ("float", "$propensity")})
    later = {"$gte": since, "$lt": until + timedelta(days=1)}
    for first in range(0, len(drawn["time"]), _AT_ONCE):
        some = {name: column[first : first + _AT_ONCE] for name, column in drawn.items()}
        accounts, contents = ({"$in": object_ids(np.unique(some[name]))} for name in ("account", "content"))
        seen = event_log.read_exposures(db, {"viewer": accounts, "content": contents, "seenAt": later})
        yield some, seen, _engaged(db, {"targetRef.$id": contents, "createdAt": later})


def _engaged(db: Databases, condition: Mapping[str, Any]) -> Columns:
    """Engagements that meet the condition; of older ones, which only name the user, the account that owns it."""
    found = event_log.read_engagements(db, condition)
    unsigned = found["account"] == b""  # NO_ID compares equal
    users = event_log.read_users(db, {"_id": {"$in": object_ids(np.unique(found["user"][unsigned]))}})
    owner = dict(zip(users["id"].tolist(), users["owner"].tolist(), strict=True))
    account = found["account"].copy()
    account[unsigned] = [owner.get(user, b"") for user in found["user"][unsigned].tolist()]
    engaged = found["kind"] < REPORT
    return {name: column[engaged] for name, column in (found | {"account": account}).items()}


def _counted(db: Databases, name: str, found: Mapping[str, Any], by: str, of_user: bool = False) -> Columns:
    stages: list[Mapping[str, Any]] = [{"$match": found}, {"$group": {"_id": by, "count": {"$sum": 1}}}]
    if of_user:
        stages.append({"$lookup": {"from": "users", "localField": "_id", "foreignField": "_id", "as": "user"}})
    account = {"$first": "$user.ownerAccount"} if of_user else "$_id"
    return read_columns(db, name, stages, {"account": ("id", account), "count": ("int", "$count")})


def _published(db: Databases, experiment: str, now: datetime) -> Version | None:
    current = next((each for each in versions(db, experiment) if each.ended_at is None), None)
    if current and current.published_at > now:
        raise ValueError(f"time: {now:%Y-%m-%d %H:%M} lies before version {current.version} was published")
    return current


def _put_by(now: datetime) -> Mapping[str, Any]:
    """The stage that puts what is published among the past versions."""
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
