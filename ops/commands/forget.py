"""`feedpulse forget ACCOUNT`: erases a person from all that feedpulse writes, and prevents re-creation."""

import re
import sys
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
from store.ids import ObjectId
from store.orphans import remove_orphans
from store.outputs import snapshots
from store.person import Person, find_account, person_of, remove_from_app
from store.queries import exists
from store.redaction import id_matcher, name_pattern
from store.schema import collection

DATA = "data"  # the server's own files
LINES = {".jsonl"}  # lines that name the person are removed; in other files only the ids are redacted


def command(
    account: Annotated[str, typer.Argument(help="id of the account or of one of its users, or a handle")],
    from_app: Annotated[bool, typer.Option("--from-app", help="delete the app's own documents too")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask; needed without a terminal")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="list what would be erased, and change nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Erases a person: documents, models, snapshots, logs and rejected lines; later runs leave the person out."""
    db, started = databases(), perf_counter()
    person = _found(db, account)
    if not dry_run:
        _confirm(person, yes)
    report = erase_person(db, person, from_app, home(), datetime.now(UTC), dry_run)
    report["seconds"] = round(perf_counter() - started, 3)
    rows = [(where, *pair) for where, counts in report["found"].items() for pair in counts.items()]
    rows += [("app-db." + name, "removed", count) for name, count in report["removedFromApp"].items()]
    rows += [(name, "redacted", count) for name, count in report["files"].items()]
    in_app = not from_app and exists(db, "accounts", {"_id": person.account})
    left = ["app-db still has the person: delete the person there, or repeat with --from-app."] if in_app else []
    title = "Would be erased" if dry_run else "Erased"
    console.result(report, as_json, console.table(title, ("where", "what", "count"), rows), *left)


def erase_person(
    db: Databases, person: Person, from_app: bool, folder: Path, now: datetime, dry_run: bool = False
) -> dict[str, Any]:
    """Erases a person and returns what was found; a repeated call finds nothing. `dry_run` changes nothing."""
    tombstones = 0 if dry_run else erasure.add_tombstones(db, person.ids, now)
    removed = remove_from_app(db, person, dry_run) if from_app else {}
    counts = _merged(erasure.erase(db, person.ids, dry_run), remove_orphans(db, person.ids, dry_run))
    if entries := erasure.redact_names(db, person.names, dry_run):
        counts = _merged(counts, {"audit": {"names redacted": entries}})
    counts |= _rebuild_snapshot(db, person.ids, dry_run)
    files = {path.name: count for path, count in _files(folder, person, dry_run) if count}
    kinds = ("users", "contents", "credentials")
    return {
        "account": str(person.account),
        "ids": {"accounts": 1, **{kind: len(getattr(person, kind)) for kind in kinds}},
        "dryRun": dry_run,
        "tombstones": tombstones,
        "found": counts,
        "removedFromApp": removed,
        "files": files,
    }


def _found(db: Databases, words: str) -> Person:
    """Returns the person; says which account a user's id or a handle belongs to. Exits with 1 for nobody."""
    account = find_account(db, words)
    if account is None:
        sys.stderr.write(f"feedpulse: ACCOUNT: {words[:60]}: no such account, and nothing of ours names it\n")
        raise typer.Exit(1)
    if words.lower() != str(account):
        sys.stderr.write(f"{words[:60]} is a user of account {account}\n")
    return person_of(db, account)


def _confirm(person: Person, yes: bool) -> None:
    """Asks on a terminal, unless `yes`.

    Raises:
        ValueError: when there is no terminal.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ValueError("--yes: needed without a terminal, because an erasure cannot be undone; --dry-run lists it")
    counts = f"{len(person.users)} users, {len(person.contents)} posts, {len(person.credentials)} devices"
    typer.confirm(f"Erase account {person.account} ({counts})? This cannot be undone.", abort=True, err=True)


def _merged(counts: dict[str, dict[str, int]], more: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {name: counts.get(name, {}) | more.get(name, {}) for name in counts | more}


def _rebuild_snapshot(db: Databases, ids: frozenset[ObjectId], dry_run: bool) -> dict[str, dict[str, int]]:
    """Rebuilds the snapshot as of its own clock if it names the person; returns the counts."""
    header = snapshots.header_of(collection(db, "servingSnapshot").find_one({"_id": 0}))
    if header is None or not id_matcher(ids)(snapshots.read_payload(db, header.version)):
        return {}
    if not dry_run:
        serving_snapshot({"time": header.as_of.isoformat()}, None)
    return {"servingSnapshot": {"rebuilt": 1}}


def _files(folder: Path, person: Person, dry_run: bool) -> Iterable[tuple[Path, int]]:
    """Yields each file of the home folder, except the server's data, and how often it named the person."""
    digits = re.compile("|".join(sorted(map(str, person.ids))).encode(), re.IGNORECASE)
    names = name_pattern(person.names)
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and DATA not in path.parts):
        if path.suffix in LINES:
            yield path, _remove_lines(path, digits, names, dry_run)
        else:
            yield path, _redact(path, digits, dry_run)


def _remove_lines(path: Path, digits: re.Pattern[bytes], names: re.Pattern[str] | None, dry_run: bool) -> int:
    """Removes lines with an id or a name and returns their number; replaces the file in one step."""
    lines = path.read_bytes().splitlines(keepends=True)
    rest = [line for line in lines if not digits.search(line) and not (names and names.search(_unescaped(line)))]
    if len(rest) < len(lines) and not dry_run:
        draft = path.with_suffix(".new")
        draft.write_bytes(b"".join(rest))
        draft.replace(path)
    return len(lines) - len(rest)


def _unescaped(line: bytes) -> str:
    """Returns the text of a line with the escapes of JSON resolved, also of JSON within JSON."""
    text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda digits: chr(int(digits[1], 16)), line.decode(errors="replace"))
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return re.sub(r'\\+(?:"|[bfnrt])', lambda escape: '"' if escape[0][-1] == '"' else " ", whole)


def _redact(path: Path, digits: re.Pattern[bytes], dry_run: bool) -> int:
    """Overwrites matches with zeros and returns their number; in place, because a log may be open."""
    with path.open("r+b") as file:
        places = [match.span() for match in digits.finditer(file.read())]
        for start, end in () if dry_run else places:
            file.seek(start)
            file.write(b"0" * (end - start))
    return len(places)
