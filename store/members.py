"""One account's own documents, on indexes, for a request that must answer in milliseconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store import logs
from store.client import Databases
from store.columns import Columns, read_columns
from store.documents import ObjectId
from store.schema import collection, ensure_indexes


@dataclass(frozen=True)
class AccountRecord:
    """What an account says of itself."""

    is_guest: bool
    country_code: str  # as it is written, "" without one
    languages: Sequence[str]
    users: Sequence[ObjectId]


def prepare(db: Databases) -> None:
    """Makes the indexes that these reads use."""
    ensure_indexes(db, "contents", "engagements", "feeditems", "users", "relationships", "guestfeeditems")


def read_account(db: Databases, account: ObjectId) -> AccountRecord | None:
    """The account and the users that it owns; None when there is no such account."""
    wanted = {"isGuest": 1, "geolocation.countryCode": 1, "preferences.languages": 1}
    found = collection(db, "accounts").find_one({"_id": account}, wanted)
    users = [each["_id"] for each in collection(db, "users").find({"ownerAccount": account}, {"_id": 1})]
    if found is None and not users:
        return None
    found = found or {}
    code, languages = _part(found, "geolocation", "countryCode"), _part(found, "preferences", "languages")
    return AccountRecord(
        is_guest=found.get("isGuest") is True,
        country_code=code if isinstance(code, str) else "",
        languages=[each for each in languages if isinstance(each, str)] if isinstance(languages, list) else [],
        users=users,
    )


def read_past(
    db: Databases, account: ObjectId, users: Sequence[ObjectId], since: datetime, now: datetime
) -> dict[str, Columns]:
    """The account's engagements and exposures in [since, now), and all its follows and blocks, as store.logs has them."""
    window, of_users = {"$gte": since, "$lt": now}, {"$in": list(users)}
    unsigned = {"user": of_users, "account": {"$not": {"$type": "objectId"}}}  # older ones name the user alone
    signed_or_not = [{"account": account}, unsigned] if users else [{"account": account}]
    return {
        "engagements": logs.read_engagements(db, {"createdAt": window, "$or": signed_or_not}),
        "exposures": logs.read_exposures(db, {"viewer": account, "seenAt": window}),
        "relations": _read_relations(db, {"user": of_users}),
    }


def read_published(db: Databases, contents: Sequence[ObjectId]) -> set[ObjectId]:
    """Which of these contents are published now."""
    condition = {"_id": {"$in": list(contents)}, "visibility": "publish"}
    return {each["_id"] for each in collection(db, "contents").find(condition, {"_id": 1})}


def read_guest_feed(db: Databases, country: str, most: int) -> list[tuple[ObjectId, float]]:
    """The best contents of a country's guest feed with their scores, best first."""
    items = collection(db, "guestfeeditems").find({"countryCode": country}, {"content": 1, "score": 1})
    return [(each["content"], each["score"]) for each in items.sort("_id", 1).limit(most)]


def read_variants(db: Databases, name: str) -> list[Mapping[str, Any]]:
    """The variants of the published configuration `name`; none when there is none."""
    found = collection(db, "configurations").find_one({"_id": name}, {"variants": 1})
    variants = (found or {}).get("variants")
    return [each for each in variants if isinstance(each, dict)] if isinstance(variants, list) else []


def _read_relations(db: Databases, condition: Mapping[str, Any]) -> Columns:
    fields = {
        "time": ("time", "$createdAt"),
        "user": ("id", "$followedUser"),
        "follows": ("int", {"$toInt": {"$eq": ["$following", True]}}),
        "blocks": ("int", {"$toInt": {"$eq": ["$blocking", True]}}),
    }
    return read_columns(collection(db, "relationships"), [{"$match": condition}], fields)


def _part(document: Mapping[str, Any], *path: str) -> Any:
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found
