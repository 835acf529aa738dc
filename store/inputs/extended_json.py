"""Lines of MongoDB extended JSON, which `feedpulse load` reads and `feedpulse simulate --out` writes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from bson import DBRef, ObjectId
from bson.errors import BSONError
from bson.json_util import object_hook

from store.ids import Document, parse_document

_ENCODING = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_APPEND_NEWLINE
_INVALID = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError, BSONError)


def read_line(line: bytes) -> Document:
    """Returns the document in one line of extended JSON.

    Raises:
        ValueError: when the line is not one JSON object or names a value that BSON does not have.

    >>> read_line(b'{"_id": {"$oid": "0123456789abcdef01234567"}, "text": "Hi"}')
    {'_id': ObjectId('0123456789abcdef01234567'), 'text': 'Hi'}
    """
    try:
        parsed = orjson.loads(line)
    except orjson.JSONDecodeError:
        return parse_document(line)  # accepts NaN and infinities, or raises with the reason
    try:
        document = _plain(parsed)
    except _INVALID as error:
        raise ValueError(f"not extended JSON: {str(error)[:120]}") from error
    if not isinstance(document, dict):
        raise ValueError(f"not an object but {type(document).__name__}")
    return document


def write_line(document: Mapping[str, Any]) -> bytes:
    """Returns the document as one line of extended JSON with its line end; naive dates are UTC."""
    return orjson.dumps(document, default=_extended, option=_ENCODING)


def _plain(value: Any) -> Any:
    """Returns the value with extended JSON decoded, the most common forms first."""
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (key,) = value
        if key == "$oid":
            return ObjectId(value[key])
        if key == "$date" and isinstance(value[key], str) and value[key].endswith("Z"):
            return datetime.fromisoformat(value[key])
    inside = {key: _plain(inner) for key, inner in value.items()}
    return object_hook(inside) if any(key[:1] == "$" for key in inside) else inside


def _extended(value: Any) -> Any:
    write = _FORMS.get(type(value))
    if write is None:
        raise TypeError(f"{type(value).__name__} has no form in extended JSON")
    return write(value)


def _date(value: datetime) -> dict[str, str]:
    naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return {"$date": naive.isoformat(timespec="milliseconds") + "Z"}


_FORMS: Mapping[type, Callable[[Any], Any]] = {
    ObjectId: lambda value: {"$oid": str(value)},
    datetime: _date,
    DBRef: lambda value: value.as_doc(),
}
