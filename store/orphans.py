"""Documents of ours about people, posts and devices that nothing in app-db names any more.

When the app deletes before `feedpulse forget` runs, nobody can say whose they were.
"""

from collections.abc import Iterator, Set
from itertools import islice
from typing import Any

from store.client import Databases
from store.ids import ObjectId
from store.queries import stream
from store.schema import FEEDITEM_FIELDS, collection

Place = tuple[str, str]  # collection and path
_USER: tuple[Place, ...] = (("users", "_id"), ("contents", "author.id"))
_ACCOUNT: tuple[Place, ...] = (("accounts", "_id"), ("feeditems", "viewer"))
_DEVICE: tuple[Place, ...] = (
    ("credentials", "_id"),
    *(("feeditems", name) for name in FEEDITEM_FIELDS["seenCredential"]),
    ("credentialfeatures", "seenCredential"),  # with an account: it leaves with that account
)
_OWNERS: dict[str, tuple[str, tuple[Place, ...]]] = {  # collection → its field, and what in app-db may name the value
    "contentinfo": ("contentId", (("contents", "_id"),)),
    "suspiciouscredentials": ("seenCredential", _DEVICE),
    "credentialfeatures": ("seenCredential", _DEVICE),
    "karma": ("userId", _USER),
    "moods": ("userId", _USER),
    "mlArtifacts": ("account", _ACCOUNT),
    "explorations": ("account", _ACCOUNT),
}
_AT_ONCE = 10_000


def remove_orphans(db: Databases, erased: Set[ObjectId], dry_run: bool = False) -> dict[str, dict[str, int]]:
    """Removes documents whose owner is gone from app-db and returns how many by collection.

    Documents of the ids `erased` are left to their erasure. `dry_run` only counts.
    """
    counts = {}
    for name, (field, places) in _OWNERS.items():
        target, number = collection(db, name), 0
        for ids in _orphaned(db, name, field, places):
            condition = {field: {"$in": list(ids - erased)}}
            number += target.count_documents(condition) if dry_run else target.delete_many(condition).deleted_count
        if number:
            counts[name] = {"orphaned": number}
    return counts


def _orphaned(db: Databases, name: str, field: str, places: tuple[Place, ...]) -> Iterator[set[Any]]:
    """Yields the ids in the field that none of the places names, some thousand at a time."""
    scalar = {"$match": {field: {"$type": ["objectId", "string", "number"]}}}
    groups = stream(db, name, [scalar, {"$group": {"_id": f"${field}"}}])
    while batch := {group["_id"] for group in islice(groups, _AT_ONCE)}:
        for place, path in places:
            owned = {"account": {"$type": "objectId"}} if place == "credentialfeatures" else {}
            among = {path: {"$in": list(batch)}} | owned
            batch -= {group["_id"] for group in stream(db, place, [{"$match": among}, {"$group": {"_id": f"${path}"}}])}
        yield batch
