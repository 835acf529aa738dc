"""Publishing a whole collection by a swap, so that readers see the old one or the new one and nothing between."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

from pymongo.collection import Collection

from store.client import Databases
from store.ids import Document
from store.leases import LeaseHeldError, LeaseLostError, hold
from store.schema import COLLECTIONS, collection

Generation = Collection[Document]  # one that is still being made
_AT_ONCE = 5_000  # ids


class NothingToPublishError(RuntimeError):
    """The next generation is empty: the old one stays."""


@contextmanager
def replacing(
    db: Databases,
    name: str,
    now: datetime | None = None,
    stamp: str = "createdAt",
    may_be_empty: bool = False,
    indexes_last: bool = False,
) -> Iterator[Generation]:
    """Gives an empty temporary collection that takes the place of `name`, with its indexes, when the block ends well.

    With `indexes_last` they are built of the finished documents: half the work for a hundred thousand, more for a few.
    On any failure the old collection stays and the temporary one goes; a killed run's leftover is swept by the next.
    The lease is renewed just before the swap, so a run that lost it can't publish over its successor. With
    `now`, no document may have another `stamp`: what a run wrote that woke up after its successor had begun is not
    published with it.

    Raises:
        NothingToPublishError: when the block wrote nothing, unless the new generation `may_be_empty`.
        LeaseHeldError: when another run is publishing, or writes into, the same collection.
    """
    declared = COLLECTIONS[name]
    target = collection(db, name)
    with hold(db, f"publish:{name}") as lease:
        temporary = target.database[declared.temporary or f"{name}temp"]
        temporary.drop()
        if not indexes_last:
            temporary.create_indexes(list(declared.indexes))
        try:
            yield temporary
            if not may_be_empty and temporary.find_one({}, {"_id": 1}) is None:
                raise NothingToPublishError(f"{name}: the new generation is empty, the old one stays")
            if indexes_last:
                temporary.create_indexes(list(declared.indexes))
            if now and temporary.find_one({stamp: {"$nin": [now, None]}}, {"_id": 1}):
                raise LeaseHeldError(f"{name}: another run writes into the new generation, the old one stays")
            lease.renew()
            temporary.rename(name, dropTarget=True)
        except LeaseLostError:
            raise  # what stands in the temporary collection is the successor's by now
        except BaseException:
            temporary.drop()
            raise


def fill(db: Databases, source: str, pipeline: Sequence[Mapping[str, Any]], into: Generation) -> None:
    """Runs the pipeline on `source`; `into`, which keeps its indexes, then holds its documents, all or none of them."""
    out = {"$out": {"db": into.database.name, "coll": into.name}}
    collection(db, source).aggregate([*pipeline, out], allowDiskUse=True)


def leaving(db: Databases, name: str, successor: Generation) -> Iterator[list[Any]]:
    """Ids of `name` that its successor does not have, some thousand at a time; by the ids' indexes alone."""
    new = {"coll": successor.name, "pipeline": [{"$project": {"in": {"$literal": 2}}}]}
    stages: list[dict[str, Any]] = [
        {"$project": {"in": {"$literal": 1}}},
        {"$unionWith": new},
        {"$group": {"_id": "$_id", "in": {"$sum": "$in"}}},
        {"$match": {"in": 1}},
    ]
    found = collection(db, name).aggregate(stages, allowDiskUse=True, batchSize=_AT_ONCE)
    while ids := [each["_id"] for each in islice(found, _AT_ONCE)]:
        yield ids


def keep(db: Databases, name: str, ids: Sequence[Any], update: Sequence[Mapping[str, Any]], into: Generation) -> None:
    """Takes these documents of `name` along into its successor, as the update changes them, inside the server."""
    merge = {"$merge": {"into": {"db": into.database.name, "coll": into.name}}}
    these = {"$match": {"_id": {"$in": list(ids)}}}
    collection(db, name).aggregate([these, *update, merge])
