"""Reads the guest feed by the protocol of the README, and counts the outcomes."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import OperationFailure

from store.client import Databases

PAGE = 25  # items
READ = "th"  # country
RETRY_SECONDS = 0.1  # between a read that a swap interrupted and its retry


@dataclass
class Reader:
    """Reads of one kind, with counts of the outcomes."""

    db: Databases
    seen: Counter[str] = field(default_factory=Counter)

    def read(self, query: Any) -> Any:
        """Returns the query's answer; retries once, because a swap may interrupt the read."""
        self.seen["reads"] += 1
        for failed in ("failed at first", "failed with a retry"):
            try:
                return query()
            except OperationFailure as error:
                self.seen[failed] += 1
                self.seen["unindexed"] += "hint" in str(error)
                time.sleep(RETRY_SECONDS)
        return None

    def page(self, after: Any, skip: int = 0, limit: int = PAGE) -> list[dict[str, Any]]:
        """Returns at most `limit` items after `after`; a missing index is an error."""
        beyond = {} if after is None else {"_id": {"$gt": after}}
        cursor = self.db.app.guestfeeditems.find({"countryCode": READ, **beyond})
        hinted = cursor.sort("_id").skip(skip).limit(limit).hint([("countryCode", 1), ("_id", 1)])
        return self.read(lambda: list(hinted.clone())) or []
