"""Publishing a whole collection by a swap, so that readers see the old one or the new one and nothing between."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pymongo.collection import Collection

from store.client import Databases
from store.documents import Document
from store.leases import LeaseHeldError, LeaseLostError, hold
from store.schema import COLLECTIONS, collection


class NothingToPublishError(RuntimeError):
    """The next generation is empty: the old one stays."""


@contextmanager
def replacing(db: Databases, name: str, now: datetime | None = None) -> Iterator[Collection[Document]]:
    """Gives an empty temporary collection, with its indexes, that takes the place of `name` when the block ends well.

    On any failure the old collection stays and the temporary one goes; a killed run's leftover is swept by the next.
    The lease is renewed just before the swap, so a run that lost it can't publish over its successor. With
    `now`, every document must have it as its createdAt: what a run wrote that woke up after its successor had begun is
    not published with it.

    Raises:
        NothingToPublishError: when the block wrote nothing.
        LeaseHeldError: when another run is publishing, or writes into, the same collection.
    """
    declared = COLLECTIONS[name]
    target = collection(db, name)
    with hold(db, f"publish:{name}") as lease:
        temporary = target.database[declared.temporary or f"{name}temp"]
        temporary.drop()
        temporary.create_indexes(list(declared.indexes))
        try:
            yield temporary
            if temporary.find_one({}, {"_id": 1}) is None:
                raise NothingToPublishError(f"{name}: the new generation is empty, the old one stays")
            if now and temporary.find_one({"createdAt": {"$ne": now}}, {"_id": 1}):
                raise LeaseHeldError(f"{name}: another run writes into the new generation, the old one stays")
            lease.renew()
            temporary.rename(name, dropTarget=True)
        except LeaseLostError:
            raise  # what stands in the temporary collection is the successor's by now
        except BaseException:
            temporary.drop()
            raise


def merge_into(db: Databases, source: str, pipeline: Sequence[Mapping[str, Any]], target: str) -> None:
    """Runs the pipeline on `source` and merges its documents into `target` by `_id`, inside the server."""
    into = collection(db, target)
    merge = {"$merge": {"into": {"db": into.database.name, "coll": target}, "whenMatched": "replace"}}
    collection(db, source).aggregate([*pipeline, merge], allowDiskUse=True)
