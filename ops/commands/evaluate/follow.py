"""`feedpulse evaluate follow`: figures of recommended follows."""

from datetime import datetime
from time import perf_counter
from typing import Annotated

import typer

from lab.evaluate.follow import evaluate
from ops import console


def command(
    since: Annotated[str, typer.Option(help="clock of the recommendations, ISO 8601")],
    until: Annotated[str, typer.Option(help="end of the follows that are compared with, ISO 8601")],
    accounts: Annotated[int, typer.Option(help="how many accounts are asked for")] = 300,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Friends to follow: recall@14 of follows held out, against common neighbours and popularity."""
    started = perf_counter()
    report = evaluate(datetime.fromisoformat(since), datetime.fromisoformat(until), accounts)
    report["seconds"] = round(perf_counter() - started, 3)
    rows = [(name, value) for name, value in report["recall@14"].items()]
    console.result(report, as_json, console.table(f"{report['accounts']} accounts", ("ranked by", "recall@14"), rows))
