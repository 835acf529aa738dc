"""The social graph around users: follows, blocks, engaged authors, and users to recommend."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from store.client import Databases
from store.ids import Document, ObjectId
from store.inputs.visibility import read_public_users
from store.queries import ids_where
from store.rules.engagements import counted
from store.schema import collection

if TYPE_CHECKING:
    from store.columns import Columns

_AUTHOR = {
    "from": "contents",
    "localField": "_id",
    "foreignField": "_id",
    "pipeline": [{"$project": {"_id": 0, "author.id": 1}}],
    "as": "content",
}
_FOLLOWERS = {"followerCount": 1}
_SPARE = 50  # users read beyond the wanted ones, in case some are not public


def users_of(db: Databases, account: ObjectId) -> list[ObjectId]:
    """Returns the users of the account, ascending."""
    return sorted(ids_where(db, "users", {"ownerAccount": account}))


def relations(db: Databases, users: Sequence[ObjectId], now: datetime) -> "Columns":
    """Returns relations of these users with others at `now`: user, followed, following, blocking (1 or 0)."""
    own = list(users)
    flags = {name: ("int", {"$toInt": {"$eq": [f"${name}", True]}}) for name in ("following", "blocking")}
    either = {"$or": [{"user": {"$in": own}}, {"followedUser": {"$in": own}}]} | _by(now)
    fields = {"user": ("id", "$user"), "followed": ("id", "$followedUser"), **flags}
    from store.columns import read_columns  # with numpy, which packages that only aggregate do not ship

    return read_columns(db, "relationships", [{"$match": either}], fields)


def follows_of(db: Databases, users: Sequence[ObjectId], now: datetime) -> "Columns":
    """Returns the follows by these users at `now`: user, followed."""
    from store.inputs.event_log import read_follows

    return read_follows(db, {"user": {"$in": list(users)}} | _by(now))


def followers_of(db: Databases, users: Sequence[ObjectId], now: datetime, most: int) -> "Columns":
    """Returns about `most` follows of these users at `now`: user, followed; those of users with few followers first.

    Followers of popular users have little in common.
    """
    numbers = collection(db, "users").find({"_id": {"$in": list(users)}}, {"followerCount": 1})
    stored = {user["_id"]: user.get("followerCount") for user in numbers}
    counts = {user: float(number) if isinstance(number, int | float) else 0.0 for user, number in stored.items()}
    chosen: list[ObjectId] = []
    rows = 0.0
    for user in sorted(users, key=lambda user: (counts.get(user, 0.0), user)):
        rows += max(counts.get(user, 0.0), 1.0)
        if rows > most and chosen:
            break
        chosen.append(user)
    from store.inputs.event_log import read_follows

    return read_follows(db, {"followedUser": {"$in": chosen}} | _by(now), most)


def engaged_authors(db: Databases, users: Sequence[ObjectId], now: datetime, days: float = 60.0) -> dict[ObjectId, int]:
    """Returns author → how often these users engaged with the author's posts in the days before `now`."""
    recent = {"createdAt": {"$gte": now - timedelta(days=days), "$lt": now}}
    stages: list[dict[str, Any]] = [
        {"$match": {"user": {"$in": list(users)}, **recent, **counted()}},
        {"$group": {"_id": "$targetRef.$id", "count": {"$sum": 1}}},
        {"$lookup": _AUTHOR},
        {"$group": {"_id": {"$first": "$content.author.id"}, "count": {"$sum": "$count"}}},
        {"$match": {"_id": {"$type": "objectId"}}},
    ]
    return {row["_id"]: row["count"] for row in collection(db, "engagements").aggregate(stages)}


def public_among(db: Databases, users: Sequence[ObjectId], now: datetime) -> set[ObjectId]:
    """Returns those of the users who exist at `now` and are public."""
    return read_public_users(db, ids_where(db, "users", {"_id": {"$in": list(users)}} | _by(now)))


def karma_of(db: Databases, users: Sequence[ObjectId]) -> dict[ObjectId, dict[str, float]]:
    """Returns user → category → karma; "global" is one of the categories."""
    karma: defaultdict[ObjectId, dict[str, float]] = defaultdict(dict)
    fields = {"_id": 0, "userId": 1, "category": 1, "karma": 1}
    for row in collection(db, "karma").find({"userId": {"$in": list(users)}}, fields, batch_size=10_000):
        karma[row["userId"]][row["category"]] = row["karma"]
    return dict(karma)


def followed_by(db: Databases, users: Sequence[ObjectId], now: datetime, most: int = 2_000) -> list[ObjectId]:
    """Returns the users that these users follow at `now` and do not block."""
    condition = {"user": {"$in": list(users)}, "following": True, "blocking": {"$ne": True}} | _by(now)
    follows = collection(db, "relationships").find(condition, {"followedUser": 1}).sort("_id", 1).limit(most)
    return list(dict.fromkeys(follow["followedUser"] for follow in follows if "followedUser" in follow))


def own_users(db: Databases, user: ObjectId) -> list[ObjectId]:
    """Returns the user and all other users of the same account, ascending."""
    return sorted({user, *_users_of_same_accounts(db, [user])})


def blocked(db: Databases, users: Sequence[ObjectId]) -> set[ObjectId]:
    """Returns the users that these users of one account block or that block them, with all users of their accounts."""
    own = list(users)
    sides = {"$or": [{"user": {"$in": own}}, {"followedUser": {"$in": own}}], "blocking": True}
    blocks = collection(db, "relationships").find(sides, {"user": 1, "followedUser": 1})
    sides_of_blocks = {block.get(side) for block in blocks for side in ("user", "followedUser")}
    others = {user for user in sides_of_blocks if isinstance(user, ObjectId)} - set(own)
    return others.union(_users_of_same_accounts(db, list(others))) - set(own)


def second_degree(
    db: Databases, user: ObjectId, first: Sequence[ObjectId], without: set[ObjectId], now: datetime, most: int
) -> dict[ObjectId, int]:
    """Returns user → how many of `first` follow the user, the highest number first."""
    second = {"user": {"$in": list(first)}, "followedUser": {"$nin": [user, *first, *without]}}
    stages: list[dict[str, Any]] = [
        {"$match": second | {"following": True, "blocking": {"$ne": True}} | _by(now)},
        {"$group": {"_id": "$followedUser", "common": {"$sum": 1}}},
        {"$match": {"_id": {"$type": "objectId"}}},
        {"$sort": {"common": -1, "_id": 1}},
        {"$limit": most},
    ]
    return {group["_id"]: group["common"] for group in collection(db, "relationships").aggregate(stages)}


def public_people(db: Databases, users: Sequence[ObjectId], now: datetime) -> dict[ObjectId, Document]:
    """Returns those of the users who are people, public, and exist at `now`."""
    people = {"_id": {"$in": list(users)}, "type": {"$ne": "page"}} | _by(now)
    return {user["_id"]: user for user in _public(db, list(collection(db, "users").find(people, _FOLLOWERS)))}


def most_followed(db: Databases, without: Sequence[ObjectId], now: datetime, most: int) -> list[Document]:
    """Returns the public users with the most followers, as {_id, followerCount}."""
    followed_by_some = {"_id": {"$nin": list(without)}, "followerCount": {"$gt": 0}} | _by(now)
    users = collection(db, "users").find(followed_by_some, _FOLLOWERS).sort([("followerCount", -1), ("_id", 1)])
    public: list[Document] = []
    while len(public) < most and (batch := list(islice(users, most + _SPARE))):
        public += _public(db, batch)
    return public[:most]


def live_hashtags(db: Databases, most: int) -> list[str]:
    """Returns the hashtags with the highest score."""
    hashtags = collection(db, "hashtagStats").find({}, {"_id": 1}).sort([("score", -1), ("_id", 1)]).limit(most)
    return [hashtag["_id"] for hashtag in hashtags]


def _public(db: Databases, users: Sequence[Document]) -> list[Document]:
    """Returns the public ones of the users, in their order."""
    public = read_public_users(db, [user["_id"] for user in users])
    return [user for user in users if user["_id"] in public]


def _users_of_same_accounts(db: Databases, users: Sequence[ObjectId]) -> set[ObjectId]:
    condition = {"_id": {"$in": list(users)}, "ownerAccount": {"$type": "objectId"}}
    accounts = [user["ownerAccount"] for user in collection(db, "users").find(condition, {"ownerAccount": 1})]
    return ids_where(db, "users", {"ownerAccount": {"$in": accounts}})


def _by(now: datetime) -> dict[str, Any]:
    """Returns the filter for documents that were created by `now` or have no date."""
    return {"createdAt": {"$not": {"$gt": now}}}
