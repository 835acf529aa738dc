"""`feedpulse scale`: what any number of members needs."""

from dataclasses import asdict
from typing import Annotated

import typer

from lab.bench.extrapolate import COLUMNS, Limits, reckoned, rows, title
from ops import console
from ops.commands.bench import KEPT, read


def command(
    users: Annotated[list[int] | None, typer.Option("--users", min=1, help="members; can be repeated")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """What every part needs at that many members, how it is taken apart, and what breaks first."""
    figures = read(KEPT)
    scales = [reckoned(figures, count) for count in users or (1_000_000, 10_000_000, 1_000_000_000)]
    document = {"limits": asdict(Limits()), "scales": [asdict(scale) for scale in scales]}
    console.result(document, as_json, *(console.table(title(scale), COLUMNS, rows(scale)) for scale in scales))
