"""A person forgotten: who that is, where the ids stand, their removal, and what keeps them from coming back.

What is kept is a tombstone for each id: its SHA-256 under a key of this database, from which no id can be read.
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
from store.schema import collection

OURS_IN_APP = ("contentinfo", "guestfeeditems", "suspiciouscredentials")
ABOUT_MANY = (
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
NAMED_BY: Mapping[str, tuple[str, ...]] = {  # where ids stand that a job writes again while the app has them
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
_MET = (  # where a forgotten id may stand in app-db after the app has deleted the rest
    ("accounts", "_id"),
    ("users", "_id"),
    ("contents", "author.id"),
    ("contents", "originalPost._id"),
    ("feeditems", "seenCredential"),
    ("feeditems", "seenUUID"),
)
REBUILT = ("servingSnapshot",)  # taken anew as a whole
Found = Callable[[Any], bool]


@dataclass(frozen=True)
class Person:
    """Every id by which somebody is known."""

    account: ObjectId
    users: frozenset[ObjectId]
    contents: frozenset[ObjectId]
    credentials: frozenset[ObjectId]

    @property
    def ids(self) -> frozenset[ObjectId]:
        """All of them."""
        return self.users | self.contents | self.credentials | {self.account}


def person_of(db: Databases, account: ObjectId) -> Person:
    """Who owns the account, by what the app has and by what we still know of users that it no longer has."""
    users = {each["_id"] for each in collection(db, "users").find({"ownerAccount": account}, {"_id": 1})}
    users |= {each["_id"] for each in collection(db, "creatorStats").find({"ownerAccount": account}, {"_id": 1})}
    mine = {"$in": list(users)}
    contents = {each["_id"] for each in collection(db, "contents").find({"author.id": mine}, {"_id": 1})}
    contents |= {each["_id"] for each in collection(db, "contentStats").find({"authorId": mine}, {"_id": 1})}
    credentials = {each["_id"] for each in collection(db, "credentials").find({"account": account}, {"_id": 1})}
    return Person(account, frozenset(users), frozenset(contents), frozenset(credentials))


def bury(db: Databases, ids: Iterable[ObjectId], now: datetime) -> int:
    """Sets a tombstone for each id; gives how many are new."""
    key, tombstones = _key(db), collection(db, "tombstones")
    hashes = [_hash(key, each.binary) for each in ids]
    there = {each["_id"] for each in tombstones.find({"_id": {"$in": hashes}})}
    fresh = [{"_id": each, "createdAt": now} for each in dict.fromkeys(hashes) if each not in there]
    if fresh:
        tombstones.insert_many(fresh, ordered=False)
    return len(fresh)


def buried(db: Databases) -> list[ObjectId]:
    """Ids of the forgotten that stand in app-db, with all that belongs to those users and accounts."""
    if not _is_anybody_forgotten(db):
        return []
    key, hashes = _key(db), {each["_id"] for each in collection(db, "tombstones").find({}, {"_id": 1})}
    met = {each for place in _MET for each in _distinct(db, *place) if _hash(key, each.binary) in hashes}
    some = {"$in": sorted(met)}
    users = {each["_id"] for each in collection(db, "users").find({"ownerAccount": some}, {"_id": 1})} | met
    contents = collection(db, "contents").find({"author.id": {"$in": sorted(users)}}, {"_id": 1})
    credentials = collection(db, "credentials").find({"account": some}, {"_id": 1})
    return sorted(users | {each["_id"] for rows in (contents, credentials) for each in rows})


def forgotten_among(db: Databases, ids: Iterable[ObjectId]) -> list[ObjectId]:
    """Which of these ids have a tombstone, by its index: for jobs that touch a few."""
    if not _is_anybody_forgotten(db):
        return []
    key = _key(db)
    hashes = {_hash(key, each.binary): each for each in ids}
    found = collection(db, "tombstones").find({"_id": {"$in": list(hashes)}}, {"_id": 1})
    return sorted(hashes[each["_id"]] for each in found)


def posts_of_forgotten(db: Databases, posts: Iterable[ObjectId]) -> list[ObjectId]:
    """Which of these posts have a tombstone, or an author, or an author's account that has one."""
    if not _is_anybody_forgotten(db):
        return []
    chain: dict[ObjectId, list[Any]] = {each: [each] for each in posts}
    for each in collection(db, "contents").find({"_id": {"$in": list(chain)}}, {"author.id": 1}):
        author = each.get("author")
        chain[each["_id"]].append(author.get("id") if isinstance(author, Mapping) else None)
    authors = {each for some in chain.values() for each in some[1:] if isinstance(each, ObjectId)}
    found = collection(db, "users").find({"_id": {"$in": sorted(authors)}}, {"ownerAccount": 1})
    owner = {each["_id"]: each.get("ownerAccount") for each in found}
    met = {each for each in (*chain, *authors, *owner.values()) if isinstance(each, ObjectId)}
    gone = set(forgotten_among(db, met))
    return [post for post, some in chain.items() if not gone.isdisjoint([*some, owner.get(some[-1])])]


@contextmanager
def without_erased(db: Databases) -> Iterator[Databases]:
    """Yields databases whose columns leave out erased people; afterwards removes documents that still name them."""
    yield replace(db, erased=buried(db))
    if ids := buried(db):  # also who was forgotten meanwhile
        remove_named(db, ids)


def remove_named(db: Databases, ids: list[ObjectId]) -> Counter[str]:
    """Removes documents that name one of the ids in a field of theirs; gives how many by collection."""
    removed: Counter[str] = Counter()
    for name, fields in NAMED_BY.items():
        for start in range(0, len(ids), 10_000):
            part = {"$in": ids[start : start + 10_000]}
            condition = {"$or": [{field: part} for field in fields]}
            removed[name] += collection(db, name).delete_many(condition).deleted_count
    return +removed


def sweep(db: Databases, ids: frozenset[ObjectId]) -> dict[str, dict[str, int]]:
    """Removes the ids from everything of ours, whatever the collection: counts by collection.

    Documents about the person go; in those about many, the id goes and the rest stays.
    """
    found: dict[str, dict[str, int]] = {}
    named = finder(ids)
    ours = sorted(set(db.analytics.list_collection_names()) - set(REBUILT))
    names = [(db.analytics, name) for name in ours]
    for database, name in [*names, *((db.app, name) for name in OURS_IN_APP)]:
        if counts := _swept(database[name], named):
            found[name] = dict(counts)
    return found


def remove_from_app(db: Databases, person: Person) -> dict[str, int]:
    """Deletes the person from the app's own collections; for an app that leaves that to us."""
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
        condition = {"$or": [{field: {"$in": sorted(ids)}} for field, ids in pairs]}
        removed[name] = collection(db, name).delete_many(condition).deleted_count
    reshared = {"originalPost._id": {"$in": sorted(person.contents)}}
    by = {"originalPost.author.id": {"$in": sorted(person.users)}}
    cut = collection(db, "contents").update_many({"$or": [reshared, by]}, {"$unset": {"originalPost": ""}})
    items = {"itemId": {"$in": sorted(person.contents)}}
    collection(db, "engagements").update_many(items, {"$unset": {"itemId": ""}})
    removed["reshares"] = cut.modified_count
    return {name: count for name, count in removed.items() if count}


def finder(ids: frozenset[ObjectId]) -> Found:
    """A function that says whether a value holds one of the ids: as an id, as digits in a text, as bytes."""
    texts, raw = {str(each) for each in ids}, [each.binary for each in ids]

    def named(value: Any) -> bool:
        if isinstance(value, ObjectId):
            return value in ids
        if isinstance(value, str):
            return len(value) >= 24 and any(part in texts for part in _windows(value))
        if isinstance(value, bytes):
            return any(each in value for each in raw) or any(
                part in texts for part in _windows(value.decode("latin-1"))
            )
        if isinstance(value, Mapping):
            return any(named(each) for pair in value.items() for each in pair)
        return isinstance(value, list) and any(named(each) for each in value)

    return named


def redacted(value: Any, named: Found) -> Any:
    """The value without the ids: they become None, a text that holds one is replaced, list items about one go."""
    if isinstance(value, Mapping):
        return {name: redacted(each, named) for name, each in value.items() if not named(name)}
    if isinstance(value, list):
        return [redacted(each, named) for each in value if not named(each)]
    if named(value):
        return "forgotten" if isinstance(value, str) else None
    return value


def _is_anybody_forgotten(db: Databases) -> bool:
    return collection(db, "tombstones").find_one({"_id": {"$ne": _KEY}}) is not None


def _swept(target: Collection[Document], named: Found) -> Counter[str]:
    """How many documents that hold an id were redacted and removed."""
    counts: Counter[str] = Counter()
    hits = (document for document in target.find() if named(document))
    while batch := list(islice(hits, 1_000)):
        writes = [_without(target.name, each, named) for each in batch]
        target.bulk_write(writes, ordered=False)
        counts.update("redacted" if isinstance(each, ReplaceOne) else "removed" for each in writes)
    return counts


def _without(name: str, document: Document, named: Found) -> ReplaceOne[Document] | DeleteOne:
    key = {"_id": document["_id"]}
    if name in ABOUT_MANY and not named(document["_id"]):
        return ReplaceOne(key, redacted(document, named))
    return DeleteOne(key)


def _windows(text: str) -> Iterator[str]:
    """Every 24 hexadecimal digits in a row, small."""
    for run in re.finditer(r"[0-9a-fA-F]{24,}", text):
        digits = run[0].lower()
        yield from (digits[at : at + 24] for at in range(len(digits) - 23))


def _distinct(db: Databases, name: str, path: str) -> list[ObjectId]:
    """Every id at the path, by a scan of its index."""
    stages: list[Document] = [
        {"$match": {path: {"$gte": _FIRST_ID}}},
        {"$sort": {path: 1}},
        {"$group": {"_id": f"${path}"}},
    ]
    return [each["_id"] for each in collection(db, name).aggregate(stages, allowDiskUse=True)]


def _key(db: Databases) -> bytes:
    tombstones = collection(db, "tombstones")
    if not tombstones.find_one({"_id": _KEY}):
        with suppress(DuplicateKeyError):  # another run was faster
            tombstones.insert_one({"_id": _KEY, "key": secrets.token_bytes(32)})
    return bytes((tombstones.find_one({"_id": _KEY}) or {})["key"])


def _hash(key: bytes, value: bytes) -> str:
    return hmac.new(key, value, hashlib.sha256).hexdigest()
