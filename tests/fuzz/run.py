"""The fuzzer in any size.

python -m tests.fuzz.run [--documents 1000000] [--events 100000] [--artifacts 1000000] [--seed 1]
"""

import argparse
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import islice
from typing import Any
from zipfile import BadZipFile

import numpy as np

from handlers.features import content_stats
from ops.functions import functions
from store import models, shards, snapshots
from store.client import Databases, connect
from store.documents import ObjectId
from store.loading import write_documents
from tests.bench.swaps import serving_or_given
from tests.fuzz.mutations import broken, contents, events
from tests.fuzz.oracle import Expected

NOW = datetime(2026, 1, 15, tzinfo=UTC)
SOUND = {
    **dict.fromkeys(("accountId", "userId", "contentId", "shard"), "0123456789abcdef01234567"),
    "contents": ["0123456789abcdef01234567"],
    "consent": True,
    "limit": 5,
    "time": NOW.isoformat(),
}
REFUSALS = (ValueError, BadZipFile, EOFError, KeyError, OSError, RuntimeError)  # numpy's, of a broken npz


def documents(db: Databases, number: int, seed: int) -> dict[str, Any]:
    """Hostile contents through every hourly job; contentStats accounted to the last document."""
    expected, written, refused = Expected(NOW), 0, 0
    rows = contents(number, NOW, seed)
    while batch := list(islice(rows, 5_000)):
        told = write_documents(db, "contents", list(enumerate(batch)), fresh=True)
        bad = {at for at, _ in told.refused}
        for at, each in enumerate(batch):
            if at not in bad:
                expected.add(each)
        written, refused = written + told.inserted, refused + len(bad)
    counts = content_stats({"time": NOW.isoformat()}, None)
    failed = {}
    for job in (each for each in functions().values() if each.is_job):
        try:
            job.load()({"time": (NOW + timedelta(hours=1)).isoformat()}, None)
        except Exception as error:
            failed[job.key] = f"{type(error).__name__}: {str(error)[:300]}"
    wanted = {"contents": expected.contents, "later": expected.later, "rejected": dict(expected.rejected)}
    wrong = {name: [counts[name], value] for name, value in wanted.items() if counts[name] != value}
    lost = number - written - refused
    return {"documents": number, "refusedByServer": refused, "lost": lost, "wrong": wrong, "failed": failed, **wanted}


def hostile_events(db: Databases, number: int, seed: int) -> dict[str, Any]:
    """Operators in every field of every function: refused by name, or answered without effect on the app's data."""
    before = _app(db)
    outcomes: Counter[str] = Counter()
    failed: dict[str, str] = {}
    chosen = {
        key: each for key, each in functions().items() if not each.timings and each.handler.startswith("handlers")
    }
    for key, function in chosen.items():
        handler = function.load()
        for event in events(number // len(chosen), SOUND, seed):
            try:
                handler(event, None)
                outcomes["answered"] += 1
            except ValueError as error:
                outcomes["refused" if ":" in str(error) else "refused without a name"] += 1
            except Exception as error:
                failed[f"{key} {json.dumps(event, default=str)[:200]}"] = f"{type(error).__name__}: {str(error)[:200]}"
    return {"events": outcomes.total() + len(failed), **outcomes, "failed": failed, "changed": _app(db) != before}


def artifacts(number: int, seed: int) -> dict[str, Any]:
    """Broken bytes under the old checksum are refused, every one; a broken npz under its own is refused or plain."""
    buffer = BytesIO()
    np.savez(buffer, allow_pickle=False, weights=np.arange(50.0), ids=np.array([b"a" * 12] * 9, dtype="S12"))
    payload = buffer.getvalue()
    kept = {"account": "x", "model": "m", "format": "npz", "features": [], "version": 1, "trainedAt": NOW}
    kept["checksum"] = hashlib.sha256(payload).hexdigest()
    outcomes: Counter[str] = Counter()
    for each in broken(payload, number, seed):
        with suppress(models.ArtifactError):
            models.check({**kept, "artifact": each}, [])
            outcomes["taken under another checksum"] += 1
        outcomes[_parsed(each)] += 1
    return {"artifacts": number, **outcomes}


def _parsed(payload: bytes) -> str:
    try:
        with np.load(BytesIO(payload), allow_pickle=False) as file:
            return "plain" if all(file[name].dtype.kind != "O" for name in file.files) else "objects"
    except REFUSALS:
        return "refused"
    except MemoryError:
        return "refused for its size"


def stored(db: Databases, number: int, seed: int) -> dict[str, Any]:
    """Shards and snapshots whose stored bytes were changed are refused."""
    shards.put(db, "s", {"rows": np.arange(100)}, {})
    snapshots.save(db, os.urandom(2_000), NOW)
    version = db.analytics.servingSnapshot.find_one({"_id": 0})["version"]  # type: ignore[index]
    kept = {
        "trainingShards": ("data", "s", shards.take, "s"),
        "servingSnapshot": ("part", 1, snapshots.read_payload, version),
    }
    taken = 0
    for name, (field, key, read, argument) in kept.items():
        payload = bytes(db.analytics[name].find_one({"_id": key})[field])  # type: ignore[index]
        for each in broken(payload, number, seed):
            db.analytics[name].update_one({"_id": key}, {"$set": {field: each}})
            with suppress(ValueError):
                read(db, argument)  # type: ignore[operator]
                taken += 1
    return {"stored": 2 * number, "taken": taken}


def _app(db: Databases) -> dict[str, int]:
    counts = {name: db.app[name].estimated_document_count() for name in sorted(db.app.list_collection_names())}
    return {name: count for name, count in counts.items() if count}


def fuzz(uri: str, part: Callable[[Databases], dict[str, Any]]) -> dict[str, Any]:
    """One part on fresh databases, with its seconds."""
    prefix, began = f"fuzz-{ObjectId()}-", time.perf_counter()
    os.environ |= {"MONGODB_URI": uri, "DB_PREFIX": prefix}
    db = connect(uri, prefix)
    try:
        return part(db) | {"seconds": round(time.perf_counter() - began, 1)}
    finally:
        for database in (db.app, db.analytics):
            db.client.drop_database(database.name)
        db.client.close()


def main() -> None:
    """Prints what became of everything, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, standard in (("documents", 1_000_000), ("events", 100_000), ("artifacts", 1_000_000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=standard)
    given = parser.parse_args()
    with serving_or_given() as uri:
        report = {
            "documents": fuzz(uri, lambda db: documents(db, given.documents, given.seed)),
            "events": fuzz(uri, lambda db: hostile_events(db, given.events, given.seed)),
            "artifacts": artifacts(given.artifacts, given.seed),
            "stored": fuzz(uri, lambda db: stored(db, min(given.artifacts, 2_000), given.seed)),
        }
    print(json.dumps(report, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
