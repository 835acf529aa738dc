"""The log of changes that people made in the control panel."""

from datetime import datetime
from typing import Any

from store.client import Databases
from store.erasure import without_erased_ids
from store.ids import Document
from store.schema import collection, ensure_indexes


def write(db: Databases, who: str, what: str, subject: str, now: datetime, before: Any, after: Any) -> None:
    """Adds one change to the log, without the ids of erased people."""
    ensure_indexes(db, "audit")
    entry: Document = {"who": who, "what": what, "subject": subject, "when": now, "before": before, "after": after}
    collection(db, "audit").insert_one(without_erased_ids(db, entry))


def latest_changes(db: Databases, most: int, skip: int = 0, what: str | None = None) -> list[Document]:
    """Returns changes of every kind, or of the kind `what`, the newest first."""
    condition = {} if what is None else {"what": what}
    return list(collection(db, "audit").find(condition).sort([("when", -1), ("_id", -1)]).skip(skip).limit(most))
