"""Posts and users as the panel shows them: the fields that a page needs, by id."""

from collections.abc import Iterable
from typing import Any

from store.client import Databases
from store.ids import Document, ObjectId
from store.queries import text_or_empty
from store.schema import collection

TEXT_CHARACTERS = 280  # of a post that are shown in a list


def read_posts(db: Databases, ids: Iterable[Any]) -> dict[ObjectId, Document]:
    """Returns the posts that exist: text (cut), author, type, createdAt, visibility, photos."""
    photos = "$payload.photo.contents"
    shape = {
        "text": {"$substrCP": [text_or_empty("$payload.message"), 0, TEXT_CHARACTERS + 1]},
        "author": "$author.id",
        "type": text_or_empty("$type"),
        "createdAt": {"$cond": [{"$eq": [{"$type": "$createdAt"}, "date"]}, "$createdAt", None]},
        "visibility": {"$cond": [{"$gt": ["$visibility", None]}, text_or_empty("$visibility"), None]},
        "photos": {"$cond": [{"$isArray": photos}, {"$size": photos}, 0]},
    }
    stages: list[dict[str, Any]] = [{"$match": {"_id": {"$in": list(set(ids))}}}, {"$project": shape}]
    return {post["_id"]: post for post in collection(db, "contents").aggregate(stages)}


def read_names(db: Databases, users: Iterable[Any]) -> dict[ObjectId, Document]:
    """Returns the users that exist: displayName, displayId, ownerAccount, followerCount."""
    fields = {"displayName": 1, "displayId": 1, "ownerAccount": 1, "followerCount": 1}
    return {user["_id"]: user for user in collection(db, "users").find({"_id": {"$in": list(set(users))}}, fields)}
