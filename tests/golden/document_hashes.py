"""Hashes of every document that the jobs write, to show that a refactoring changes none of them.

    python -m tests.golden.document_hashes --out before.json
    python -m tests.golden.document_hashes --compare before.json

Uses the command line and pymongo alone, so it runs unchanged on any layout of the code. Each field is hashed by
itself: a field that is added later leaves the hashes of the others as they are.
"""

import argparse
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import count
from pathlib import Path
from time import perf_counter

from bson import ObjectId
from bson.json_util import CANONICAL_JSON_OPTIONS, dumps
from pymongo import MongoClient

DATABASES = ("app-db", "analytics-db")
COMMUNITY = ("simulate", "--users", "300", "--days", "8", "--seed", "1")
CLOCKS = {  # data set → the clock of its first run, later than its last event
    "deskdrop": "2016-10-02T00:00:00+00:00",
    "dartpost": "2020-09-09T00:00:00+00:00",
    "simulated": "2026-01-15T00:00:00+00:00",
}
CLASSIFIED = 300  # contents that topicsClassify reads by an event
MEMBERS = 2  # the most active ones, whose requests are answered
NAMED = 40  # contents that a request names

# Collections whose _id the server generates: what identifies a document instead.
NATURAL_KEYS = {
    "contentinfo": ("contentId",),
    "topics": ("slug",),
    "categories": ("slug",),
    "suspiciouscredentials": ("seenCredential",),
    "credentialfeatures": ("seenCredential", "lastSeenAt"),
    "mlArtifacts": ("account", "model"),
    "mlArtifacts_country": ("account", "model"),
    "mlArtifacts_global": ("account", "model"),
    "runs": ("function", "time"),
}
ITEM_KEY = {"guestfeeditems": ("countryCode", "content")}  # its _id is computed, and hashed as a field
LEFT_OUT = {  # what belongs to the run and not to the data
    "leases": "who held a lease until when, by the server's clock",
    "runs.startedAt": "wall clock",
    "runs.seconds": "duration",
    "explorations.storedAt": "wall clock, for the index that expires documents",
    "tombstones": "hashes under a random key",
}

Hashes = dict[str, dict[str, object]]  # collection → documents, fields {name: sha256}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints or writes the hashes; with --compare, the differences, and 1 when a document changed."""
    options = _parser().parse_args(arguments)
    started = perf_counter()
    hashes = {name: hash_data_set(name, options.data) for name in options.only or CLOCKS}
    document = {"leftOut": LEFT_OUT, "seconds": round(perf_counter() - started), "hashes": hashes}
    if options.out:
        options.out.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    if not options.compare:
        print(f"{sum(map(len, hashes.values()))} collections in {document['seconds']} s")  # noqa: T201
        return 0
    before = json.loads(options.compare.read_text())["hashes"]
    lines = [line for name in hashes for line in compare(name, before.get(name, {}), hashes[name])]
    print("\n".join(lines))  # noqa: T201
    return int(any(" CHANGED" in line for line in lines))


def compare(data_set: str, before: Hashes, after: Hashes) -> Iterator[str]:
    """Yields a line for each collection: same, fields added, or CHANGED."""
    for name in sorted(before.keys() | after.keys()):
        yield f"{data_set}/{name}: {_difference(before.get(name), after.get(name))}"


def _difference(before: Mapping[str, object] | None, after: Mapping[str, object] | None) -> str:
    if before is None:
        return "collection added"
    if after is None:
        return "CHANGED: collection is gone"
    old, new = before["fields"], after["fields"]
    changes = [
        f"{before['documents']} → {after['documents']} documents" if before["documents"] != after["documents"] else "",
        _listed("fields gone", old.keys() - new.keys()),
        _listed("fields changed", (field for field in old.keys() & new.keys() if old[field] != new[field])),
    ]
    added = _listed("fields added", new.keys() - old.keys())
    if any(changes):
        return "CHANGED: " + "; ".join(change for change in [*changes, added] if change)
    return added or "same"


def _listed(title: str, fields: Iterable[str]) -> str:
    names = ", ".join(sorted(fields))
    return f"{title} {names}" if names else ""


def hash_data_set(name: str, data: Path) -> Hashes:
    """Runs every job on the data set in a database of its own; returns the hashes of both databases and the answers."""
    first = datetime.fromisoformat(CLOCKS[name])
    now, later = first.isoformat(), (first + timedelta(hours=1)).isoformat()
    with embedded(name) as (command, client):
        command(*(COMMUNITY if name == "simulated" else ("load", str(data.resolve() / name))))
        client().admin.command("setParameter", 1, ttlMonitorEnabled=False)  # documents of old clocks expired long ago
        command("run", "all", "--time", now)
        command("run", "hourly", "--time", later)
        app = client()["app-db"]
        oldest = [str(row["_id"]) for row in app.contents.find({}, {"_id": 1}).sort("_id").limit(CLASSIFIED)]
        command("invoke", "topicsClassify", "--time", later, event={"contents": oldest})
        answers = [(event, command("invoke", key, "--time", later, event=event)) for key, event in requests(app)]
        hashes = {f"{database}.{name}": value for database in DATABASES for name, value in _hashed(client()[database])}
    return hashes | {"answers": hash_documents("answers", map(_answer, count(), answers))}


def requests(app) -> Iterator[tuple[str, dict[str, object]]]:
    """Yields requests to the functions that answer: those of the most active members, a stranger's, one cascade."""
    active = app.engagements.aggregate([
        {"$group": {"_id": "$user", "acts": {"$sum": 1}}}, {"$sort": {"acts": -1, "_id": 1}}, {"$limit": MEMBERS},
    ])  # fmt: skip
    users = [row["_id"] for row in active]
    newest = [str(row["_id"]) for row in app.contents.find({}, {"_id": 1}).sort([("createdAt", -1), ("_id", 1)])]
    for user in users:
        account = str(app.users.find_one({"_id": user})["ownerAccount"])
        yield "personalizeContentPredictor", {"accountId": account}
        yield "personalizeContentPredictor", {"accountId": account, "contents": newest[:NAMED]}
        yield "friendToFollow", {"accountId": account}
        yield "startAnalysis", {"userId": str(user), "consent": True}
        yield "recommendFriends", {"userId": str(user)}
    yield "personalizeContentPredictor", {"accountId": "f" * 24, "contents": newest[:NAMED]}
    yield "cascade", {"contentId": _most_reshared(app) or newest[0]}


def _most_reshared(app) -> str:
    group = {"$group": {"_id": "$originalPost._id", "reshares": {"$sum": 1}}}
    stages = [{"$match": {"isRecast": True}}, group, {"$sort": {"reshares": -1, "_id": 1}}, {"$limit": 1}]
    return next((str(row["_id"]) for row in app.contents.aggregate(stages) if row["_id"]), "")


def _answer(place: int, pair: tuple[object, object]) -> dict[str, object]:
    event, answer = pair
    fields = answer if isinstance(answer, dict) else {"answer": answer}
    orders = {f"order of {field}": list(part) for field, part in fields.items() if isinstance(part, dict)}
    return {"_id": [place, event]} | fields | orders


@contextmanager
def embedded(name: str):
    """Yields the command and a client of its embedded database, which runs until the end of the block."""
    with tempfile.TemporaryDirectory(prefix=f"hashes-{name}-") as home, (Path(home) / "users.lock").open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # a user of the home folder: the server goes on between two commands
        foreign = ("MONGODB_URI", "MONGODB_URI_PARAMETER", "DB_PREFIX", "TEXT_TIER", "LOG_STORE")
        environment = {key: value for key, value in os.environ.items() if key not in foreign}
        environment["FEEDPULSE_HOME"] = home

        def command(*words: str, event: object = None) -> object:
            return run_command(name, environment, words, event)

        def client() -> MongoClient:
            note = json.loads((Path(home) / "mongod.json").read_text())
            return MongoClient("127.0.0.1", note["port"], directConnection=True, tz_aware=True)

        yield command, client


def run_command(name: str, environment: Mapping[str, str], words: Sequence[str], event: object) -> object:
    """Returns the JSON that the feedpulse command prints; its progress goes to standard error."""
    started = perf_counter()
    given = () if event is None else ("--event", "-")
    done = subprocess.run(
        [sys.executable, "-m", "ops", *words, *given, "--json"],
        input=json.dumps(event), env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{name}: {' '.join(words)} failed: {done.stderr[-2000:]} {done.stdout[-2000:]}")
    sys.stderr.write(f"{name}: {' '.join(words)}: {perf_counter() - started:.1f} s\n")
    return json.loads(done.stdout)


def _hashed(database) -> Iterator[tuple[str, dict[str, object]]]:
    generated = dict(_generated_ids(database.client))
    for name in sorted(database.list_collection_names()):
        if name not in LEFT_OUT and not name.startswith("system."):
            yield name, hash_documents(name, database[name].find(), generated)


def _generated_ids(client: MongoClient) -> Iterator[tuple[ObjectId, str]]:
    """Yields each generated id with the natural key of its document, which replaces it wherever it is mentioned."""
    for database in DATABASES:
        for name, fields in NATURAL_KEYS.items():
            for row in client[database][name].find({}, dict.fromkeys(fields, 1)):
                yield row["_id"], f"{name}:{[canonical(row.get(field)) for field in fields]}"


def hash_documents(name: str, rows: Iterable[Mapping[str, object]], generated: Mapping[ObjectId, str] = {}):
    """Returns the number of documents and, by field, the SHA-256 of the sorted (key, value) pairs."""
    key_fields = NATURAL_KEYS.get(name) or ITEM_KEY.get(name) or ("_id",)
    dropped = {"_id"} if name in NATURAL_KEYS else set()
    dropped |= {path.partition(".")[2] for path in LEFT_OUT if path.startswith(f"{name}.")}
    pairs = defaultdict(list)
    documents = 0
    for row in rows:
        documents += 1
        key = " ".join(canonical(row.get(field)) for field in key_fields)
        for field in row.keys() - dropped:
            pairs[field].append(f"{key} {canonical(replaced(row[field], generated))}")
    return {"documents": documents, "fields": {field: _digest(lines) for field, lines in sorted(pairs.items())}}


def _digest(lines: list[str]) -> str:
    digest = hashlib.sha256()
    for line in sorted(lines):
        digest.update(line.encode(errors="surrogatepass") + b"\n")
    return digest.hexdigest()


def replaced(value: object, generated: Mapping[ObjectId, str]) -> object:
    """Returns the value with every generated id replaced by its document's natural key."""
    if isinstance(value, ObjectId):
        return generated.get(value, value)
    if isinstance(value, dict):
        return {key: replaced(part, generated) for key, part in value.items()}
    return [replaced(part, generated) for part in value] if isinstance(value, list) else value


def canonical(value: object) -> str:
    """Returns MongoDB's canonical extended JSON, with sorted keys; int, long and double stay apart."""
    return _cached(value) if isinstance(value, str | int | ObjectId | datetime) else _written(value)


def _written(value: object) -> str:
    return dumps(value, json_options=CANONICAL_JSON_OPTIONS, sort_keys=True)


@lru_cache(maxsize=200_000, typed=True)
def _cached(value: object) -> str:
    return _written(value)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.golden.document_hashes", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of deskdrop and dartpost")
    parser.add_argument("--only", action="append", choices=list(CLOCKS), help="one data set; repeat for several")
    parser.add_argument("--out", type=Path, help="write the hashes as JSON")
    parser.add_argument("--compare", type=Path, help="JSON of an earlier run to compare with")
    return parser


if __name__ == "__main__":
    sys.exit(main())
