"""Every collection with its database and indexes. `store.fields` describes the fields."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from store.client import Databases
from store.ids import Document

# Names of fields of feeditems differ between versions of the app: the current name first, then older ones.
FEEDITEM_FIELDS: Mapping[str, tuple[str, ...]] = {
    "seenCredential": ("seenCredential", "seenUUID"),
    "offScreenAt": ("offScreenAt", "offViewAt"),
}

CONTENT_TYPES = ("short", "blog", "image", "long", "video")


@dataclass(frozen=True)
class Declared:
    """Database and indexes of one collection."""

    database: Literal["app", "analytics"]
    indexes: tuple[IndexModel, ...] = ()
    temporary: str | None = None  # where the next generation is built before the swap


def _index(*keys: str, unique: bool = False, expire_seconds: int | None = None) -> IndexModel:
    extra: dict[str, Any] = {} if expire_seconds is None else {"expireAfterSeconds": expire_seconds}
    return IndexModel(_pairs(keys), unique=unique, **extra)


def _where_present(*keys: str) -> IndexModel:
    """Returns an index of the documents that have the first key, so that unused older names cost nothing."""
    return IndexModel(_pairs(keys), partialFilterExpression={keys[0]: {"$exists": True}})


def _pairs(keys: Sequence[str]) -> list[tuple[str, int]]:
    return [(key.lstrip("-"), DESCENDING if key.startswith("-") else ASCENDING) for key in keys]


_PARALLEL_ARRAYS = 171  # CannotIndexParallelArrays
_ARTIFACT_KEY = _index("account", "model", unique=True)
_DAY_SECONDS = 86_400

COLLECTIONS: Mapping[str, Declared] = {
    "accounts": Declared("app"),
    "users": Declared("app", (_index("ownerAccount"), _index("displayId"))),
    "contents": Declared(
        "app",
        (_index("createdAt"), _index("updatedAt"), _index("author.id", "createdAt"), _index("originalPost._id")),
    ),
    "comments": Declared("app"),
    "engagements": Declared(
        "app",
        (_index("createdAt"), _index("targetRef.$id", "createdAt"), _index("user", "createdAt"), _index("account")),
    ),
    "feeditems": Declared(
        "app",
        (
            _index("seenAt"),
            _index("viewer", "seenAt"),
            _index("seenCredential", "-seenAt", "offScreenAt", "content"),  # covers a credential's latest exposures
            _index("offScreenAt", "seenCredential"),  # credentials with exposures since the last run
            _where_present("seenUUID", "-seenAt"),
            _where_present("offViewAt", "seenCredential"),
        ),
    ),
    "relationships": Declared("app", (_index("user"), _index("followedUser", "blocking"))),
    "credentials": Declared("app", (_index("account"),)),
    "guestfeeditems": Declared(
        "app",
        (_index("countryCode", "_id"), _index("countryCode", "-score"), _index("content")),
        temporary="guestfeeditemstemp",
    ),
    "guestFeedDays": Declared("analytics"),
    "contentStats": Declared("analytics", (_index("-score"), _index("authorId"))),
    "creatorStats": Declared("analytics", (_index("-score"), _index("contentCount"))),
    "contentinfo": Declared("app", (_index("contentId", unique=True),)),
    "topics": Declared("analytics", (_index("slug", unique=True),)),
    "hashtagStats": Declared("analytics", (_index("-score"),)),
    "moods": Declared("analytics", (_index("userId", "-analysedAt"), _index("analysedAt"))),
    "textSpending": Declared("analytics"),
    "mlArtifacts": Declared("analytics", (_ARTIFACT_KEY,)),
    "mlArtifacts_country": Declared("analytics", (_ARTIFACT_KEY,)),
    "mlArtifacts_global": Declared("analytics", (_ARTIFACT_KEY,)),
    "credentialfeatures": Declared(
        "analytics",
        (_index("seenCredential", "-lastSeenAt", unique=True), _index("likelyBot"), _index("verificationStatus")),
    ),
    "frauddetectionmlartifacts": Declared("analytics", (_index("-trainedAt"),)),
    "suspiciouscredentials": Declared(
        "app",
        (
            _index("seenCredential"),
            _index("status"),
            _index("verificationStatus", "-score", "_id"),  # the moderators' queue
            _index("verificationStatus", "-verifiedAt"),
        ),
    ),
    "actions": Declared(
        "analytics",
        (
            _index("state", "dueAt"),
            _index("category", "event", "state"),
            _index("plannedAt", expire_seconds=730 * _DAY_SECONDS),
        ),
    ),
    "actionSettings": Declared("analytics"),
    "actionBudgets": Declared("analytics"),
    "categories": Declared("analytics", (_index("slug", unique=True),)),
    "karma": Declared("analytics", (_index("userId", "category", unique=True), _index("category", "-karma"))),
    "cascades": Declared("analytics", (_index("nodes.id"), _index("-size"))),
    "watermarks": Declared("analytics"),
    "evaluations": Declared("analytics", (_index("-time"),)),
    "trainingShards": Declared("analytics", (_index("createdAt", expire_seconds=3 * _DAY_SECONDS),)),
    "runs": Declared(
        "analytics", (_index("function", "-time"), _index("startedAt", expire_seconds=180 * _DAY_SECONDS))
    ),
    "leases": Declared("analytics"),
    "servingSnapshot": Declared("analytics", (_index("createdAt"),)),
    "configurations": Declared("analytics"),
    "explorations": Declared("analytics", (_index("time"), _index("storedAt", expire_seconds=90 * _DAY_SECONDS))),
    "tombstones": Declared("analytics"),
    "settings": Declared("analytics"),
    "audit": Declared(
        "analytics",
        (_index("-when"), _index("what", "-when"), _index("when", expire_seconds=730 * _DAY_SECONDS)),
    ),
}


def collection(db: Databases, name: str) -> Collection[Document]:
    """Returns the collection of that name."""
    return (db.app if COLLECTIONS[name].database == "app" else db.analytics)[name]


def ensure_indexes(db: Databases, *names: str) -> None:
    """Creates the missing indexes of these collections.

    An app's document with arrays in place of single values can make an index impossible. It is left out with a warning.
    """
    for name in names:
        target, indexes = collection(db, name), list(COLLECTIONS[name].indexes)
        try:
            if indexes:
                target.create_indexes(indexes)
        except OperationFailure as error:
            if error.code != _PARALLEL_ARRAYS:
                raise
            _create_possible(target, indexes)


def _create_possible(target: Collection[Document], indexes: list[IndexModel]) -> None:
    for index in indexes:
        try:
            target.create_indexes([index])
        except OperationFailure as error:
            if error.code != _PARALLEL_ARRAYS:
                raise
            logging.getLogger("feedpulse").warning(
                "no index %s of %s: a document has arrays in both fields", index.document["name"], target.name
            )
