"""`feedpulse evaluate cascades`: quality of ranks and inferred parents of reshare trees."""

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from lab.evaluate.cascades import Report, evaluate_hidden_parents, evaluate_known, read_trees
from ops import console


def command(
    data: Annotated[Path | None, typer.Option(help="trees as lines of JSON, plain or gzip")] = None,
    nodes: Annotated[bool, typer.Option("--nodes", help="add parent, level and rank of every node")] = False,
    hide_parents: Annotated[bool, typer.Option("--hide-parents", help="infer the parents, and compare")] = False,
    follows: Annotated[str, typer.Option(help="file of follows, or `simulated`")] = "simulated",
    seed: Annotated[int, typer.Option(help="seed of the simulation")] = 1,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Compares ranks and measures of reshare trees with an oracle; --hide-parents measures inferred parents."""
    if data is None and not (hide_parents and follows == "simulated"):
        raise typer.BadParameter("--data is needed, or --hide-parents with --follows simulated")
    started = perf_counter()
    try:
        trees = read_trees(data) if data else []
        report = evaluate_hidden_parents(trees, follows, seed) if hide_parents else evaluate_known(trees, nodes)
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
