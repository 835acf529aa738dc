"""Read models of the influence page: the leaders of a category and the largest reshare trees."""

from collections.abc import Sequence

from store.client import Databases
from store.ids import Document
from store.schema import collection

MOST_COUNTED = 10_000  # users of a category; more are not counted
_LISTED = {"nodes": 0, "members": 0, "policy": 0}


def leaders(db: Databases, category: str, most: int, skip: int = 0) -> list[Document]:
    """Returns the karma documents of the category, the highest first."""
    fields = {"userId": 1, "karma": 1, "interval": 1, "confidence": 1, "influence": 1, "why": 1}
    rows = collection(db, "karma").find({"category": category}, fields)
    return list(rows.sort("karma", -1).skip(skip).limit(most))


def people_in(db: Databases, categories: Sequence[str]) -> dict[str, int]:
    """Returns category → how many users have karma in it, at most MOST_COUNTED."""
    karma = collection(db, "karma")
    return {name: karma.count_documents({"category": name}, limit=MOST_COUNTED) for name in categories}


def largest_trees(db: Databases, most: int, skip: int = 0) -> list[Document]:
    """Returns the reshare trees with the most posts, without their nodes."""
    return list(collection(db, "cascades").find({}, _LISTED).sort("size", -1).skip(skip).limit(most))
