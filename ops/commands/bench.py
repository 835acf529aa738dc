"""`feedpulse bench`: measures jobs and requests on this machine; prints tables, writes JSON and docs."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from handlers.manifest import FILE
from lab.bench import page
from lab.bench.figures import tables
from ops import console
from ops.mongod.serving import serving

ROOT, STANDARD_ERROR = FILE.parent, 2
CACHE_GB = 8.0  # of the server
KEPT, PAGE = ROOT / "docs" / "performance.json", ROOT / "docs" / "performance.md"


def command(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="write the JSON here")] = None,
    sizes: Annotated[str, typer.Option(help="numbers of members, like 10000,30000,100000")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="tiny sizes and few jobs; takes seconds")] = False,
    source: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="read an earlier JSON")] = None,
    write_docs: Annotated[bool, typer.Option("--write-docs", help=f"write docs/{PAGE.name} and its JSON")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Measures jobs by size, a baseline, and requests while jobs run; about 20 minutes."""
    figures = read(source) if source else measured(sizes, quick)
    if file:
        write(file, figures)
    if write_docs:
        write(KEPT, figures)
        PAGE.write_text(page.page(figures))
    console.result(
        figures, as_json, *(console.table(table.title, table.columns, table.rows) for table in tables(figures))
    )


def measured(sizes: str, quick: bool) -> dict[str, Any]:
    """Returns the figures of `python -m lab.bench.run`, on the server of MONGODB_URI or one started for them."""
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder) / "mongod") as uri:
        out = Path(folder) / "bench.json"
        words = ["--out", str(out), *(["--quick"] if quick else [])]
        words += ["--sizes", *map(str, _numbers(sizes))] if sizes else []
        subprocess.run(
            [sys.executable, "-m", "lab.bench.run", *words],
            cwd=ROOT,
            env={**os.environ, "MONGODB_URI": uri},
            stdout=STANDARD_ERROR,
            check=True,
        )
        return read(out)


def read(file: Path) -> dict[str, Any]:
    """Returns the figures of a file.

    Raises:
        ValueError: when the file has none.
    """
    try:
        figures = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} has no figures: {error}") from error
    if not isinstance(figures, dict) or not {"machine", "sizes", "more"} <= set(figures):
        raise ValueError(f"{file} has no figures of feedpulse bench")
    return figures


def write(file: Path, figures: dict[str, Any]) -> None:
    """Writes the figures to a file."""
    file.write_text(json.dumps(figures, indent=1) + "\n")


def _server(folder: Path) -> AbstractContextManager[str]:
    uri = os.environ.get("MONGODB_URI")
    return nullcontext(uri) if uri else serving(folder, durable=False, cache_gb=CACHE_GB)


def _numbers(sizes: str) -> list[int]:
    try:
        numbers = sorted({int(size) for size in sizes.split(",")})
    except ValueError:
        numbers = []
    if not numbers or numbers[0] < 1:
        raise ValueError(f"--sizes: {sizes[:60]} must be numbers of members, like 10000,30000,100000")
    return numbers
