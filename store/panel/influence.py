"""Reads for the influence page: the leaders of a category and the largest reshare trees."""

from collections.abc import Sequence

from store.client import Databases
from store.ids import Document
from store.schema import collection

MOST_COUNTED = 10_000  # people of a category; more are not counted
_LISTED = {"nodes": 0, "members": 0, "policy": 0}


def leaders(db: Databases, category: str, most: int, skip: int = 0) -> list[Document]:
    """Karma in the category, the highest first."""
    wanted = {"userId": 1, "karma": 1, "interval": 1, "confidence": 1, "influence": 1, "why": 1}
    found = collection(db, "karma").find({"category": category}, wanted)
    return list(found.sort("karma", -1).skip(skip).limit(most))


def people_in(db: Databases, categories: Sequence[str]) -> dict[str, int]:
    """How many people have karma in each category, counted up to MOST_COUNTED."""
    karma = collection(db, "karma")
    return {each: karma.count_documents({"category": each}, limit=MOST_COUNTED) for each in categories}


def largest_trees(db: Databases, most: int, skip: int = 0) -> list[Document]:
    """The reshare trees with the most posts, without their nodes."""
    return list(collection(db, "cascades").find({}, _LISTED).sort("size", -1).skip(skip).limit(most))
