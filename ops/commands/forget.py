"""`feedpulse forget ACCOUNT`: erases a person from all that feedpulse writes, and prevents re-creation."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from handlers.predictors import serving_snapshot
from handlers.runtime import databases
from ops import console
from ops.database import home
from store import erasure
from store.client import Databases
from store.ids import ObjectId, object_id
from store.outputs import snapshots
from store.schema import collection

DATA = "data"  # the server's own files
LINES = {".jsonl"}  # lines that name the person are removed; in other files only the ids are redacted


def command(
    account: Annotated[str, typer.Argument(help="id of the account")],
    from_app: Annotated[bool, typer.Option("--from-app", help="delete the person's documents in app-db too")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Erases a person from documents, models, snapshots, logs and rejected lines, now and in later runs."""
    started = perf_counter()
    report = erase_person(databases(), object_id(account, "ACCOUNT"), from_app, home(), datetime.now(UTC))
    report["seconds"] = round(perf_counter() - started, 3)
    rows = [(where, *pair) for where, counts in report["found"].items() for pair in counts.items()]
    rows += [("app-db." + name, "removed", count) for name, count in report["removedFromApp"].items()]
    rows += [(name, "redacted", count) for name, count in report["files"].items()]
    left = "" if from_app else "app-db still has the person: delete the person there, or repeat with --from-app."
    console.result(report, as_json, console.table("Erased", ("where", "what", "count"), rows), left)


def erase_person(db: Databases, account: ObjectId, from_app: bool, folder: Path, now: datetime) -> dict[str, Any]:
    """Erases the owner of an account and returns what was found; a repeated call finds nothing."""
    person = erasure.person_of(db, account)
    tombstones = erasure.add_tombstones(db, person.ids, now)
    removed = erasure.remove_from_app(db, person) if from_app else {}
    counts = erasure.erase(db, person.ids)
    counts |= _rebuild_snapshot(db, person.ids)
    files = {path.name: count for path, count in _files(folder, person.ids) if count}
    kinds = ("users", "contents", "credentials")
    return {
        "ids": {"accounts": 1, **{kind: len(getattr(person, kind)) for kind in kinds}},
        "tombstones": tombstones,
        "found": counts,
        "removedFromApp": removed,
        "files": files,
    }


def _rebuild_snapshot(db: Databases, ids: frozenset[ObjectId]) -> dict[str, dict[str, int]]:
    """Rebuilds the snapshot as of its own clock if it names the person; returns the counts."""
    header = snapshots.header_of(collection(db, "servingSnapshot").find_one({"_id": 0}))
    if header is None or not erasure.id_matcher(ids)(snapshots.read_payload(db, header.version)):
        return {}
    serving_snapshot({"time": header.as_of.isoformat()}, None)
    return {"servingSnapshot": {"rebuilt": 1}}


def _files(folder: Path, ids: Iterable[ObjectId]) -> Iterable[tuple[Path, int]]:
    """Yields each file of the home folder, except the server's data, and how often it named the person."""
    digits = re.compile("|".join(sorted(map(str, ids))).encode(), re.IGNORECASE)
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and DATA not in path.parts):
        yield path, _remove_lines(path, digits) if path.suffix in LINES else _redact(path, digits)


def _remove_lines(path: Path, digits: re.Pattern[bytes]) -> int:
    """Removes matching lines and returns their number; replaces the file in one step."""
    lines = path.read_bytes().splitlines(keepends=True)
    rest = [line for line in lines if not digits.search(line)]
    if len(rest) < len(lines):
        draft = path.with_suffix(".new")
        draft.write_bytes(b"".join(rest))
        draft.replace(path)
    return len(lines) - len(rest)


def _redact(path: Path, digits: re.Pattern[bytes]) -> int:
    """Overwrites matches with zeros and returns their number; in place, because a log may be open."""
    with path.open("r+b") as file:
        places = [match.span() for match in digits.finditer(file.read())]
        for start, end in places:
            file.seek(start)
            file.write(b"0" * (end - start))
    return len(places)
