"""A lease keeps two runs of one job apart, and outlives neither of them for long."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from store.client import Databases
from store.schema import collection

SECONDS = 15.0  # a killed run's lease is free after this long
_BEATS = 3  # renewals within that time


class LeaseHeldError(RuntimeError):
    """Another run holds the lease and renews it."""


class LeaseLostError(RuntimeError):
    """The lease went to another run: this one was away for longer than the lease lasts."""


@dataclass(frozen=True)
class Lease:
    """A held lease."""

    db: Databases
    name: str
    owner: str
    seconds: float

    def renew(self) -> None:
        """Holds the lease for its whole time from now on; raises LeaseLostError when it is another run's."""
        fresh = [{"$set": {"expiresAt": _expiry(self.seconds)}}]
        owned = {"_id": self.name, "owner": self.owner}
        if not collection(self.db, "leases").update_one(owned, fresh).matched_count:
            raise LeaseLostError(f"the lease of {self.name} was lost to another run")


@contextmanager
def hold(db: Databases, name: str, seconds: float = SECONDS) -> Iterator[Lease]:
    """Holds the lease `name` while the block runs, renewing it; a lease left by a killed run is waited for.

    Raises:
        LeaseHeldError: when a living run holds it.
    """
    lease = Lease(db, name, secrets.token_hex(8), seconds)
    stop = threading.Event()
    _acquire(lease)
    beat = threading.Thread(target=_keep, args=(lease, stop), daemon=True)
    beat.start()
    try:
        yield lease
    finally:
        stop.set()
        beat.join()
        collection(db, "leases").delete_one({"_id": name, "owner": lease.owner})


def _acquire(lease: Lease) -> None:
    renewals: set[object] = set()
    pause = threading.Event()
    for _ in range(int(6 * _BEATS)):
        if _take(lease):
            return
        holder = collection(lease.db, "leases").find_one({"_id": lease.name})
        renewals.add((holder or {}).get("expiresAt"))
        if len(renewals) > 1:  # it moved while we looked: its holder lives
            break
        pause.wait(lease.seconds / (2 * _BEATS))
    raise LeaseHeldError(f"{lease.name} is already running")


def _take(lease: Lease) -> bool:
    free = {"$lte": [{"$ifNull": ["$expiresAt", "$$NOW"]}, "$$NOW"]}
    taken = {
        "owner": {"$cond": [free, lease.owner, "$owner"]},
        "expiresAt": {"$cond": [free, _expiry(lease.seconds), "$expiresAt"]},
    }
    after = collection(lease.db, "leases").find_one_and_update(
        {"_id": lease.name}, [{"$set": taken}], upsert=True, return_document=ReturnDocument.AFTER
    )
    return bool(after and after["owner"] == lease.owner)


def _expiry(seconds: float) -> dict[str, object]:
    return {"$add": ["$$NOW", int(seconds * 1000)]}


def _keep(lease: Lease, stop: threading.Event) -> None:
    while not stop.wait(lease.seconds / _BEATS):
        try:
            lease.renew()
        except LeaseLostError:
            return  # the holder learns it at its own next renew()
        except PyMongoError:
            continue  # the next beat may get through: the lease lasts for three
