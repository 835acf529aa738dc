"""Ids that columns leave out while a job runs, by database: those of the forgotten. See store.forget."""

from collections.abc import Sequence

from store.documents import ObjectId

_EXCLUDED: dict[str, Sequence[ObjectId]] = {}


def exclude(database: str, ids: Sequence[ObjectId]) -> None:
    """From now on columns of that database leave out every row that has one of these ids."""
    _EXCLUDED[database] = sorted(ids)


def excluded(database: str) -> Sequence[ObjectId]:
    """The ids to leave out, ascending."""
    return _EXCLUDED.get(database, ())
