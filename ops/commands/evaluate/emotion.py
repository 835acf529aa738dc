"""`feedpulse evaluate emotion`: quality of the emotion heads."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from lab.evaluate.emotion import PARTED, evaluate
from lab.evaluate.labelled import read_lines
from ops import console


class Tier(StrEnum):
    """The tiers of features.text.analyzer."""

    EMBEDDINGS = "embeddings"
    LINEAR = "linear"


def command(
    data: Annotated[Path, typer.Option(help="JSON lines {text, label}; a label is a string or a list", exists=True)],
    tier: Annotated[Tier, typer.Option(help="the heads to evaluate")] = Tier.EMBEDDINGS,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Measures accuracy, macro-F1, calibration and speed of the emotion heads on labelled texts.

    With labels `positive` and `negative` it measures how well the heads separate the two.
    """
    report = evaluate(read_lines(data), tier)
    rows = [[label, row["n"], row["precision"], row["recall"], row["f1"]] for label, row in report["per_class"].items()]
    title = "accuracy {accuracy:.4f} · macro-F1 {macro_f1:.4f} · ECE {ece:.4f} · {ms_per_text:.3f} ms a text"
    columns = ("emotion", "texts", "precision", "recall", "F1")
    tables = [console.table(title.format(**report), columns, rows)] if rows else []
    console.result(report, as_json, *tables, *_sentiment_tables(report))


def _sentiment_tables(report: Mapping[str, Any]) -> list[Any]:
    sentiment = report["sentiment"]
    if not sentiment["positive"] + sentiment["negative"]:
        return []
    rows = [[code, *(row[name] for name in PARTED)] for code, row in sentiment["per_language"].items()]
    title = f"positive against negative: AUC {sentiment['auc']:.4f}"
    return [console.table(title, ("language", *PARTED), rows)]
