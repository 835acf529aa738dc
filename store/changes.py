"""What changed in a collection: a list of ids, or the event of a database trigger on a partner event bus."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from store.documents import ObjectId, object_id

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
