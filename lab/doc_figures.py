"""Figures in README.md and docs/, filled in from the JSON files that measurements write.

A figure is written `<!--=FILE PATH-->value<!--=-->`: FILE is a JSON file of docs/ without its suffix, PATH the keys to
the number, joined by dots; `*` sums over a list. Run `python -m lab.doc_figures` after measuring.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"
FIGURE = re.compile(r"<!--=(\w+) (\S+)-->[^<]*<!--=-->")


def filled(text: str) -> str:
    """Returns the text with every figure taken from its file.

    Raises:
        ValueError: when a file has no such figure.
    """
    return FIGURE.sub(lambda match: f"<!--={match[1]} {match[2]}-->{shown(look_up(match[1], match[2]))}<!--=-->", text)


def look_up(name: str, path: str) -> float:
    """Returns the number at the path in docs/NAME.json.

    Raises:
        ValueError: when it is not there.
    """
    value = _at(_read(name), path.split("."))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"docs/{name}.json has no number at {path}")
    return value


def shown(value: float) -> str:
    """Returns the number as the docs print it.

    >>> shown(1234567), shown(0.43912), shown(12.34)
    ('1,234,567', '0.439', '12.3')
    """
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def pages() -> Iterator[Path]:
    """Yields README.md and every page of docs/."""
    yield DOCS.parent / "README.md"
    yield from sorted(DOCS.glob("*.md"))


def write() -> None:
    """Fills in the figures of every page."""
    for page in pages():
        page.write_text(filled(page.read_text()))


def _at(value: Any, keys: list[str]) -> Any:
    if not keys:
        return value
    first, rest = keys[0], keys[1:]
    if first == "*" and isinstance(value, list):
        return sum(_at(item, rest) or 0 for item in value)
    return _at(value.get(first), rest) if isinstance(value, dict) else None


@cache
def _read(name: str) -> Any:
    path = DOCS / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else None


if __name__ == "__main__":
    write()
