"""Posts and people as the panel shows them: the few fields that a page needs, by id."""

from collections.abc import Iterable
from typing import Any

from store.client import Databases
from store.ids import Document, ObjectId
from store.schema import collection

TEXT_CHARACTERS = 280  # of a post that are shown in a list


def posts(db: Databases, ids: Iterable[Any]) -> dict[ObjectId, Document]:
    """Of each of these posts that exists: text (cut), author, type, createdAt, visibility, photos."""
    photos = "$payload.photo.contents"
    shape = {
        "text": {"$substrCP": [_text("$payload.message"), 0, TEXT_CHARACTERS + 1]},
        "author": "$author.id",
        "type": _text("$type"),
        "createdAt": {"$cond": [{"$eq": [{"$type": "$createdAt"}, "date"]}, "$createdAt", None]},
        "visibility": _text("$visibility"),
        "photos": {"$cond": [{"$isArray": photos}, {"$size": photos}, 0]},
    }
    stages: list[dict[str, Any]] = [{"$match": {"_id": {"$in": list(set(ids))}}}, {"$project": shape}]
    return {each["_id"]: each for each in collection(db, "contents").aggregate(stages)}


def names(db: Databases, users: Iterable[Any]) -> dict[ObjectId, Document]:
    """Of each of these users that exists: displayName, displayId, ownerAccount, followerCount."""
    wanted = {"displayName": 1, "displayId": 1, "ownerAccount": 1, "followerCount": 1}
    found = collection(db, "users").find({"_id": {"$in": list(set(users))}}, wanted)
    return {each["_id"]: each for each in found}


def _text(path: str) -> dict[str, Any]:
    return {"$cond": [{"$eq": [{"$type": path}, "string"]}, path, ""]}
