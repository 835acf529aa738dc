"""`feedpulse evaluate all`: runs every evaluation on the data sets of a folder; writes docs/quality.json."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from lab import doc_figures
from ops import console
from ops.subprocess_call import subprocess_call

KEPT = doc_figures.DOCS / "quality.json"


@dataclass(frozen=True)
class Run:
    """One evaluation: keys of its figures, data and arguments."""

    path: tuple[str, ...]
    data: str  # path below the folder
    words: Sequence[str]
    loads: bool = False  # the data are a dump, loaded first


def _ranking(data: str, since: str, until: str) -> Run:
    return Run(("ranking", data), data, ("ranking", "--since", since, "--until", until), loads=True)


RUNS = (
    _ranking("deskdrop", "2016-09-01", "2016-10-01"),
    _ranking("dartpost", "2020-09-05", "2020-09-09"),
    _ranking("stackexchange", "2018-05-15", "2018-07-15"),
    *(
        Run(("emotion", name, tier), f"emotion/{file}", ("emotion", "--tier", tier))
        for name, file in (("tweeteval", "tweeteval_val.jsonl.gz"), ("goemotions", "goemotions_ekman_dev.jsonl.gz"))
        for tier in ("embeddings", "linear")
    ),
    Run(("language", "lingua"), "language/lingua_dev.jsonl.gz", ("language",)),
    Run(("cascades",), "cascades/trees_dev.jsonl.gz", ("cascades",)),
)


def command(
    data: Annotated[Path, typer.Option(help="folder of the data sets", exists=True)],
    write_docs: Annotated[
        bool, typer.Option("--write-docs", help="write docs/quality.json and the figures in the docs")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Runs every evaluation whose data are in the folder."""
    report: dict[str, Any] = {}
    for run in RUNS:
        if not (data / run.data).exists():
            console.progress.print(f"{' '.join(run.path)}: no {run.data}, left out")
            continue
        console.progress.print(f"{' '.join(run.path)} …")
        _put(report, run.path, _figures(evaluate(run, data / run.data)))
    if write_docs:
        KEPT.write_text(json.dumps(report, indent=1) + "\n")
        doc_figures.write()
    console.result(report, as_json, console.table("Evaluations", ("figure", "value"), list(_flat(report))))


def evaluate(run: Run, data: Path) -> Mapping[str, Any]:
    """Returns the report of one evaluation; a dump is loaded into a separate database."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"FEEDPULSE_HOME": home}
        if run.loads:
            _call(("load", str(data)), environment)
            return _call(("evaluate", *run.words), environment)
        return _call(("evaluate", *run.words, "--data", str(data)), environment)


def _call(words: Sequence[str], environment: Mapping[str, str]) -> Mapping[str, Any]:
    with subprocess_call(*words, environment={**os.environ, **environment}) as call:
        report: Mapping[str, Any] = call.result()
        return report


def _figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the numbers of a report and of its rankers, without details by class or slice."""
    detail = {name: report[name] for name in ("rankers", "paired") if name in report}
    return {name: value for name, value in report.items() if isinstance(value, int | float)} | detail


def _put(report: dict[str, Any], path: Sequence[str], figures: dict[str, Any]) -> None:
    for key in path[:-1]:
        report = report.setdefault(key, {})
    report[path[-1]] = figures


def _flat(report: Mapping[str, Any], before: str = "") -> Any:
    for name, value in report.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name} ")
        elif isinstance(value, int | float):
            yield f"{before}{name}", value
