"""`feedpulse evaluate fraud`: quality of the detectors."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lab.evaluate.fraud import Report, evaluate_labels, evaluate_worlds
from ops import console
from ops.database import database


def command(
    humans: Annotated[list[Path] | None, typer.Option(help="folder of a feeditems dump of real people")] = None,
    labels: Annotated[Path | None, typer.Option(help="lines {seenCredential, bot} for the loaded database")] = None,
    seed: Annotated[int, typer.Option(help="seed of the simulation")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document")] = False,
) -> None:
    """Measures detectors on known and unseen attackers, false positives, and the classifier of the design."""
    try:
        report = _labelled(labels) if labels else evaluate_worlds(seed, humans or [])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    console.result(report, as_json, *_for_people(report))


def _labelled(labels: Path) -> Report:
    with database() as db:
        return evaluate_labels(db, datetime.now(UTC), labels)


def _for_people(report: Report) -> list[Any]:
    tables = [_family_table(title, report[part]) for title, part in _TITLES.items()]
    accused = [[name, figures["fpr"], figures["n"]] for name, figures in report["human_fpr"].items()]
    design = [[name, value] for name, value in report["design_pca"].items() if name != "by_readings"]
    return [
        *tables,
        console.table("False positives among people (goal: 0.01)", ["people", "share", "n"], accused),
        console.table("The design's classifier (PCA, one class of bots)", ["figure", "value"], design),
        f"Served: {report['served']}. {report['reason']}",
    ]


_TITLES = {"Known attackers": "families", "Attackers never seen in training": "unseen"}


def _family_table(title: str, families: Report) -> Any:
    """Returns AUC and recall at 1 % false positives by number of readings, one row per family."""
    rows = []
    for family, figure in families.items():
        by_readings = figure.get("by_readings") or {"all": figure}
        rows.append(
            [family, *(value for count in by_readings.values() for value in (count["auc"], count["tpr@1%fpr"]))]
        )
    counts = list(next(iter(families.values())).get("by_readings") or ["all"])
    return console.table(title, ["family", *(f"{name} {count}" for count in counts for name in ("AUC", "TPR"))], rows)
