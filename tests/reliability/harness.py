"""A server, databases that are dropped at the end, and a report, for tests and their commands."""

import json
import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.mongod.serving import serving
from store.client import Databases, connect
from store.ids import ObjectId


@contextmanager
def serving_or_given(cache_gb: float = 0.5) -> Iterator[str]:
    """Yields the URI of MONGODB_URI, or of a server that runs for the block."""
    if given := os.environ.get("MONGODB_URI"):
        yield given
        return
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), durable=False, cache_gb=cache_gb) as uri:
        yield uri


@contextmanager
def databases(uri: str, prefix: str) -> Iterator[Databases]:
    """Opens both databases under this prefix; drops them at the end."""
    db = connect(uri, prefix)
    try:
        yield db
    finally:
        drop(db)
        db.client.close()


@contextmanager
def handlers_use(uri: str, name: str = "test", **environment: str) -> Iterator[Databases]:
    """Opens fresh databases, for handlers and commands too (by the environment); drops them at the end."""
    prefix, before = f"{name}-{ObjectId()}-", dict(os.environ)
    with databases(uri, prefix) as db:
        os.environ |= {"MONGODB_URI": uri, "DB_PREFIX": prefix, **environment}
        try:
            yield db
        finally:
            os.environ.clear()
            os.environ |= before


def drop(db: Databases) -> None:
    """Drops both databases."""
    for database in (db.app, db.analytics):
        db.client.drop_database(database.name)


def arguments(about: str | None, defaults: Mapping[str, Any]) -> Namespace:
    """Returns the options of the command line, each with the type of its default, and --out."""
    parser = ArgumentParser(description=about)
    for name, default in defaults.items():
        many = {"nargs": "+"} if isinstance(default, list) else {"type": type(default)}
        parser.add_argument(f"--{name.replace('_', '-')}", default=default, **many)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def finish(report: Mapping[str, Any], out: Path | None, broken: object = None) -> None:
    """Prints the report as JSON, writes it, and exits with 1 when a promise is broken."""
    print(json.dumps(report, indent=1, default=str))  # noqa: T201
    if out:
        out.write_text(json.dumps(report, default=str))
    sys.exit(bool(broken))
