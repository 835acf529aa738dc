"""Identifiers and MongoDB extended JSON, so that nothing outside store needs bson."""

from typing import Any

from bson import ObjectId
from bson.errors import BSONError, InvalidId
from bson.json_util import RELAXED_JSON_OPTIONS, dumps, loads

Document = dict[str, Any]

__all__ = ["Document", "ObjectId", "object_id", "parse_document", "to_extended_json"]


def object_id(value: object, field: str) -> ObjectId:
    """Returns the ObjectId of 24 hexadecimal digits, also from extended JSON.

    Raises:
        ValueError: naming the field, when the value is anything else.

    >>> object_id("0123456789abcdef01234567", "userId")
    ObjectId('0123456789abcdef01234567')
    >>> object_id({"$gt": ""}, "userId")
    Traceback (most recent call last):
    ...
    ValueError: userId: {'$gt': ''} is not an id of 24 hexadecimal digits
    """
    plain = value["$oid"] if isinstance(value, dict) and set(value) == {"$oid"} else value
    if isinstance(plain, ObjectId):
        return plain
    if isinstance(plain, str):
        try:
            return ObjectId(plain)
        except InvalidId:
            pass
    raise ValueError(f"{field}: {str(value)[:60]} is not an id of 24 hexadecimal digits")


def parse_document(line: str | bytes) -> Document:
    """Returns the document in one line of MongoDB extended JSON.

    Raises:
        ValueError: when the line is not one JSON object or names a value that BSON does not have.
    """
    try:
        document = loads(line.decode() if isinstance(line, bytes) else line)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError, BSONError) as error:
        raise ValueError(f"not extended JSON: {str(error)[:120]}") from error
    if not isinstance(document, dict):
        raise ValueError(f"not an object but {type(document).__name__}")
    return document


def to_extended_json(document: Document) -> str:
    """Returns the document as one line of relaxed extended JSON."""
    return str(dumps(document, json_options=RELAXED_JSON_OPTIONS))
