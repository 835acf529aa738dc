"""Seeded hostile input: documents with any value anywhere, events with operators in their fields, broken bytes."""

import math
import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import Binary, Code, Decimal128, MaxKey, MinKey, Regex, Timestamp
from bson.datetime_ms import DatetimeMS

from store.ids import ObjectId

GONE = object()  # the field is missing
SCALARS: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 7.5, 2**40, -(2**62), 1e13, math.nan, math.inf, -math.inf, "", "text", "0" * 24),
    *([], {}, [None], [[1]], {"$gt": ""}, {"a": {"b": []}}, {"count": -1}, [{"count": 1}], "\x00\ud7ff", "👩‍👩‍👧"),
    *(datetime(1, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC), DatetimeMS(2**62), DatetimeMS(-(2**62))),
    *(Decimal128("NaN"), Decimal128("5"), Binary(b"\0" * 12), Regex("a"), Code("x"), MinKey(), MaxKey()),
    Timestamp(1, 1),
)  # fmt: skip
OPERATORS: tuple[Any, ...] = (
    *({"$gt": ""}, {"$ne": None}, {"$regex": ".*"}, {"$where": "sleep(9999)"}, {"$in": []}, {"$exists": True}),
    *({"$oid": {"$gt": ""}}, {"$expr": {"$eq": [1, 1]}}, ["$ROOT"], "$$ROOT", "$where", {"$oid": ["0" * 24]}),
)  # fmt: skip


def contents(number: int, until: datetime, seed: int) -> Iterator[dict[str, Any]]:
    """Contents that are sound but for up to three fields."""
    draw = random.Random(seed)
    users = [ObjectId(bytes([1]) * 11 + bytes([each])) for each in range(50)]
    for _ in range(number):
        document = _content(draw, draw.choice(users), until)
        for _ in range(draw.randrange(4)):
            document = spoiled(document, draw.choice(PATHS).split("."), _value(draw))
        yield document


def beside(number: int, sound: dict[str, list[dict[str, Any]]], seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """(collection, copy of a sound document with an id of its own and up to three fields spoiled), any field."""
    draw = random.Random(seed)
    names = sorted(set(sound) - {"contents"})
    for _ in range(number):
        name = draw.choice(names)
        document = draw.choice(sound[name]) | {"_id": ObjectId(draw.randbytes(12))}
        for _ in range(draw.randrange(4)):
            document = spoiled(document, _path(draw, document), _value(draw))
        yield name, document


def spoiled(document: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """A copy with another value, or none, at the path."""
    first, *rest = path
    if rest:
        inside = document.get(first)
        value = spoiled(inside if isinstance(inside, dict) else {}, rest, value)
    kept = {key: each for key, each in document.items() if key != first}
    return kept if value is GONE else kept | {first: value}


def events(number: int, sound: dict[str, Any], seed: int) -> Iterator[dict[str, Any]]:
    """Sound events but for an operator, or anything else, in a field or in a field of a field."""
    draw = random.Random(seed)
    for _ in range(number):
        event = spoiled(sound, [draw.choice(list(sound))], draw.choice((*OPERATORS, _value(draw))))
        yield (
            spoiled(event, draw.choice(EVENT_PATHS).split("."), draw.choice(OPERATORS))
            if draw.random() < 0.3
            else event
        )


def mutated(payload: bytes, number: int, seed: int) -> Iterator[bytes]:
    """The bytes with bits turned, parts cut, doubled, moved or filled; never the bytes themselves."""
    draw = random.Random(seed)
    made = 0
    while made < number:
        changed = bytearray(payload)
        at, length = draw.randrange(len(payload)), draw.choice((1, 2, 8, 64, 1024))
        match draw.randrange(5):
            case 0:
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length]
            case 3:
                changed[at : at + length] = draw.randbytes(len(changed[at : at + length]))
            case _:
                changed[at:at] = draw.randbytes(length)
        if bytes(changed) != payload:
            made += 1
            yield bytes(changed)


PATHS = (
    *("author", "author.id", "type", "payload", "payload.message", "payload.photo", "payload.photo.contents"),
    *("engagements", "engagements.like", "engagements.like.count", "engagements.quote.count", "hashtags", "isRecast"),
    *("originalPost", "originalPost._id", "originalPost.author.id", "visibility", "createdAt", "updatedAt"),
)
EVENT_PATHS = ("time", "detail", "detail.documentKey", "detail.documentKey._id", "detail.ns.coll", "documentKey._id")


def _path(draw: random.Random, document: dict[str, Any]) -> list[str]:
    """Any field but the id, or any field inside it."""
    name = draw.choice([each for each in document if each != "_id"] or ["createdAt"])
    inside = document.get(name)
    return [name, *_path(draw, inside)] if isinstance(inside, dict) and inside and draw.random() < 0.5 else [name]


def _content(draw: random.Random, author: ObjectId, until: datetime) -> dict[str, Any]:
    made = until - timedelta(seconds=draw.randrange(40 * 86_400))
    counts = {name: {"count": draw.randrange(50)} for name in ("like", "comment", "recast", "quote")}
    return {
        "_id": ObjectId(draw.randbytes(12)),
        "author": {"id": author},
        "type": draw.choice(("short", "blog", "image")),
        "payload": {"message": "".join(draw.choices(string.ascii_letters, k=20))},
        "engagements": counts,
        "hashtags": draw.choices(("sport", "cat", "x"), k=2),
        "visibility": "publish",
        "createdAt": made,
        "updatedAt": made,
    }


def _value(draw: random.Random) -> Any:
    return draw.choice((GONE, ObjectId(draw.randbytes(12)), *SCALARS))
