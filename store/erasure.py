"""Erasure of people: finding their ids, removing them, and keeping them from coming back.

Each erased id leaves a tombstone: its HMAC-SHA-256 under a key of this database, from which no id can be read.
"""

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from pymongo import DeleteOne, ReplaceOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from store.client import Databases
from store.ids import Document, ObjectId
from store.queries import ids_where
from store.redaction import Matcher, id_matcher, name_pattern, named_ids, redacted, renamed
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
LINKS = ("cascades", "contentStats", "credentialfeatures", "creatorStats")  # say whose a post, device or user is


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


def is_erased(db: Databases, person: ObjectId) -> bool:
    """Returns whether this account or user, or the account that owns the user, has a tombstone."""
    if not _has_tombstones(db):
        return False
    user = collection(db, "users").find_one({"_id": person}, {"ownerAccount": 1}) or {}
    owner = user.get("ownerAccount")
    return bool(erased_among(db, [person, *([owner] if isinstance(owner, ObjectId) else [])]))


def without_erased_ids(db: Databases, document: Document) -> Document:
    """Returns the document without the ids of erased people in its values and texts."""
    erased = frozenset(erased_among(db, named_ids(list(document.values()))))
    return redacted(document, id_matcher(erased)) if erased else document


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


def erase(db: Databases, ids: frozenset[ObjectId], dry_run: bool = False) -> dict[str, dict[str, int]]:
    """Removes the ids from every collection of ours and returns how many documents were redacted and removed in each.

    Documents about the person are deleted. Documents about many people are redacted. LINKS leave last, so that a run
    after a kill finds the same person. `dry_run` only counts.
    """
    counts: dict[str, dict[str, int]] = {}
    matches = id_matcher(ids)
    ours = sorted(set(db.analytics.list_collection_names()) - set(REBUILT) - set(LINKS))
    for target in [*(db.app[name] for name in OURS_IN_APP), *(db.analytics[name] for name in (*ours, *LINKS))]:
        if changed := _erase_from(target, matches, dry_run):
            counts[target.name] = dict(changed)
    return counts


def redact_names(db: Databases, names: Iterable[str], dry_run: bool = False) -> int:
    """Replaces the names in entries of the audit log and returns how many entries; `dry_run` only counts."""
    pattern = name_pattern(names)
    if not pattern:
        return 0
    writes = []
    for entry in collection(db, "audit").find({}, {"subject": 1, "before": 1, "after": 1}):
        key, clean = {"_id": entry.pop("_id")}, renamed(entry, pattern)
        if clean != entry:
            writes.append(UpdateOne(key, {"$set": clean}))
    if writes and not dry_run:
        collection(db, "audit").bulk_write(writes, ordered=False)
    return len(writes)


def _has_tombstones(db: Databases) -> bool:
    return collection(db, "tombstones").find_one({"_id": {"$ne": _KEY}}) is not None


def _erase_from(target: Collection[Document], matches: Matcher, dry_run: bool) -> Counter[str]:
    """Returns how many documents were redacted and removed."""
    counts: Counter[str] = Counter()
    hits = (document for document in target.find() if matches(document))
    while batch := list(islice(hits, 1_000)):
        writes = [_erasing_write(target.name, document, matches) for document in batch]
        if not dry_run:
            target.bulk_write(writes, ordered=False)
        counts.update("redacted" if isinstance(write, ReplaceOne) else "removed" for write in writes)
    return counts


def _erasing_write(name: str, document: Document, matches: Matcher) -> ReplaceOne[Document] | DeleteOne:
    key = {"_id": document["_id"]}
    if name in REDACTED and not matches(document["_id"]):
        return ReplaceOne(key, redacted(document, matches))
    return DeleteOne(key)


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
