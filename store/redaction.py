"""Ids and names in values of any shape: finding them and taking them out."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from store.ids import ObjectId

Matcher = Callable[[Any], bool]


def id_matcher(ids: frozenset[ObjectId]) -> Matcher:
    """Returns a function that says whether a value holds one of the ids: as an id, as digits in a text, as bytes."""
    texts, raw = {str(person_id) for person_id in ids}, [person_id.binary for person_id in ids]

    def matches(value: Any) -> bool:
        if isinstance(value, ObjectId):
            return value in ids
        if isinstance(value, str):
            return len(value) >= 24 and any(part in texts for part in _windows(value))
        if isinstance(value, bytes):
            digits = _windows(value.decode("latin-1"))
            return any(part in value for part in raw) or any(part in texts for part in digits)
        if isinstance(value, Mapping):
            return any(matches(part) for pair in value.items() for part in pair)
        return isinstance(value, list) and any(matches(element) for element in value)

    return matches


def redacted(value: Any, matches: Matcher) -> Any:
    """Returns the value without the ids: an id becomes None, a text with one is replaced, a list item with one goes."""
    if isinstance(value, Mapping):
        return {name: redacted(inner, matches) for name, inner in value.items() if not matches(name)}
    if isinstance(value, list):
        return [redacted(element, matches) for element in value if not matches(element)]
    if matches(value):
        return "forgotten" if isinstance(value, str) else None
    return value


def name_pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Returns the pattern of the names as whole words, of one or two letters only in quotes or as a mention.

    >>> bool(name_pattern(["Tom"]).search("by @tom")), bool(name_pattern(["Tom"]).search("tomorrow"))
    (True, False)
    """
    words = [
        rf"(?<!\w){re.escape(name)}(?!\w)" if len(name) > 2 else rf"(?:(?<=[\"@])|^){re.escape(name)}(?=[\"\s]|$)"
        for name in sorted(names, key=len, reverse=True)
    ]
    return re.compile("|".join(words), re.IGNORECASE) if words else None


def named_ids(value: Any) -> set[ObjectId]:
    """Returns the ids in a value: as ids, and as digits in texts."""
    if isinstance(value, ObjectId):
        return {value}
    if isinstance(value, str):
        return {ObjectId(digits) for digits in _windows(value)}
    parts = value.items() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return {one for part in parts for one in named_ids(part)}


def renamed(value: Any, pattern: re.Pattern[str]) -> Any:
    """Returns the value with "forgotten" in place of what the pattern matches in its texts."""
    if isinstance(value, Mapping):
        return {name: renamed(inner, pattern) for name, inner in value.items()}
    if isinstance(value, list):
        return [renamed(element, pattern) for element in value]
    return pattern.sub("forgotten", value) if isinstance(value, str) else value


def _windows(text: str) -> Iterator[str]:
    """Yields every 24 hexadecimal digits in a row, in lower case."""
    for run in re.finditer(r"[0-9a-fA-F]{24,}", text):
        digits = run[0].lower()
        yield from (digits[start : start + 24] for start in range(len(digits) - 23))
