"""Finding a person: the account behind an id or a handle, and every id and name of its owner.

The app may have deleted its documents already. So every link is also looked up in what feedpulse stores.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from store import erasure
from store.client import Databases
from store.ids import Document, ObjectId
from store.queries import exists, ids_where
from store.schema import FEEDITEM_FIELDS, collection

_ACCOUNT_FIELDS = (  # places that name an account
    ("accounts", "_id"),
    ("users", "ownerAccount"),
    ("credentials", "account"),
    ("creatorStats", "ownerAccount"),
    ("credentialfeatures", "account"),
    ("mlArtifacts", "account"),
    ("explorations", "account"),
    ("feeditems", "viewer"),
)
_PROFILES = ("users", "creatorStats")  # both have ownerAccount and displayId


@dataclass(frozen=True)
class Person:
    """The ids and names of one person."""

    account: ObjectId
    users: frozenset[ObjectId]
    contents: frozenset[ObjectId]
    credentials: frozenset[ObjectId]
    names: frozenset[str] = frozenset()  # display ids and display names

    @property
    def ids(self) -> frozenset[ObjectId]:
        """All ids together."""
        return self.users | self.contents | self.credentials | {self.account}


def find_account(db: Databases, words: str) -> ObjectId | None:
    """Returns the account of an id (of an account or a user) or of a handle, with or without @; None for nobody.

    A user without an account has the user's id as account. So has an id that only documents of ours or a tombstone
    name.

    Raises:
        ValueError: for the id of a post or device, and for a handle of several accounts.
    """
    if not ObjectId.is_valid(words):
        return _account_of_handle(db, words)
    one = ObjectId(words)
    if any(exists(db, name, {field: one}) for name, field in _ACCOUNT_FIELDS):
        return one
    for name in _PROFILES:
        if profile := collection(db, name).find_one({"_id": one}, {"ownerAccount": 1}):
            return _account(profile)
    _refuse_others(db, one)
    return one if erasure.erased_among(db, [one]) or _is_named(db, one) else None


def person_of(db: Databases, account: ObjectId) -> Person:
    """Returns the owner of the account, from app-db and from what we store of users, posts and devices."""
    own = {"$or": [{"ownerAccount": account}, {"_id": account}]}
    profiles = [profile for name in _PROFILES for profile in collection(db, name).find(own, _PROFILE)]
    users = {profile["_id"] for profile in profiles}
    names = {profile.get(name) for profile in profiles for name in ("displayId", "displayName")}
    return Person(
        account,
        users=frozenset(users),
        contents=frozenset(_contents(db, list(users))),
        credentials=frozenset(_credentials(db, account)),
        names=frozenset(name.strip() for name in names if isinstance(name, str) and name.strip()),
    )


def remove_from_app(db: Databases, person: Person, dry_run: bool = False) -> dict[str, int]:
    """Deletes the person from the app's own collections and returns how many documents by collection.

    `dry_run` only counts.
    """
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
        target = collection(db, name)
        removed[name] = target.count_documents(condition) if dry_run else target.delete_many(condition).deleted_count
    if not dry_run:
        removed["reshares"] = _cut_links(db, person)
    return {name: count for name, count in removed.items() if count}


_PROFILE = {"displayId": 1, "displayName": 1}


def _contents(db: Databases, users: list[ObjectId]) -> set[ObjectId]:
    authors = {"$in": users}
    contents = ids_where(db, "contents", {"author.id": authors}) | ids_where(db, "contentStats", {"authorId": authors})
    contents |= set(collection(db, "guestfeeditems").distinct("content", {"author": authors}))
    stages: list[Document] = [
        {"$match": {"nodes.user": authors}},
        {"$unwind": "$nodes"},
        {"$match": {"nodes.user": authors}},
        {"$group": {"_id": "$nodes.id"}},
    ]
    return _object_ids([*contents, *(node["_id"] for node in collection(db, "cascades").aggregate(stages))])


def _credentials(db: Databases, account: ObjectId) -> set[ObjectId]:
    """Returns the account's devices: of app-db, of the features, and those of its feed items that no other owns."""
    own = ids_where(db, "credentials", {"account": account})
    own |= set(collection(db, "credentialfeatures").distinct("seenCredential", {"account": account}))
    feeditems = collection(db, "feeditems")
    used = _object_ids(
        credential
        for name in FEEDITEM_FIELDS["seenCredential"]
        for credential in feeditems.distinct(name, {"viewer": account})
    )
    others = ids_where(db, "credentials", {"_id": {"$in": list(used)}, "account": {"$ne": account}})
    return _object_ids(own) | (used - others)


def _account_of_handle(db: Databases, words: str) -> ObjectId | None:
    spellings = {"displayId": {"$in": [words, words.removeprefix("@")]}}
    profiles = [profile for name in _PROFILES for profile in collection(db, name).find(spellings, {"ownerAccount": 1})]
    accounts = sorted({_account(profile) for profile in profiles})
    if len(accounts) > 1:
        raise ValueError(f"ACCOUNT: {words[:60]} is the handle of several accounts: {', '.join(map(str, accounts))}")
    return accounts[0] if accounts else None


def _account(profile: Document) -> ObjectId:
    owner = profile.get("ownerAccount")
    return owner if isinstance(owner, ObjectId) else profile["_id"]


def _refuse_others(db: Databases, one: ObjectId) -> None:
    """Refuses the id of a post or a device: it is rarely meant to erase its owner."""
    post = collection(db, "contents").find_one({"_id": one}, {"author.id": 1})
    if post:
        author = post.get("author")
        user = author.get("id") if isinstance(author, dict) else None
        raise ValueError(f"ACCOUNT: {one} is a post of user {user}: give that id")
    if device := collection(db, "credentials").find_one({"_id": one}, {"account": 1}):
        raise ValueError(f"ACCOUNT: {one} is a device of account {device.get('account')}: give that id")


def _is_named(db: Databases, one: ObjectId) -> bool:
    """Returns whether one of ID_FIELDS, or a record about many people, names the id."""
    if any(exists(db, name, {field: one}) for name, fields in erasure.ID_FIELDS.items() for field in fields):
        return True
    counts = erasure.erase(db, frozenset({one}), dry_run=True)
    return any("redacted" in effects for effects in counts.values())


def _object_ids(values: Iterable[Any]) -> set[ObjectId]:
    return {value for value in values if isinstance(value, ObjectId)}


def _cut_links(db: Databases, person: Person) -> int:
    """Removes the person's posts from others' reshares and engagements; returns how many reshares."""
    reshared = {"originalPost._id": {"$in": sorted(person.contents)}}
    by_author = {"originalPost.author.id": {"$in": sorted(person.users)}}
    cut = collection(db, "contents").update_many({"$or": [reshared, by_author]}, {"$unset": {"originalPost": ""}})
    items = {"itemId": {"$in": sorted(person.contents)}}
    collection(db, "engagements").update_many(items, {"$unset": {"itemId": ""}})
    return cut.modified_count
