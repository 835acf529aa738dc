"""The table of fields: every field of every collection that feedpulse reads or writes, from fields.toml.

docs/data-model.md is generated from it, tests hold stored documents to it, and `problem` judges a single value.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from bson import DBRef, ObjectId

from store.ids import Document
from store.schema import COLLECTIONS

_PYTHON: Mapping[str, tuple[type, ...]] = {
    "id": (ObjectId,),
    "ref": (DBRef,),
    "text": (str,),
    "flag": (bool,),
    "int": (int,),
    "number": (int, float),
    "time": (datetime,),
    "bytes": (bytes,),
    "object": (dict,),
    "json": (dict,),  # keys of its own, which the table leaves open
    "any": (object,),
}


@dataclass(frozen=True)
class Field:
    """One field of a collection."""

    collection: str
    path: str  # dotted; `*` is any key, and the elements of an array have the path of the array
    type: str  # a key of _PYTHON; `[]` after it is an array of that
    meaning: str
    by: tuple[str, ...]  # who writes it: `app`, functions of serverless.yml, `command`, `panel`, `moderator`
    unit: str = ""
    required: bool = True  # in every document, or wherever the object that it belongs to is
    nullable: bool = False
    between: tuple[float, float] | None = None  # plausible numbers, both ends included
    among: Sequence[str] = ()  # the values that there are

    @property
    def is_open(self) -> bool:
        """Whether the table leaves open what is inside."""
        return self.type.removesuffix("[]") in ("json", "any")

    def problem(self, value: Any) -> str | None:
        """Returns what is wrong with a stored value, or None.

        >>> likes = Field("contents", "engagements.like.count", "int", "", ("app",), between=(0, 1e12))
        >>> likes.problem(3), likes.problem("3"), likes.problem(-1)
        (None, 'str, not int', '-1 is not between 0 and 1e+12')
        """
        if value is None and self.nullable:
            return None
        if not self.type.endswith("[]"):
            return self._problem(self.type, value)
        if not isinstance(value, list):
            return f"{type(value).__name__}, not an array"
        kind = self.type.removesuffix("[]")
        return next((problem for element in value if (problem := self._problem(kind, element))), None)

    def _problem(self, kind: str, value: Any) -> str | None:
        if not isinstance(value, _PYTHON[kind]) or (isinstance(value, bool) and kind in ("int", "number")):
            return f"{type(value).__name__}, not {kind}"
        return self._implausible(value)

    def _implausible(self, value: Any) -> str | None:
        if self.between and not self.between[0] <= value <= self.between[1]:
            return f"{value!r:.40} is not between {self.between[0]:g} and {self.between[1]:g}"
        if self.among and value not in self.among:
            return f"{value!r:.40} is none of {', '.join(self.among)}"
        return None


@dataclass(frozen=True)
class Described:
    """One collection and its fields by path."""

    name: str
    meaning: str
    by: tuple[str, ...]
    fields: Mapping[str, Field]

    @property
    def is_ours(self) -> bool:
        """Whether feedpulse alone writes its documents."""
        return "app" not in self.by


@cache
def described() -> Mapping[str, Described]:
    """Returns every collection of the table, in its order."""
    table = tomllib.loads(files("store").joinpath("fields.toml").read_text())
    return {name: _described(name, table[name], table) for name in table}


def described_in(database: str) -> list[Described]:
    """Returns the collections of a database, `app` or `analytics`, in the table's order."""
    return [found for name, found in described().items() if COLLECTIONS[name].database == database]


def values(document: Document) -> Iterator[tuple[str, Any]]:
    """Yields the path and the value of everything inside a document; array elements that are objects are entered.

    >>> list(values({"a": {"b": [{"c": 1}, {"c": 2}]}}))[2:]
    [('a.b.c', 1), ('a.b.c', 2)]
    """
    for key, value in document.items():
        yield key, value
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from ((f"{key}.{path}", found) for path, found in values(inner))


def field_at(collection: Described, path: str) -> Field | None:
    """Returns the field that describes a path, also as a part of something that the table leaves open."""
    keys = path.split(".")
    for length in range(len(keys), 0, -1):
        found = _matching(collection.fields, keys[:length])
        if found:
            return found if length == len(keys) or found.is_open else None
    return None


def missing(collection: Described, document: Document) -> Iterator[str]:
    """Yields the paths of required fields that a document lacks.

    A field inside an object is missing when the object, or any one of an array of objects, is there without it.
    """
    for field in collection.fields.values():
        *above, last = field.path.split(".")
        if field.required and last != "*" and any(last not in parent for parent in _objects(document, above)):
            yield field.path


def _objects(value: Any, keys: Sequence[str]) -> Iterator[Document]:
    if isinstance(value, list):
        for element in value:
            yield from _objects(element, keys)
    elif isinstance(value, dict):
        if not keys:
            yield value
        for name in value if keys[:1] == ["*"] else keys[:1]:
            yield from _objects(value.get(name), keys[1:])


def _matching(fields: Mapping[str, Field], keys: Sequence[str]) -> Field | None:
    exact = fields.get(".".join(keys))
    return exact or next((field for path, field in fields.items() if _matches(path.split("."), keys)), None)


def _matches(pattern: Sequence[str], keys: Sequence[str]) -> bool:
    pairs = zip(pattern, keys, strict=False)
    return len(pattern) == len(keys) and all(wanted in ("*", key) for wanted, key in pairs)


def _described(name: str, entry: Mapping[str, Any], table: Mapping[str, Any]) -> Described:
    by = tuple(entry["by"])
    rows: Mapping[str, Any] = table[entry["like"]]["fields"] if "like" in entry else entry["fields"]
    fields = {path: _field(name, path, row, by) for path, row in rows.items()}
    return Described(name, entry["meaning"], by, fields)


def _field(collection: str, path: str, row: Mapping[str, Any], by: tuple[str, ...]) -> Field:
    kind = row["type"].removesuffix("?")
    between = row.get("between")
    return Field(
        collection=collection,
        path=path,
        type=kind,
        meaning=row["meaning"],
        by=tuple(row.get("by", by)),
        unit=row.get("unit", ""),
        required=not row.get("optional", False),
        nullable=kind != row["type"],
        between=(between[0], between[1]) if between else None,
        among=tuple(row.get("among", ())),
    )
