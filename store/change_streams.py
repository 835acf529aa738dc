"""Changes of a collection as they happen, from where the last watcher left off."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.change_stream import ChangeStream
from pymongo.errors import OperationFailure, PyMongoError

from store.client import Databases
from store.ids import Document, ObjectId, object_id
from store.schema import collection

AWAIT_MS = 500  # how long the server holds a request that has nothing to tell
RETRY_SECONDS = 2.0
IDLE_SECONDS = 60.0  # a watcher with nothing to tell keeps its place this often, or the server forgets it
_HISTORY_LOST = {136, 280, 286}  # CappedPositionLost, ChangeStreamFatalError, ChangeStreamHistoryLost
_TOLD = [{"$match": {"operationType": {"$in": ["insert", "update", "replace", "delete"]}}}]


def watch(
    db: Databases, name: str, stop: threading.Event, lost: Callable[[str], None] = lambda reason: None
) -> Iterator[Document]:
    """Detail of each change of `name`, as a database trigger on an event bus tells it, until `stop` is set.

    A change counts as handled when the next one is asked for: a killed watcher tells its last one again.
    A broken connection is taken up again; `lost` is told why changes may have been missed.
    """
    while not stop.is_set():
        try:
            yield from _followed(db, name, stop)
        except OperationFailure as error:
            if error.code not in _HISTORY_LOST:
                lost(f"changes of {name} can't be followed: {error}")
                return
            collection(db, "watermarks").delete_one({"_id": _mark(name)})
            lost(f"changes of {name} were missed while nobody watched for too long")
        except PyMongoError as error:
            lost(f"changes of {name} come late: {type(error).__name__}")
            stop.wait(RETRY_SECONDS)


def detail(change: Document) -> dict[str, Any]:
    """The part of a change that a trigger's event carries, ids as hexadecimal digits."""
    key = {name: str(value) for name, value in change["documentKey"].items()}
    return {"operationType": change["operationType"], "ns": dict(change["ns"]), "documentKey": key}


def _followed(db: Databases, name: str, stop: threading.Event) -> Iterator[Document]:
    """The changes of one stream; it ends when the collection is dropped or replaced."""
    with _open(db, name) as stream:
        _keep(db, name, stream)
        kept = time.monotonic()
        while stream.alive and not stop.is_set():
            change = stream.try_next()
            if change is not None:
                yield detail(change)
            if change is not None or time.monotonic() > kept + IDLE_SECONDS:
                _keep(db, name, stream)
                kept = time.monotonic()


def _open(db: Databases, name: str) -> ChangeStream[Document]:
    mark = collection(db, "watermarks").find_one({"_id": _mark(name)})
    after = mark["token"] if mark else None
    return collection(db, name).watch(_TOLD, start_after=after, max_await_time_ms=AWAIT_MS)


def _keep(db: Databases, name: str, stream: ChangeStream[Document]) -> None:
    if stream.resume_token is not None:
        token = {"$set": {"token": dict(stream.resume_token)}}
        collection(db, "watermarks").update_one({"_id": _mark(name)}, token, upsert=True)


def _mark(name: str) -> str:
    return f"changes:{name}"


_WRITES = ("insert", "update", "replace")


@dataclass(frozen=True)
class Change:
    """Ids of documents that were written and that were deleted."""

    written: tuple[ObjectId, ...] = ()
    deleted: tuple[ObjectId, ...] = ()


def read_change(event: Mapping[str, Any], name: str) -> Change | None:
    """The change that the event tells of the collection `name`, or None when it names no document.

    Forms: `{name: [hex, …]}`, and `{"detail": {"operationType", "documentKey": {"_id"}, …}}` with ids as hex or as
    extended JSON. Documents inside events are not trusted: they can be cut or outdated, the database is not.

    Raises:
        ValueError: naming the field.

    >>> read_change({"contents": ["0123456789abcdef01234567"]}, "contents").written
    (ObjectId('0123456789abcdef01234567'),)
    """
    if name in event:
        return Change(written=_listed(event[name], name))
    if "detail" in event:
        return _triggered(event["detail"], name)
    return None


def _listed(given: Any, name: str) -> tuple[ObjectId, ...]:
    if not isinstance(given, list):
        raise ValueError(f"{name}: a list of ids is needed, not {type(given).__name__}")
    return tuple(dict.fromkeys(object_id(each, f"{name}[{place}]") for place, each in enumerate(given)))


def _triggered(detail: Any, name: str) -> Change:
    if not isinstance(detail, dict):
        raise ValueError(f"detail: an object is needed, not {type(detail).__name__}")
    namespace = detail.get("ns")
    if isinstance(namespace, dict) and namespace.get("coll", name) != name:
        raise ValueError(f"detail.ns.coll: {str(namespace['coll'])[:60]} is not {name}")
    changed = (_document_key(detail),)
    operation = detail.get("operationType")
    if operation == "delete":
        return Change(deleted=changed)
    if operation in _WRITES:
        return Change(written=changed)
    raise ValueError(f"detail.operationType: {str(operation)[:60]} is not one of {', '.join(_WRITES)}, delete")


def _document_key(detail: Mapping[str, Any]) -> ObjectId:
    key = detail.get("documentKey")
    if not isinstance(key, dict) or "_id" not in key:
        raise ValueError(f"detail.documentKey: {str(key)[:60]} does not name a document by _id")
    return object_id(key["_id"], "detail.documentKey._id")
