"""`feedpulse evaluate cascades`: figures of reshare trees."""

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from lab.evaluate.cascades import Report, evaluate_hidden_parents, evaluate_known, read_trees
from ops import console


def command(
    data: Annotated[Path | None, typer.Option(help="trees as lines of JSON, plain or gzip")] = None,
    nodes: Annotated[bool, typer.Option("--nodes", help="add parent, level and rank of every node")] = False,
    hide_parents: Annotated[bool, typer.Option("--hide-parents", help="find the parents again")] = False,
    follows: Annotated[str, typer.Option(help="who follows whom: a file, or `simulated`")] = "simulated",
    seed: Annotated[int, typer.Option(help="of the simulation")] = 1,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Reshare trees: ranks and measures against an oracle; with --hide-parents the share of right parents."""
    if data is None and not (hide_parents and follows == "simulated"):
        raise typer.BadParameter("--data is needed, or --hide-parents with --follows simulated")
    started = perf_counter()
    try:
        named = read_trees(data) if data else []
        report = evaluate_hidden_parents(named, follows, seed) if hide_parents else evaluate_known(named, nodes)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    report["seconds"] = round(perf_counter() - started, 3)
    console.result(report, as_json, *_people(report))


def _people(report: Report) -> list[Any]:
    plain = [(name, value) for name, value in report.items() if isinstance(value, int | float)]
    accuracy = list(report["parent_accuracy"].items())
    shown = [console.table("Reshare trees", ("measure", "value"), plain)]
    for feed, figures in report.get("feeds", {}).items():
        rows = list(figures["parent_accuracy"].items())
        shown.append(console.table(f"Right parents where {feed} copies are shown", ("policy", "share"), rows))
    return shown if "feeds" in report else [*shown, console.table("Right parents", ("policy", "share"), accuracy)]
