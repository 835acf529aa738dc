"""Output: tables for people, one JSON document for programs, progress on standard error."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table

screen = Console()
progress = Console(stderr=True)


def result(document: Any, as_json: bool, *people: RenderableType) -> None:
    """Prints the document as JSON, or `people` (by default the document) for a reader."""
    if as_json:
        screen.file.write(json.dumps(document, default=str) + "\n")
        return
    for part in people or (document,):
        screen.print(part)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Returns a table; columns of numbers are aligned to the right."""
    rows = [list(row) for row in rows]
    grid = Table(title=title, title_justify="left", header_style="bold", border_style="dim")
    for position, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[position], int | float) for row in rows)
        grid.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(_cell(value) for value in row))
    return grid


def bar(share: float, width: int = 20) -> str:
    """Returns a bar of `width` characters for a share of 0 to 1.

    >>> bar(0.5, 4)
    '██░░'
    """
    full = round(max(0.0, min(1.0, share)) * width)
    return "█" * full + "░" * (width - full)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
