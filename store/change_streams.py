"""Change streams of collections, resumed where the last watcher stopped, and the events that triggers send."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.change_stream import ChangeStream
from pymongo.errors import OperationFailure, PyMongoError

from store.client import Databases
from store.ids import Document, ObjectId, object_id
from store.schema import collection

AWAIT_MS = 500  # how long the server waits for a change before it answers
RETRY_SECONDS = 2.0
IDLE_SECONDS = 60.0  # an idle watcher saves its token this often, before the server discards the history
_HISTORY_LOST = {136, 280, 286}  # CappedPositionLost, ChangeStreamFatalError, ChangeStreamHistoryLost
_WRITES = ("insert", "update", "replace")
_CHANGED = {"operationType": {"$in": [*_WRITES, "delete"]}}
_WATCHED_FIELDS = {  # the app updates other fields of these often, and nothing depends on them
    "users": ("visibility", "ownerAccount"),
    "accounts": ("visibility",),
}


def watch(
    db: Databases, name: str, stop: threading.Event, lost: Callable[[str], None] = lambda reason: None
) -> Iterator[Document]:
    """Yields the detail of each change of `name`, in the form of a database trigger's event, until `stop` is set.

    A change is handled when the next one is requested, so a restarted watcher repeats the last one. A broken
    connection is opened again; `lost` is called with the reason when changes may be late or missed.
    """
    while not stop.is_set():
        try:
            yield from _changes(db, name, stop)
        except OperationFailure as error:
            if error.code not in _HISTORY_LOST:
                lost(f"changes of {name} cannot be followed: {error}")
                return
            collection(db, "watermarks").delete_one({"_id": _mark(name)})
            lost(f"changes of {name} were missed: nothing watched for too long")
        except PyMongoError as error:
            lost(f"changes of {name} come late: {type(error).__name__}")
            stop.wait(RETRY_SECONDS)


def detail(change: Document) -> dict[str, Any]:
    """Returns the part of a change that a trigger's event has, with ids as hexadecimal digits."""
    key = {name: str(value) for name, value in change["documentKey"].items()}
    return {"operationType": change["operationType"], "ns": dict(change["ns"]), "documentKey": key}


def _changes(db: Databases, name: str, stop: threading.Event) -> Iterator[Document]:
    """Yields the changes of one stream, which ends when the collection is dropped or replaced."""
    with _open(db, name) as stream:
        _save_token(db, name, stream)
        saved = time.monotonic()
        while stream.alive and not stop.is_set():
            change = stream.try_next()
            if change is not None:
                yield detail(change)
            if change is not None or time.monotonic() > saved + IDLE_SECONDS:
                _save_token(db, name, stream)
                saved = time.monotonic()


def _open(db: Databases, name: str) -> ChangeStream[Document]:
    mark = collection(db, "watermarks").find_one({"_id": _mark(name)})
    after = mark["token"] if mark else None
    return collection(db, name).watch(_watched(name), start_after=after, max_await_time_ms=AWAIT_MS)


def _watched(name: str) -> list[Document]:
    """Returns the stages that keep the changes to follow; updates of some collections only when they set a field."""
    fields = _WATCHED_FIELDS.get(name)
    updated: list[Document] = [
        {f"updateDescription.updatedFields.{field}": {"$exists": True}} for field in fields or ()
    ]
    others: Document = {"operationType": {"$ne": "update"}}
    return [{"$match": {**_CHANGED, "$or": [others, *updated]} if fields else _CHANGED}]


def _save_token(db: Databases, name: str, stream: ChangeStream[Document]) -> None:
    if stream.resume_token is not None:
        token = {"$set": {"token": dict(stream.resume_token)}}
        collection(db, "watermarks").update_one({"_id": _mark(name)}, token, upsert=True)


def _mark(name: str) -> str:
    return f"changes:{name}"


@dataclass(frozen=True)
class Change:
    """Ids of documents that were written, and of those that were deleted."""

    written: tuple[ObjectId, ...] = ()
    deleted: tuple[ObjectId, ...] = ()


def read_changes(event: Mapping[str, Any], names: Sequence[str]) -> dict[str, Change]:
    """Returns the changes that an event reports, by collection of `names`; none when it names no document.

    Raises:
        ValueError: as `read_change`; also for a change of a collection that is not in `names`.

    >>> read_changes({"users": ["0123456789abcdef01234567"]}, ("users", "accounts"))["users"].deleted
    ()
    """
    detail = event.get("detail")
    namespace = detail.get("ns") if isinstance(detail, dict) else None
    changed = str(namespace.get("coll")) if isinstance(namespace, dict) else ""
    about = [name for name in names if name in event] or [changed if changed in names else names[0]]
    changes = {name: read_change(event, name) for name in about}
    return {name: change for name, change in changes.items() if change}


def read_change(event: Mapping[str, Any], name: str) -> Change | None:
    """Returns the change of the collection `name` that the event describes, or None when it names no document.

    Forms: `{name: [hex, …]}`, and `{"detail": {"operationType", "documentKey": {"_id"}, …}}` with ids as hex or as
    extended JSON. Documents inside events are ignored, because they may be truncated or outdated.

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


def _listed(ids: Any, name: str) -> tuple[ObjectId, ...]:
    if not isinstance(ids, list):
        raise ValueError(f"{name}: a list of ids is needed, not {type(ids).__name__}")
    return tuple(dict.fromkeys(object_id(value, f"{name}[{place}]") for place, value in enumerate(ids)))


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
    field = "documentKey" if "documentKey" in detail else "fullDocument"  # some triggers send the document alone
    key = detail.get(field)
    if not isinstance(key, dict) or "_id" not in key:
        raise ValueError(f"detail.{field}: {str(key)[:60]} does not name a document by _id")
    return object_id(key["_id"], f"detail.{field}._id")
