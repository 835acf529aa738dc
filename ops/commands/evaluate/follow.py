"""`feedpulse evaluate follow`: quality of recommended follows."""

from time import perf_counter
from typing import Annotated

import typer

from handlers.runtime import clock
from lab.evaluate.follow import evaluate
from ops import console


def command(
    since: Annotated[str, typer.Option(help="clock of the recommendations, ISO 8601")],
    until: Annotated[str, typer.Option(help="end of the later follows, ISO 8601")],
    accounts: Annotated[int, typer.Option(help="number of accounts")] = 300,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Measures recall@14 of held-out follows, compared with common neighbours and popularity."""
    started = perf_counter()
    report = evaluate(clock({"time": since}), clock({"time": until}), accounts)
    report["seconds"] = round(perf_counter() - started, 3)
    rows = [(name, value) for name, value in report["recall@14"].items()]
    console.result(report, as_json, console.table(f"{report['accounts']} accounts", ("ranked by", "recall@14"), rows))
