"""`feedpulse evaluate karma`: compares karma of one day with the engagements that followed."""

from time import perf_counter
from typing import Annotated, Any

import typer

from handlers.features import karma_evaluation
from ops import console


def command(
    since: Annotated[str, typer.Option(help="clock of the ranking, ISO 8601")],
    until: Annotated[str, typer.Option(help="end of the later engagements, ISO 8601; usually a week later")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Measures rank correlation, precision@100 and interval coverage of karma, compared with simple rates."""
    started = perf_counter()
    try:
        report = karma_evaluation({"since": since, "until": until}, None)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    report["seconds"] = round(perf_counter() - started, 3)
    console.result(report, as_json, *_people(report))


def _people(report: dict[str, Any]) -> list[Any]:
    rows = [(name, figures["spearman"], figures["precision@100"]) for name, figures in report["rankers"].items()]
    title = f"Engagement per follower of {report['pairs']:,} users in a category"
    share = "none" if report["coverage"] is None else f"{report['coverage']:.1%}"
    coverage = f"80 % intervals contain {share} of {report['coveragePairs']:,} users in a category"
    return [console.table(title, ("ranked by", "rank correlation", "precision@100"), rows), coverage]
