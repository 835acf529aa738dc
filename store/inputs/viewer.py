"""Reads the documents of one account by index, with few round trips, for requests that answer in milliseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.client import Databases
from store.columns import Columns, id_array, read_columns
from store.ids import Document, ObjectId, object_id
from store.rules.countries import country_code
from store.rules.engagements import FEEDBACK_TYPES, counted, type_code
from store.rules.languages import language_code
from store.rules.model_names import MEMBER_ARTIFACTS
from store.schema import collection

ENGAGED, SEEN, RELATED = range(3)  # tables of `read_past`
_PAST = {"time": "time", "about": "id", "kind": "int", "table": "int"}  # columns of `read_past` and their kinds
_HEADER = 0  # _id of the serving snapshot's header


@dataclass(frozen=True)
class AccountRecord:
    """Fields of an account."""

    is_guest: bool
    country_code: str  # normal form, "" without one
    languages: Sequence[str]  # normal forms
    users: Sequence[ObjectId]


@dataclass(frozen=True)
class ServingState:
    """The published data that serves an account."""

    snapshot: Document | None  # the header
    version: int  # of the configuration; 0 without one
    variants: Sequence[Mapping[str, Any]]
    boosters: Sequence[Document]  # account, model, checksum, fingerprint, collection
    effects: Document | None  # the stored member effects of the account


def parse_ids(values: Sequence[Any], field: str) -> NDArray[np.bytes_]:
    """Returns ids of 24 hexadecimal digits as an array (n,), S12; a thousand take a tenth of a millisecond.

    Raises:
        ValueError: for a value that is no id; names the field and the position.

    >>> parse_ids(["0123456789abcdef01234567"], "contents")[0].hex()
    '0123456789abcdef01234567'
    >>> parse_ids(["0123456789abcdef01234567", 5], "contents")
    Traceback (most recent call last):
    ...
    ValueError: contents[1]: 5 is not an id of 24 hexadecimal digits
    """
    try:
        raw = bytes.fromhex("".join(values))
        if set(map(len, values)) <= {24} and len(raw) == 12 * len(values):
            return np.frombuffer(raw, dtype="S12")
    except (TypeError, ValueError):
        pass  # the line below finds and names the bad value
    return id_array([object_id(value, f"{field}[{place}]") for place, value in enumerate(values)])


def read_account(db: Databases, account: ObjectId) -> AccountRecord | None:
    """Returns the account and the users that it owns; None for an unknown account."""
    fields = {"isGuest": 1, "geolocation.countryCode": 1, "preferences.languages": 1}
    users = _union("users", {"ownerAccount": account}, {"$project": {"user": "$_id"}})
    stages: list[Mapping[str, Any]] = [{"$match": {"_id": account}}, {"$project": fields}, users]
    documents = list(collection(db, "accounts").aggregate(stages))
    if not documents:
        return None
    record = next((document for document in documents if "user" not in document), {})
    code, languages = _part(record, "geolocation", "countryCode"), _part(record, "preferences", "languages")
    listed = languages if isinstance(languages, list) else []
    return AccountRecord(
        is_guest=record.get("isGuest") is True,
        country_code=country_code(code),
        languages=[code for code in dict.fromkeys(map(language_code, listed)) if code],
        users=[document["user"] for document in documents if isinstance(document.get("user"), ObjectId)],
    )


def read_state(
    db: Databases, account: ObjectId, levels: Mapping[str, Sequence[str]], configuration: str
) -> ServingState:
    """Reads the snapshot's header, the configuration's variants, the stored boosters and the member effects.

    `levels`: accounts of the boosters by the artifacts' collection.
    """
    stages: list[Mapping[str, Any]] = [
        {"$match": {"_id": _HEADER}},
        _union("configurations", {"_id": configuration}, {"$project": {"variants": 1, "version": 1}}),
        _union(MEMBER_ARTIFACTS, {"account": account, "format": "npy"}, {"$project": {"previous": 0}}),
    ]
    for name, accounts in levels.items():
        stamp = dict.fromkeys(("account", "model", "checksum", "fingerprint"), 1) | {"_id": 0}
        condition = {"account": {"$in": list(accounts)}, "format": "ubj"}
        stages.append(_union(name, condition, {"$project": stamp | {"collection": {"$literal": name}}}))
    documents = list(collection(db, "servingSnapshot").aggregate(stages))
    published: Document = next((document for document in documents if isinstance(document.get("variants"), list)), {})
    version = published.get("version")
    return ServingState(
        snapshot=next((document for document in documents if document.get("_id") == _HEADER), None),
        version=version if isinstance(version, int) else 0,
        variants=[variant for variant in published.get("variants", []) if isinstance(variant, dict)],
        boosters=[document for document in documents if "collection" in document],
        effects=next((document for document in documents if "artifact" in document), None),
    )


def read_past(db: Databases, account: ObjectId, users: Sequence[ObjectId], since: datetime, now: datetime) -> Columns:
    """Returns the account's engagements and exposures in [since, now), and all its follows and blocks.

    `table` ENGAGED: `about` is a content, `kind` as in store.inputs.event_log; SEEN: `about` is a content; RELATED:
    `about` is a user, `kind` 1 a follow, 2 a block in either direction, 3 both.
    """
    window = {"$gte": since, "$lt": now}
    follows = {"$toInt": {"$eq": ["$following", True]}}
    relation = {"$add": [follows, {"$cond": [{"$eq": ["$blocking", True]}, 2, 0]}]}
    exposed, of_users = {"viewer": account, "seenAt": window}, {"user": {"$in": list(users)}}
    blockers = {"followedUser": {"$in": list(users)}, "blocking": True}
    stages: list[Mapping[str, Any]] = [
        {"$match": _engaged(account, users, window)},
        _row(ENGAGED, "$createdAt", "$targetRef.$id", type_code()),
        _union("feeditems", exposed, _row(SEEN, "$seenAt", "$content", {"$literal": 0})),
        _union("relationships", of_users, _row(RELATED, "$createdAt", "$followedUser", relation)),
        _union("relationships", blockers, _row(RELATED, "$createdAt", "$user", {"$literal": 2})),
    ]
    fields = {name: (kind, f"${name}") for name, kind in _PAST.items()}
    return read_columns(db, "engagements", stages, fields)


def read_guest_feed(db: Databases, country: str, most: int) -> list[tuple[ObjectId, float]]:
    """Returns the best contents of a country's guest feed with their scores, best first."""
    items = collection(db, "guestfeeditems").find({"countryCode": country}, {"content": 1, "score": 1})
    return [(item["content"], item["score"]) for item in items.sort("_id", 1).limit(most)]


def _engaged(account: ObjectId, users: Sequence[ObjectId], window: Mapping[str, Any]) -> Mapping[str, Any]:
    unsigned = {
        "user": {"$in": list(users)},
        "account": {"$not": {"$type": "objectId"}},
    }  # older documents name the user
    return {
        "createdAt": window,
        **counted(FEEDBACK_TYPES),
        "$or": [{"account": account}, unsigned] if users else [{"account": account}],
    }


def _row(table: int, time: str, about: str, kind: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"$project": {"_id": 0, "time": time, "about": about, "kind": kind, "table": {"$literal": table}}}


def _union(name: str, condition: Mapping[str, Any], shape: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"$unionWith": {"coll": name, "pipeline": [{"$match": condition}, shape]}}


def _part(document: Mapping[str, Any], *path: str) -> Any:
    part: Any = document
    for name in path:
        part = part.get(name) if isinstance(part, dict) else None
    return part
