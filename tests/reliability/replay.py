"""A simulated community that goes on living: its app writes each document when the clock comes to it."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from lab.simulate import Config, documents, simulate
from store.client import Databases
from store.ids import Document
from store.rules.engagements import ENGAGEMENT_TYPES

MOMENTS = ("createdAt", "calledAt", "seenAt")  # a document is written at the last of these
LEFT = "left"  # the end of an exposure, written when it comes


class Replay:
    """The app of one simulated community; its counters follow what comes."""

    def __init__(self, db: Databases, start: datetime, days: int, users: int, seed: int) -> None:
        config = Config(users=users, days=days, seed=seed, until=start + timedelta(days=1))
        rows = (row for name, batch in documents(simulate(config)) for each in batch for row in _moves(name, each))
        self.db, self.written, self.names, self.lock = db, 0, set[str](), threading.Lock()
        self.rest = sorted(rows, key=lambda row: row[0], reverse=True)

    def write_until(self, now: datetime) -> int:
        """Writes what is due by then; gives how many documents."""
        with self.lock:
            return self._write_until(now)

    def _write_until(self, now: datetime) -> int:
        due: dict[str, list[Document]] = defaultdict(list)
        while self.rest and self.rest[-1][0] <= now:
            _, name, document = self.rest.pop()
            due[name].append(document | _fresh(name, document))
        left = due.pop(LEFT, [])
        for name, batch in due.items():
            self.db.app[name].insert_many(batch)
        for name, changes in _changes(due, left).items():
            if changes:
                self.db.app[name].bulk_write(changes)
        self.names |= due.keys()
        number = sum(map(len, due.values()))
        self.written += number
        return number


def _changes(due: dict[str, list[Document]], left: list[Document]) -> dict[str, list[UpdateOne]]:
    """What the app adds to documents that are there: counters, and the ends of exposures."""
    follows = (each for each in due.get("relationships", ()) if each["following"])
    return {
        "contents": [_engaged(each) for each in due.get("engagements", ()) if _counts(each)],
        "users": [change for each in follows for change in _followed(each)],
        "feeditems": [UpdateOne({"_id": each["_id"]}, {"$set": {"offScreenAt": each["offScreenAt"]}}) for each in left],
    }


def _moves(name: str, document: Document) -> Iterator[tuple[datetime, str, Document]]:
    """When the app writes the document, and when it adds to it."""
    if left := document.get("offScreenAt"):
        yield left.replace(tzinfo=UTC), LEFT, document
        document = {key: value for key, value in document.items() if key != "offScreenAt"}
    yield _moment(document), name, document


def _moment(document: Document) -> datetime:
    return max(document[name] for name in MOMENTS if document.get(name)).replace(tzinfo=UTC)


def _fresh(name: str, document: Document) -> Document:
    """The counters of a post with which nobody had engaged, and of a user whom nobody followed."""
    if name == "users":
        return {"followerCount": 0, "followedCount": 0}
    if name == "contents":
        counts: dict[str, Any] = {kind: {"count": 0} for kind in ENGAGEMENT_TYPES}
        return {"engagements": counts, "updatedAt": document["createdAt"]}
    return {}


def _counts(engagement: Document) -> bool:
    return (
        engagement["type"] in ENGAGEMENT_TYPES
        and engagement["visibility"] != "deleted"
        and engagement["targetRef"]["$ref"] == "content"
    )


def _engaged(engagement: Document) -> UpdateOne:
    change = {"$inc": {f"engagements.{engagement['type']}.count": 1}, "$max": {"updatedAt": engagement["createdAt"]}}
    return UpdateOne({"_id": engagement["targetRef"]["$id"]}, change)


def _followed(follow: Document) -> list[UpdateOne]:
    counters = {"user": "followedCount", "followedUser": "followerCount"}
    return [UpdateOne({"_id": follow[who]}, {"$inc": {counter: 1}}) for who, counter in counters.items()]
