"""`feedpulse scale`: extrapolates docs/performance.json to any number of members."""

from dataclasses import asdict
from typing import Annotated

import typer

from lab.bench.extrapolate import COLUMNS, Limits, extrapolate, rows, title
from ops import console
from ops.commands.bench import KEPT, read


def command(
    users: Annotated[list[int] | None, typer.Option("--users", min=1, help="members; can be repeated")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Extrapolates the measured costs to N members; the job that reaches a limit first comes first."""
    figures = read(KEPT)
    scales = [extrapolate(figures, count) for count in users or (1_000_000, 10_000_000, 1_000_000_000)]
    document = {"limits": asdict(Limits()), "scales": [asdict(scale) for scale in scales]}
    console.result(document, as_json, *(console.table(title(scale), COLUMNS, rows(scale)) for scale in scales))
