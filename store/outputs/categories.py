"""Categories as the operator keeps them: a set of hashtags each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo import UpdateOne

from store.client import Databases
from store.ids import Document
from store.schema import collection, ensure_indexes


def read_categories(db: Databases) -> list[Document]:
    """All categories, by slug."""
    return list(collection(db, "categories").find({}, {"_id": 0}).sort("slug", 1))


def add_missing(db: Databases, categories: Iterable[Mapping[str, Any]]) -> int:
    """Writes the categories whose slug is not there yet; gives how many."""
    ensure_indexes(db, "categories")
    writes: list[Any] = [
        UpdateOne({"slug": each["slug"]}, {"$setOnInsert": dict(each)}, upsert=True) for each in categories
    ]
    return collection(db, "categories").bulk_write(writes).upserted_count if writes else 0


def remove(db: Databases, slug: str) -> bool:
    """Removes the category; tells whether it was there."""
    return collection(db, "categories").delete_one({"slug": slug}).deleted_count > 0


def create(db: Databases, slug: str, name: str, hashtags: Sequence[str]) -> bool:
    """Writes a new category; False when there is one with its slug."""
    return bool(add_missing(db, [{"slug": slug, "name": name, "hashtags": list(hashtags)}]))


def change(db: Databases, before: Mapping[str, Any], name: str, hashtags: Sequence[str]) -> bool:
    """Gives the category another name and other hashtags, unless somebody has changed it since it was read."""
    unchanged = {field: before[field] for field in ("slug", "name", "hashtags")}
    fresh = {"$set": {"name": name, "hashtags": list(hashtags)}}
    return collection(db, "categories").update_one(unchanged, fresh).matched_count > 0
