"""Erasure of people: finding their ids, removing them, and keeping them from coming back.

Each erased id leaves a tombstone: its HMAC-SHA-256 under a key of this database, from which no id can be read.
"""

import hashlib
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from pymongo import DeleteOne, ReplaceOne
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from store.client import Databases
from store.ids import Document, ObjectId
from store.queries import ids_where
from store.schema import collection

OURS_IN_APP = ("contentinfo", "guestfeeditems", "suspiciouscredentials")
REDACTED = (  # documents about many people, which stay without the id
    "runs",
    "evaluations",
    "configurations",
    "actionSettings",
    "actionBudgets",
    "guestFeedDays",
    "settings",
    "audit",
)
_KEY = "key"  # _id of the document with the key of the hashes
ID_FIELDS: Mapping[str, tuple[str, ...]] = {  # fields with ids that a job writes again while the app has them
    "contentStats": ("_id", "authorId"),
    "creatorStats": ("_id", "ownerAccount"),
    "contentinfo": ("contentId",),
    "guestfeeditems": ("content", "author", "originalContent", "originalAuthor"),
    "suspiciouscredentials": ("seenCredential",),
    "credentialfeatures": ("seenCredential",),
    "mlArtifacts": ("account",),
    "karma": ("userId",),
    "cascades": ("_id", "nodes.id", "nodes.user"),
    "moods": ("userId",),
    "actions": ("actor", "target"),
}
_FIRST_ID = ObjectId(b"\0" * 12)
_APP_ID_FIELDS = (  # fields of app-db that may hold an erased id after the app has deleted the rest
    ("accounts", "_id"),
    ("users", "_id"),
    ("contents", "author.id"),
    ("contents", "originalPost._id"),
    ("feeditems", "seenCredential"),
    ("feeditems", "seenUUID"),
)
REBUILT = ("servingSnapshot",)  # built again as a whole
Matcher = Callable[[Any], bool]


@dataclass(frozen=True)
class Person:
    """The ids of one person."""

    account: ObjectId
    users: frozenset[ObjectId]
    contents: frozenset[ObjectId]
    credentials: frozenset[ObjectId]

    @property
    def ids(self) -> frozenset[ObjectId]:
        """All ids together."""
        return self.users | self.contents | self.credentials | {self.account}


def person_of(db: Databases, account: ObjectId) -> Person:
    """Returns the owner of the account, from app-db and from statistics of users and posts that the app has deleted."""
    owned = {"ownerAccount": account}
    users = ids_where(db, "users", owned) | ids_where(db, "creatorStats", owned)
    authors = {"$in": list(users)}
    contents = ids_where(db, "contents", {"author.id": authors}) | ids_where(db, "contentStats", {"authorId": authors})
    credentials = ids_where(db, "credentials", {"account": account})
    return Person(account, frozenset(users), frozenset(contents), frozenset(credentials))


def add_tombstones(db: Databases, ids: Iterable[ObjectId], now: datetime) -> int:
    """Adds a tombstone for each id and returns how many are new."""
    key, tombstones = _key(db), collection(db, "tombstones")
    hashes = [_hash(key, person_id) for person_id in ids]
    stored = ids_where(db, "tombstones", {"_id": {"$in": hashes}})
    fresh = [{"_id": digest, "createdAt": now} for digest in dict.fromkeys(hashes) if digest not in stored]
    if fresh:
        tombstones.insert_many(fresh, ordered=False)
    return len(fresh)


def erased_ids(db: Databases) -> list[ObjectId]:
    """Returns the erased ids that are in app-db and all ids that belong to those users and accounts, ascending."""
    if not _has_tombstones(db):
        return []
    key, hashes = _key(db), ids_where(db, "tombstones", {})
    erased = {app_id for place in _APP_ID_FIELDS for app_id in _distinct(db, *place) if _hash(key, app_id) in hashes}
    accounts = {"$in": sorted(erased)}
    users = ids_where(db, "users", {"ownerAccount": accounts}) | erased
    contents = ids_where(db, "contents", {"author.id": {"$in": sorted(users)}})
    return sorted(users | contents | ids_where(db, "credentials", {"account": accounts}))


def erased_among(db: Databases, ids: Iterable[ObjectId]) -> list[ObjectId]:
    """Returns those of a few ids that have a tombstone, ascending; reads only the index of tombstones."""
    if not _has_tombstones(db):
        return []
    key = _key(db)
    by_hash = {_hash(key, person_id): person_id for person_id in ids}
    return sorted(by_hash[digest] for digest in ids_where(db, "tombstones", {"_id": {"$in": list(by_hash)}}))


def posts_of_erased(db: Databases, posts: Iterable[ObjectId]) -> list[ObjectId]:
    """Returns those of the posts that have a tombstone, or whose author or author's account has one."""
    if not _has_tombstones(db):
        return []
    chains: dict[ObjectId, list[Any]] = {post: [post] for post in posts}
    for post in collection(db, "contents").find({"_id": {"$in": list(chains)}}, {"author.id": 1}):
        author = post.get("author")
        chains[post["_id"]].append(author.get("id") if isinstance(author, Mapping) else None)
    authors = {author for chain in chains.values() for author in chain[1:] if isinstance(author, ObjectId)}
    users = collection(db, "users").find({"_id": {"$in": sorted(authors)}}, {"ownerAccount": 1})
    owner = {user["_id"]: user.get("ownerAccount") for user in users}
    linked = {link for link in (*chains, *authors, *owner.values()) if isinstance(link, ObjectId)}
    erased = set(erased_among(db, linked))
    return [post for post, chain in chains.items() if not erased.isdisjoint([*chain, owner.get(chain[-1])])]


@contextmanager
def without_erased(db: Databases) -> Iterator[Databases]:
    """Yields databases whose columns leave out erased people; afterwards removes documents that still name them."""
    yield replace(db, erased=erased_ids(db))
    if ids := erased_ids(db):  # also people who were erased meanwhile
        remove_named(db, ids)


def remove_named(db: Databases, ids: list[ObjectId]) -> Counter[str]:
    """Removes documents with an erased id in one of ID_FIELDS and returns how many by collection."""
    removed: Counter[str] = Counter()
    for name, fields in ID_FIELDS.items():
        for start in range(0, len(ids), 10_000):
            part = {"$in": ids[start : start + 10_000]}
            condition = {"$or": [{field: part} for field in fields]}
            removed[name] += collection(db, name).delete_many(condition).deleted_count
    return +removed


def erase(db: Databases, ids: frozenset[ObjectId]) -> dict[str, dict[str, int]]:
    """Removes the ids from every collection of ours and returns how many documents were redacted and removed in each.

    Documents about the person are deleted. Documents about many people are redacted.
    """
    counts: dict[str, dict[str, int]] = {}
    matches = id_matcher(ids)
    ours = sorted(set(db.analytics.list_collection_names()) - set(REBUILT))
    for target in [*(db.analytics[name] for name in ours), *(db.app[name] for name in OURS_IN_APP)]:
        if changed := _erase_from(target, matches):
            counts[target.name] = dict(changed)
    return counts


def remove_from_app(db: Databases, person: Person) -> dict[str, int]:
    """Deletes the person from the app's own collections and returns how many documents by collection."""
    conditions: dict[str, Sequence[tuple[str, Iterable[ObjectId]]]] = {
        "engagements": [("user", person.users), ("account", {person.account}), ("targetRef.$id", person.contents)],
        "feeditems": [("viewer", {person.account}), ("content", person.contents), ("author", person.users)]
        + [(name, person.credentials) for name in ("seenCredential", "seenUUID")],
        "comments": [("author._id", person.users), ("targetRef.$id", person.contents)],
        "relationships": [("user", person.users), ("followedUser", person.users)],
        "contents": [("author.id", person.users), ("_id", person.contents)],
        "credentials": [("account", {person.account})],
        "users": [("_id", person.users)],
        "accounts": [("_id", {person.account})],
    }
    removed = {}
    for name, pairs in conditions.items():
        condition = {"$or": [{field: {"$in": sorted(values)}} for field, values in pairs]}
        removed[name] = collection(db, name).delete_many(condition).deleted_count
    reshared = {"originalPost._id": {"$in": sorted(person.contents)}}
    by_author = {"originalPost.author.id": {"$in": sorted(person.users)}}
    cut = collection(db, "contents").update_many({"$or": [reshared, by_author]}, {"$unset": {"originalPost": ""}})
    items = {"itemId": {"$in": sorted(person.contents)}}
    collection(db, "engagements").update_many(items, {"$unset": {"itemId": ""}})
    removed["reshares"] = cut.modified_count
    return {name: count for name, count in removed.items() if count}


def id_matcher(ids: frozenset[ObjectId]) -> Matcher:
    """Returns a function that says whether a value holds one of the ids: as an id, as digits in a text, as bytes."""
    texts, raw = {str(person_id) for person_id in ids}, [person_id.binary for person_id in ids]

    def matches(value: Any) -> bool:
        if isinstance(value, ObjectId):
            return value in ids
        if isinstance(value, str):
            return len(value) >= 24 and any(part in texts for part in _windows(value))
        if isinstance(value, bytes):
            digits = _windows(value.decode("latin-1"))
            return any(part in value for part in raw) or any(part in texts for part in digits)
        if isinstance(value, Mapping):
            return any(matches(part) for pair in value.items() for part in pair)
        return isinstance(value, list) and any(matches(element) for element in value)

    return matches


def redacted(value: Any, matches: Matcher) -> Any:
    """Returns the value without the ids: an id becomes None, a text with one is replaced, a list item with one goes."""
    if isinstance(value, Mapping):
        return {name: redacted(inner, matches) for name, inner in value.items() if not matches(name)}
    if isinstance(value, list):
        return [redacted(element, matches) for element in value if not matches(element)]
    if matches(value):
        return "forgotten" if isinstance(value, str) else None
    return value


def _has_tombstones(db: Databases) -> bool:
    return collection(db, "tombstones").find_one({"_id": {"$ne": _KEY}}) is not None


def _erase_from(target: Collection[Document], matches: Matcher) -> Counter[str]:
    """Returns how many documents were redacted and removed."""
    counts: Counter[str] = Counter()
    hits = (document for document in target.find() if matches(document))
    while batch := list(islice(hits, 1_000)):
        writes = [_erasing_write(target.name, document, matches) for document in batch]
        target.bulk_write(writes, ordered=False)
        counts.update("redacted" if isinstance(write, ReplaceOne) else "removed" for write in writes)
    return counts


def _erasing_write(name: str, document: Document, matches: Matcher) -> ReplaceOne[Document] | DeleteOne:
    key = {"_id": document["_id"]}
    if name in REDACTED and not matches(document["_id"]):
        return ReplaceOne(key, redacted(document, matches))
    return DeleteOne(key)


def _windows(text: str) -> Iterator[str]:
    """Yields every 24 hexadecimal digits in a row, in lower case."""
    for run in re.finditer(r"[0-9a-fA-F]{24,}", text):
        digits = run[0].lower()
        yield from (digits[start : start + 24] for start in range(len(digits) - 23))


def _distinct(db: Databases, name: str, path: str) -> list[ObjectId]:
    """Returns every id at the path; scans its index."""
    stages: list[Document] = [
        {"$match": {path: {"$gte": _FIRST_ID}}},
        {"$sort": {path: 1}},
        {"$group": {"_id": f"${path}"}},
    ]
    return [group["_id"] for group in collection(db, name).aggregate(stages, allowDiskUse=True)]


def _key(db: Databases) -> bytes:
    tombstones = collection(db, "tombstones")
    if not tombstones.find_one({"_id": _KEY}):
        with suppress(DuplicateKeyError):  # another run was faster
            tombstones.insert_one({"_id": _KEY, "key": secrets.token_bytes(32)})
    return bytes((tombstones.find_one({"_id": _KEY}) or {})["key"])


def _hash(key: bytes, value: ObjectId) -> str:
    return hmac.new(key, value.binary, hashlib.sha256).hexdigest()
