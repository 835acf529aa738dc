"""`feedpulse load`: loads a dump of an app's database, one file of extended JSON lines per collection."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from handlers.runtime import clock
from ops import console
from ops.database import database, own_home, require_database_name
from ops.dumps import BrokenFileError, LongLine, collection_of, lines
from ops.progress import ProgressBar, progress_bar
from store import queries
from store.client import Databases
from store.ids import Document
from store.inputs import import_dump
from store.inputs.extended_json import read_line

BATCH_LINES = 2_000
BATCH_BYTES = 16 * 2**20  # of text
EXCERPT_BYTES = 20_000  # of a rejected line
FILE_BREAKS_OFF = "the file breaks off"
TIMES: Mapping[str, tuple[str, ...]] = {"feeditems": ("seenAt", "calledAt", "createdAt")}


@dataclass
class LoadResult:
    """Counts of one file; rejected lines are stored in `rejected_file`."""

    rejected_file: Path
    read: int = 0
    later: int = 0
    written: import_dump.Written = field(default_factory=import_dump.Written)
    rejected: Counter[str] = field(default_factory=Counter)

    def reject(self, number: int, reason: str, text: bytes) -> None:
        """Stores a rejected line; counts it by the text of the reason before the colon."""
        excerpt = text[:EXCERPT_BYTES].decode(errors="replace")
        with self.rejected_file.open("a") as file:
            file.write(json.dumps({"line": number, "reason": reason, "document": excerpt}) + "\n")
        self.rejected[reason.partition(":")[0]] += 1

    def counts(self) -> dict[str, Any]:
        """Returns the counts as one document."""
        written = self.written
        return {
            "read": self.read,
            "inserted": written.inserted,
            "changed": written.changed,
            "unchanged": written.unchanged,
            "repeated": written.repeated,
            "later": self.later,
            "rejected": dict(self.rejected),
        }


def load(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="folder with <collection>.jsonl or .jsonl.gz")],
    drop: Annotated[bool, typer.Option("--drop", help="empty feedpulse's collections first")] = False,
    yes_drop: Annotated[
        str | None, typer.Option(metavar="NAME", help="name of app-db, needed on a server of your own")
    ] = None,
    until: Annotated[str | None, typer.Option(help="leave out later documents, ISO 8601")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Loads MongoDB extended JSON into app-db; invalid lines are rejected with a reason."""
    started = perf_counter()
    files, others = dump_files(folder)
    end = None if until is None else clock({"time": until})
    if drop:
        require_database_name(yes_drop)
    for name in others:
        console.progress.print(f"{name}: not a collection of app-db, left out", highlight=False, markup=False)
    with database() as db:
        loaded = load_files(db, files, drop, end)
    document = {
        "collections": {name: result.counts() for name, result in loaded.items()},
        "others": others,
        "rejected": sum(result.rejected.total() for result in loaded.values()),
        "seconds": round(perf_counter() - started, 3),
    }
    console.result(document, as_json, _table(folder, loaded))


def dump_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Returns the file of each collection of app-db in the folder, and the names of other files."""
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is not a folder", param_hint="DIR")
    known = import_dump.app_collections()
    files: dict[str, Path] = {}
    others = []
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        name = collection_of(path)
        if name in files:
            raise typer.BadParameter(
                f"{files[name]} and {path.name} are the same collection: keep one", param_hint="DIR"
            )
        if name in known:
            files[name] = path
        else:
            others.append(path.name)
    if not files:
        raise typer.BadParameter(f"{folder} has no <collection>.jsonl[.gz] of {', '.join(known)}", param_hint="DIR")
    return files, others


def load_files(
    db: Databases, files: Mapping[str, Path], drop: bool = False, until: datetime | None = None
) -> dict[str, LoadResult]:
    """Loads each file into its collection; rejected lines are stored in the home folder."""
    if drop:
        import_dump.drop_collections(db)
    loaded = {}
    with progress_bar(len(files)) as bar:
        for name, path in files.items():
            bar.start(name)
            loaded[name] = load_file(db, name, path, until, bar)
            bar.done(name, f"{loaded[name].read:,} lines, {loaded[name].rejected.total():,} rejected")
    if until:
        import_dump.recount_engagements(db)
    return loaded


def load_file(db: Databases, name: str, path: Path, until: datetime | None, bar: ProgressBar) -> LoadResult:
    """Loads one file in batches."""
    result, fresh = LoadResult(_rejected_file(name)), not queries.exists(db, name, {})
    for batch in _batches(_until_broken(path, result)):
        written = import_dump.write_documents(db, name, list(_within(batch, result, name, until)), fresh)
        texts = dict(batch)
        for number, reason in written.refused:
            result.reject(number, reason, texts[number])
        result.read += len(batch)
        result.written.add(written)
        bar.advance(name, result.read)
    return result


def _rejected_file(name: str) -> Path:
    folder = own_home() / "rejected"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.jsonl").unlink(missing_ok=True)
    return folder / f"{name}.jsonl"


def _until_broken(path: Path, result: LoadResult) -> Iterator[tuple[int, bytes]]:
    try:
        yield from lines(path)
    except BrokenFileError as error:
        result.reject(0, f"{FILE_BREAKS_OFF}: {error}", b"")


def _batches(numbered: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    batch: list[tuple[int, bytes]] = []
    size = 0
    for number, text in numbered:
        batch.append((number, text))
        size += len(text)
        if len(batch) == BATCH_LINES or size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _within(
    batch: Iterable[tuple[int, bytes]], result: LoadResult, name: str, until: datetime | None
) -> Iterator[tuple[int, Document]]:
    for number, document in _parsed(batch, result):
        if _is_later(document, name, until):
            result.later += 1
        else:
            yield number, document


def _parsed(batch: Iterable[tuple[int, bytes]], result: LoadResult) -> Iterator[tuple[int, Document]]:
    for number, text in batch:
        if isinstance(text, LongLine):
            result.reject(number, "longer than 16 MB", text)
            continue
        try:
            yield number, read_line(text)
        except ValueError as error:
            result.reject(number, str(error), text)


def _is_later(document: Document, name: str, until: datetime | None) -> bool:
    if until is None:
        return False
    dates = (document.get(field_name) for field_name in TIMES.get(name, ("createdAt",)))
    moment = next((date for date in dates if isinstance(date, datetime)), None)
    return moment is not None and _aware(moment) > until


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _table(folder: Path, loaded: Mapping[str, LoadResult]) -> Any:
    rows = [[name, *list(result.counts().values())[:-1], result.rejected.total()] for name, result in loaded.items()]
    columns = ("collection", "lines", "new", "changed", "same", "repeated", "later", "rejected")
    return console.table(f"Loaded from {folder}", columns, rows)
