"""The fuzzer in any size: rounds of at most 100,000, each with databases and a seed of its own, two at a time.

python -m tests.reliability.fuzz.run [--documents 1000000] [--events 100000] [--artifacts 1000000] [--seed 1]
                         [--workers 2] [--out FILE]
"""

import hashlib
import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zipfile import BadZipFile

import numpy as np

from features.arrays import pack_arrays, unpack_arrays
from handlers.features import content_stats
from handlers.manifest import functions
from store.client import Databases
from store.inputs.import_dump import write_documents
from store.outputs import models, snapshots, training_shards
from tests.community import community
from tests.reliability.fuzz.forms import hostile_forms
from tests.reliability.fuzz.mutations import beside, contents, events, mutated
from tests.reliability.fuzz.oracle import Expected
from tests.reliability.harness import arguments, finish, handlers_use, serving_or_given

NOW = datetime(2026, 1, 15, tzinfo=UTC)
ROUND = 100_000
SELDOM = 50  # jobs by the clock, which take a time and nothing else, meet an event for so many of the others
Part = Callable[[Databases, int, int], dict[str, Any]]
SOUND = {
    **dict.fromkeys(("accountId", "userId", "contentId", "shard"), "0123456789abcdef01234567"),
    "contents": ["0123456789abcdef01234567"],
    "consent": True,
    "limit": 5,
    "time": NOW.isoformat(),
}
REFUSALS = (ValueError, BadZipFile, EOFError, KeyError, OSError, RuntimeError)  # numpy's, of a broken npz


def documents(db: Databases, number: int, seed: int) -> dict[str, Any]:
    """Hostile contents, counted by contentStats and accounted to the last one; then a fifth as many documents of
    the other collections, and every job."""
    expected = Expected(NOW)
    kept = _written(db, (("contents", each) for each in contents(number, NOW, seed)))
    for _, each in kept["took"]:
        expected.add(each)
    counts = content_stats({"time": NOW.isoformat()}, None)
    wanted = {"contents": expected.contents, "later": expected.later, "rejected": dict(expected.rejected)}
    wrong = {name: [counts[name], value] for name, value in wanted.items() if counts[name] != value}
    others = _written(db, beside(number // 5, community(), seed))
    return {
        "documents": number,
        "others": len(others["took"]),
        "refusedByServer": len(kept["refused"]) + len(others["refused"]),
        "lost": number + number // 5 - sum(len(each) for told in (kept, others) for each in told.values()),
        "wrong": wrong,
        "failed": _failed(),
        **wanted,
    }


def _written(db: Databases, rows: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    """What the server took and what it refused; never less than it was given."""
    told: dict[str, list[Any]] = {"took": [], "refused": []}
    rows = iter(rows)
    while batch := list(islice(rows, 5_000)):
        for name in {each for each, _ in batch}:
            mine = [row for row in batch if row[0] == name]
            written = write_documents(db, name, [(at, each) for at, (_, each) in enumerate(mine)], fresh=True)
            bad = {at for at, _ in written.refused}
            assert written.inserted == len(mine) - len(bad)
            for at, row in enumerate(mine):
                told["refused" if at in bad else "took"].append(row)
    return told


def _failed() -> dict[str, str]:
    """Every job, one hour later; what failed, by the job."""
    failed = {}
    for job in (each for each in functions().values() if each.is_job):
        try:
            job.load()({"time": (NOW + timedelta(hours=1)).isoformat()}, None)
        except Exception as error:
            failed[job.key] = f"{type(error).__name__}: {str(error)[:300]}"
    return failed


def hostile_events(db: Databases, number: int, seed: int) -> dict[str, Any]:
    """Operators in every field of every function: refused by name, or answered without effect on the app's data."""
    before = _app(db)
    outcomes: Counter[str] = Counter()
    failed: dict[str, str] = {}
    chosen = {key: each for key, each in functions().items() if each.handler.startswith("handlers")}
    for key, function in chosen.items():
        handler, asks = function.load(), function.changes or not function.timings
        for event in events(number // len(chosen) // (1 if asks else SELDOM), SOUND, seed):
            try:
                handler(event, None)
                outcomes["answered"] += 1
            except ValueError as error:
                outcomes["refused" if ":" in str(error) else "refused without a name"] += 1
            except Exception as error:
                failed[f"{key} {json.dumps(event, default=str)[:200]}"] = f"{type(error).__name__}: {str(error)[:200]}"
    return {"events": outcomes.total() + len(failed), **outcomes, "failed": failed, "changed": _app(db) != before}


def artifacts(db: Databases, number: int, seed: int) -> dict[str, Any]:
    """Broken bytes under the old checksum are refused, every one; a broken npz under its own is refused or plain."""
    payload = pack_arrays({"weights": np.arange(50.0), "ids": np.array([b"a" * 12] * 9, dtype="S12")})
    kept = {"account": "x", "model": "m", "format": "npz", "features": [], "version": 1, "trainedAt": NOW}
    kept["fingerprint"] = ""
    kept["checksum"] = hashlib.sha256(payload).hexdigest()
    outcomes: Counter[str] = Counter()
    for each in mutated(payload, number, seed):
        with suppress(models.ArtifactError):
            models.check({**kept, "artifact": each}, [], "")
            outcomes["taken under another checksum"] += 1
        outcomes[_parsed(each)] += 1
    return {"artifacts": number, **outcomes}


def _parsed(payload: bytes) -> str:
    try:
        return "plain" if all(array.dtype.kind != "O" for array in unpack_arrays(payload).values()) else "objects"
    except REFUSALS:
        return "refused"
    except MemoryError:
        return "refused for its size"


def stored(db: Databases, number: int, seed: int) -> dict[str, Any]:
    """Shards and snapshots whose stored bytes were changed are refused."""
    training_shards.put(db, "s", os.urandom(1_000), {})
    snapshots.save(db, os.urandom(2_000), NOW)
    version = db.analytics.servingSnapshot.find_one({"_id": 0})["version"]  # type: ignore[index]
    kept = {
        "trainingShards": ("data", "s", training_shards.take, "s"),
        "servingSnapshot": ("part", 1, snapshots.read_payload, version),
    }
    taken = 0
    for name, (field, key, read, argument) in kept.items():
        payload = bytes(db.analytics[name].find_one({"_id": key})[field])  # type: ignore[index]
        for each in mutated(payload, number, seed):
            db.analytics[name].update_one({"_id": key}, {"$set": {field: each}})
            with suppress(ValueError):
                read(db, argument)  # type: ignore[operator]
                taken += 1
    return {"stored": 2 * number, "taken": taken}


def _app(db: Databases) -> dict[str, int]:
    counts = {name: db.app[name].estimated_document_count() for name in sorted(db.app.list_collection_names())}
    return {name: count for name, count in counts.items() if count}


def fuzz(uri: str, part: Part, number: int, seed: int) -> dict[str, Any]:
    """One round of a part on fresh databases."""
    with handlers_use(uri, "fuzz") as db:
        return part(db, number, seed)


def rounds(number: int) -> list[int]:
    """The sizes of the rounds.

    >>> rounds(250_000), rounds(0)
    ([100000, 100000, 50000], [])
    """
    whole, rest = divmod(number, ROUND)
    return [ROUND] * whole + [rest] * bool(rest)


def added(reports: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Counts added up, by name."""
    total: dict[str, Any] = {}
    for report in reports:
        for name, value in report.items():
            before = total.get(name)
            if before is None:
                total[name] = value
            elif isinstance(value, dict):
                total[name] = added([before, value])
            else:
                total[name] = before + value if isinstance(value, int) and not isinstance(value, bool) else value
    return total


def main() -> None:
    """Prints what became of everything, as JSON; exit status 1 when something was wrong."""
    sizes = {"documents": 1_000_000, "events": 100_000, "artifacts": 1_000_000, "stored": 4_000, "forms": 10_000}
    given = arguments(__doc__, {**sizes, "seed": 1, "workers": 2})
    parts: dict[str, Part] = {
        "documents": documents,
        "events": hostile_events,
        "artifacts": artifacts,
        "stored": stored,
        "forms": hostile_forms,
    }
    report: dict[str, Any] = {}
    with serving_or_given() as uri, _pool(given.workers) as pool:
        for name, part in parts.items():
            began = time.perf_counter()
            sized = enumerate(rounds(getattr(given, name)), given.seed)
            done = [pool.submit(fuzz, uri, part, size, seed) for seed, size in sized]
            report[name] = added(each.result() for each in done)
            report[name]["seconds"] = round(time.perf_counter() - began, 1)
            print(name, report[name]["seconds"], "s", flush=True)  # noqa: T201
    report["broken"] = broken(report)
    finish(report, given.out, report["broken"])


def _pool(workers: int) -> ProcessPoolExecutor:
    """A round is a process of its own: handlers keep their connection."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1)


def broken(report: dict[str, Any]) -> list[str]:
    """The promises that were not kept."""
    none = ("lost", "wrong", "failed", "changed", "refused without a name", "taken under another checksum", "objects")
    return [f"{part}: {each}" for part, told in report.items() for each in (*none, "taken") if told.get(each)]


if __name__ == "__main__":
    main()
