"""`feedpulse simulate`: writes a community with known truth into the database or into files."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from gzip import GzipFile
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import orjson
import typer

from lab.simulate import Config, World, documents, truth
from lab.simulate import simulate as simulate_community
from ops import console
from ops.database import database, own_home, require_database_name
from ops.dumps import gzip_writer, write_lines
from ops.progress import ProgressBar, progress_bar
from store import queries
from store.client import Databases
from store.inputs import import_dump
from store.inputs.extended_json import write_line

TRUTH = "truth.jsonl"


def simulate(
    users: Annotated[int, typer.Option(help="member accounts; guests come on top")] = 2_000,
    days: Annotated[int, typer.Option(help="length of the history")] = 14,
    seed: Annotated[int, typer.Option(help="same seed, same bytes")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="write files instead of the database")] = None,
    drop: Annotated[bool, typer.Option("--drop", help="empty feedpulse's collections first")] = False,
    yes_drop: Annotated[
        str | None, typer.Option(metavar="NAME", help="name of app-db, needed on a server of your own")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Simulates a community; truth.jsonl has what the app does not know."""
    config, started = Config(users=users, days=days, seed=seed), perf_counter()
    if out is None:
        require_database_name(yes_drop)
    with progress_bar(2) as bar:
        world = simulated(config, bar)
        bar.start("documents")
        counts = write_files(world, out, bar) if out else _into_database(world, drop, bar)
        bar.done("documents", f"{sum(counts.values()):,}")
    place = (out or own_home()) / TRUTH
    write_lines(place, truth_lines(world))
    document = {
        "counts": counts,
        "truth": str(place),
        "until": config.until.isoformat(),
        "seconds": _since(started),
    }
    where = f"Until {config.until:%Y-%m-%d %H:%M} UTC. The truth is in {place}"
    console.result(document, as_json, console.table("", ("collection", "documents"), counts.items()), where)


def simulated(config: Config, bar: ProgressBar) -> World:
    """Simulates a community, with progress."""
    started = perf_counter()
    bar.start("community")
    world = simulate_community(config)
    bar.done("community", f"{config.users:,} users, {config.days} days, {_since(started):.1f} s")
    return world


def write_database(db: Databases, world: World, bar: ProgressBar) -> Counter[str]:
    """Writes the community into app-db by `_id`; returns counts by collection."""
    counts: Counter[str] = Counter()
    fresh = {name: not queries.exists(db, name, {}) for name in import_dump.app_collections()}
    for name, batch in documents(world):
        if fresh[name]:
            import_dump.insert_all(db, name, batch)
        else:
            import_dump.write_documents(db, name, list(enumerate(batch)))
        counts[name] += len(batch)
        bar.advance(name, counts[name])
    return counts


def write_files(world: World, folder: Path, bar: ProgressBar) -> Counter[str]:
    """Writes one gzip file of extended JSON lines per collection; returns counts by collection."""
    folder.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    files: dict[str, GzipFile] = {}
    with ExitStack() as stack:
        for name, batch in documents(world):
            if name not in files:
                files[name] = stack.enter_context(gzip_writer(folder / f"{name}.jsonl.gz"))
            files[name].writelines(map(write_line, batch))
            counts[name] += len(batch)
            bar.advance(name, counts[name])
    return counts


def truth_lines(world: World) -> Iterator[bytes]:
    """Returns the truth as JSON lines."""
    return (orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in truth(world))


def _into_database(world: World, drop: bool, bar: ProgressBar) -> Any:
    with database() as db:
        if drop:
            import_dump.drop_collections(db)
        return write_database(db, world, bar)


def _since(started: float) -> float:
    return round(perf_counter() - started, 3)
