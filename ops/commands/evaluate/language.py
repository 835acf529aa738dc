"""`feedpulse evaluate language`: quality of the language identifier."""

from pathlib import Path
from typing import Annotated

import typer

from lab.evaluate.labelled import read_lines
from lab.evaluate.language import evaluate
from ops import console


def command(
    data: Annotated[Path, typer.Option(help="JSON lines {text, label}; a label is an ISO 639-1 code", exists=True)],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Measures accuracy, macro-F1, calibration and speed of the language identifier on labelled texts."""
    report = evaluate(read_lines(data))
    rows = [[code, row["n"], row["precision"], row["recall"], row["f1"]] for code, row in report["per_class"].items()]
    title = "accuracy {accuracy:.4f} · macro-F1 {macro_f1:.4f} · ECE {ece:.4f} · {ms_per_text:.3f} ms a text"
    columns = ("language", "texts", "precision", "recall", "F1")
    console.result(report, as_json, console.table(title.format(**report), columns, rows))
