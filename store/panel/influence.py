"""What the page of influence reads: who leads a category, which posts were passed on most, one reshare tree."""

from collections.abc import Sequence

from store.client import Databases
from store.ids import Document, ObjectId
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


def tree(db: Databases, content: ObjectId) -> Document | None:
    """The tree in which the content is a node, without the candidates of its edges."""
    trees, wanted = collection(db, "cascades"), {"nodes.candidates": 0}
    return trees.find_one({"_id": content}, wanted) or trees.find_one({"nodes.id": content}, wanted)
