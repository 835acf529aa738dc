"""Categories: sets of hashtags that operators maintain."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo import UpdateOne

from store.client import Databases
from store.ids import Document
from store.schema import collection, ensure_indexes


def read_categories(db: Databases) -> list[Document]:
    """Returns all categories, by slug."""
    return list(collection(db, "categories").find({}, {"_id": 0}).sort("slug", 1))


def add_missing(db: Databases, categories: Iterable[Mapping[str, Any]]) -> int:
    """Writes the categories whose slug is new and returns how many."""
    ensure_indexes(db, "categories")
    writes: list[Any] = [
        UpdateOne({"slug": category["slug"]}, {"$setOnInsert": dict(category)}, upsert=True) for category in categories
    ]
    return collection(db, "categories").bulk_write(writes).upserted_count if writes else 0


def remove(db: Databases, slug: str) -> bool:
    """Removes the category; returns whether it existed."""
    return collection(db, "categories").delete_one({"slug": slug}).deleted_count > 0


def create(db: Databases, slug: str, name: str, hashtags: Sequence[str]) -> bool:
    """Writes a new category; returns False if its slug exists."""
    return bool(add_missing(db, [{"slug": slug, "name": name, "hashtags": list(hashtags)}]))


def change(db: Databases, before: Mapping[str, Any], name: str, hashtags: Sequence[str]) -> bool:
    """Replaces name and hashtags of a category; returns False if it changed since `before` was read."""
    unchanged = {field: before[field] for field in ("slug", "name", "hashtags")}
    fresh = {"$set": {"name": name, "hashtags": list(hashtags)}}
    return collection(db, "categories").update_one(unchanged, fresh).matched_count > 0
