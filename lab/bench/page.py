"""docs/performance.md, rendered from one run of `feedpulse bench`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lab.bench.figures import Table, misses, tables

TEMPLATE = "performance.md.j2"
PARTS = ("growth", "amounts", "changed", "plain", "requests")  # in the order of `tables`


def page(figures: Mapping[str, Any]) -> str:
    """Returns the page in Markdown."""
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=folder, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    environment.filters["markdown"] = markdown
    more = figures["more"]
    floors = {beside["what"].partition(",")[0]: beside["floorIs"] for beside in more["plain"] if beside["aim"]}
    return environment.get_template(TEMPLATE).render(
        {"remark": None, **figures},
        last=figures["sizes"][-1],
        serving=more["serving"],
        floors=floors,
        misses=list(misses(figures)),
        tables=dict(zip(PARTS, tables(figures), strict=True)),
    )


def markdown(table: Table) -> str:
    """Returns a table in Markdown, figures aligned to the right.

    >>> print(markdown(Table("", ["job", "s"], [["a", "1"]])))
    | job | s |
    |---|--:|
    | a | 1 |
    """
    rule = ["---", *["--:"] * (len(table.columns) - 1)]
    lines = [" | ".join(map(str, cells)) for cells in (table.columns, *table.rows)]
    return "\n".join([f"| {lines[0]} |", f"|{'|'.join(rule)}|", *(f"| {line} |" for line in lines[1:])])
