"""Every job killed with SIGKILL at every write it makes, then run again: the end is that of an undisturbed run.

    python -m tests.bench.crash_matrix [--jobs karmaStats …] [--most 5] [--out FILE]

A listener in the driver counts the commands that write (what a lease's heartbeat writes aside) and kills its process
when number k is about to be sent. Before the second run, what readers would meet is looked at: one generation of the
guest feed, as long as the old or the new one; a whole serving snapshot; artifacts that fit their checksums.
"""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from pymongo import monitoring

from handlers import runtime
from ops.functions import everything, functions, named
from ops.run import backfill, run_all
from store import leases, models, publish, snapshots
from store.client import Databases, connect
from store.documents import ObjectId, to_extended_json
from tests.bench.swaps import serving_or_given
from tests.community import CONFIG, TIME, community, fill

BEFORE = (CONFIG.until - timedelta(days=1)).isoformat()  # clock of the runs that went well
WRITES = {"insert", "update", "delete", "findAndModify", "renameCollection", "create", "createIndexes", "drop"}
ASIDE = ("runs", "leases")
LEASE_SECONDS = 0.5  # so that the second run need not wait long for the killed one's lease
HANG_SECONDS = 300
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.community", "xgboost", "sklearn.ensemble", "scipy.stats"])
State = dict[str, list[str]]


class Killer(monitoring.CommandListener):
    """Counts writes; ends the process when number `at` is about to be sent."""

    def __init__(self, at: int | None) -> None:
        self.at, self.writes = at, 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if not _writes(event) or event.command.get(event.command_name) == "leases":
            return
        self.writes += 1
        if self.writes == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@dataclass(frozen=True)
class Cell:
    """One job killed at one write."""

    job: str
    at: int
    wrong: tuple[str, ...]  # what did not hold


class Matrix:
    """A settled community to copy, and what an undisturbed run of each job makes of it."""

    def __init__(self, uri: str, prefix: str) -> None:
        self.uri, self.base, self.prefix = uri, connect(uri, f"{prefix}base-"), f"{prefix}cell-"
        self.db = connect(uri, self.prefix)
        fill(self.base, community())
        self._run(f"{prefix}base-", None, None)
        _stir(self.base)

    def undisturbed(self, job: str) -> tuple[int, State]:
        """How many writes the job makes, and the state after it."""
        self.restore()
        _, writes = self._run(self.prefix, job, None)
        return writes, state(self.db)

    def cell(self, job: str, at: int, end: State) -> Cell:
        """The job killed at that write, and run again."""
        self.restore()
        old = _feed(self.db)
        killed, _ = self._run(self.prefix, job, at)
        wrong = [] if killed == -signal.SIGKILL else [f"the run ended by {killed}, not by the kill"]
        wrong += _readers(self.db, old, end)
        again, _ = self._run(self.prefix, job, None)
        wrong += [f"the second run ended by {again}"] if again else []
        wrong += _differences(state(self.db), end) + _leftovers(self.db)
        return Cell(job, at, tuple(wrong))

    def restore(self) -> None:
        """The settled community again; indexes come with the jobs."""
        for base, ours in zip((self.base.app, self.base.analytics), (self.db.app, self.db.analytics), strict=True):
            self.db.client.drop_database(ours.name)
            for name in base.list_collection_names(filter={"type": "collection"}):
                base[name].aggregate([{"$out": {"db": ours.name, "coll": name}}])

    def close(self) -> None:
        """Drops everything."""
        for db in (self.base, self.db):
            for database in (db.app, db.analytics):
                db.client.drop_database(database.name)
            db.client.close()

    def _run(self, prefix: str, job: str | None, at: int | None) -> tuple[int, int]:
        receiver, sender = _CONTEXT.Pipe(duplex=False)
        process = _CONTEXT.Process(target=_work, args=(self.uri, prefix, job, at, sender))
        process.start()
        sender.close()
        process.join(HANG_SECONDS)
        if process.is_alive():
            process.kill()
            raise TimeoutError(f"{job} killed at write {at}: still at work after {HANG_SECONDS} s")
        return process.exitcode or 0, receiver.recv() if process.exitcode == 0 else 0


@contextmanager
def matrix(uri: str) -> Iterator[Matrix]:
    """A matrix in databases of its own."""
    made = Matrix(uri, f"crash-{ObjectId()}-")
    try:
        yield made
    finally:
        made.close()


def jobs() -> list[str]:
    """Every function that runs by itself."""
    return [each.key for each in functions().values() if each.is_job]


def spread(writes: int, most: int) -> list[int]:
    """At most so many of the writes, from the first to the last.

    >>> spread(10, 3), spread(2, 5)
    ([1, 6, 10], [1, 2])
    """
    if writes <= most:
        return list(range(1, writes + 1))
    return sorted({round(1 + at * (writes - 1) / (most - 1)) for at in range(most)})


def state(db: Databases) -> State:
    """Every document but the records of runs, without ids that the server gave; in a fixed order."""
    found = {}
    for database in (db.app, db.analytics):
        for name in sorted(set(database.list_collection_names()) - set(ASIDE)):
            rows = ({**each, "_id": None} if _given(each) else each for each in database[name].find())
            found[f"{database.name.removeprefix(db.app.name.removesuffix('app-db'))}.{name}"] = sorted(
                to_extended_json(each) for each in rows
            )
    return {name: rows for name, rows in found.items() if rows}


def _given(document: dict[str, Any]) -> bool:
    """Whether the server gave the id: the document has a key of its own."""
    own = ("account", "contentId", "seenCredential", "slug")
    return isinstance(document["_id"], ObjectId) and any(name in document for name in own) and "score" not in document


def _work(uri: str, prefix: str, job: str | None, at: int | None, sender: Any) -> None:
    os.environ |= {"MONGODB_URI": uri, "DB_PREFIX": prefix}
    os.environ.pop("TRAINING_QUEUE_URL", None)
    short = partial(leases.hold, seconds=LEASE_SECONDS)
    runtime.hold = publish.hold = short  # type: ignore[attr-defined]
    killer = Killer(at)
    runtime.connect = partial(connect, event_listeners=[killer])  # type: ignore[attr-defined]
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if job is None:
        run_all(everything(), {"time": BEFORE}, first=backfill())
    else:
        named(job).load()({"time": TIME}, None)
    sender.send(killer.writes)
    sender.close()


def _stir(db: Databases) -> None:
    """Something to do for jobs that wait for people: a verdict, and a category whose actions are planned."""
    features = db.analytics.credentialfeatures.find_one(sort=[("_id", 1)]) or {}
    case = {"seenCredential": features.get("seenCredential"), "verificationStatus": True, "verifiedAt": CONFIG.until}
    db.app.suspiciouscredentials.insert_one({"_id": ObjectId(b"\1" * 12), **case})
    actor = (db.app.users.find_one(sort=[("_id", 1)]) or {})["_id"]
    over = dict.fromkeys(("like", "comment", "recast", "quote"), 0.0)
    settings = {"enabled": True, "actor": actor, "measure": "karma", "thresholds": over}
    db.analytics.actionSettings.insert_many(
        {"_id": each["slug"], **settings} for each in db.analytics.categories.find()
    )


def _writes(event: monitoring.CommandStartedEvent) -> bool:
    if event.command_name != "aggregate":
        return event.command_name in WRITES
    return any({"$merge", "$out"} & set(stage) for stage in event.command["pipeline"])


def _feed(db: Databases) -> Counter[str]:
    return Counter(each["countryCode"] for each in db.app.guestfeeditems.find({}, {"countryCode": 1}))


def _readers(db: Databases, old: Counter[str], end: State) -> list[str]:
    """What a reader would find wrong between the kill and the next run."""
    wrong = []
    clocks = db.app.guestfeeditems.distinct("createdAt")
    if len(clocks) != 1:
        wrong.append(f"guest feed: {len(clocks)} generations")
    now, new = _feed(db), Counter(json.loads(each)["countryCode"] for each in end["app-db.guestfeeditems"])
    if now not in (old, new):
        wrong.append("guest feed: neither the old nor the new one")
    header = snapshots.header_of(db.analytics.servingSnapshot.find_one({"_id": 0}))
    if header is None or not snapshots.read_payload(db, header.version):
        wrong.append("serving snapshot: none")
    for name in ("mlArtifacts", "mlArtifacts_country", "mlArtifacts_global"):
        for each in db.analytics[name].find({"format": {"$ne": "identity"}}):
            models.check(each, each["features"])
    return wrong


def _differences(found: State, end: State) -> list[str]:
    differ = [name for name in found.keys() | end.keys() if found.get(name) != end.get(name)]
    return [f"{name}: {_first(found.get(name, []), end.get(name, []))}" for name in sorted(differ)]


def _first(found: list[str], end: list[str]) -> str:
    more, less = Counter(found) - Counter(end), Counter(end) - Counter(found)
    return f"{more.total()} other, like {next(iter(more), '-')[:300]} for {next(iter(less), '-')[:300]}"


def _leftovers(db: Databases) -> list[str]:
    names = [*db.app.list_collection_names(), *db.analytics.list_collection_names()]
    temporary = [f"{name}: left" for name in names if name.endswith("temp") or name.startswith("tmp")]
    return temporary + [f"lease {each['_id']}: left" for each in db.analytics.leases.find()]


def cells(made: Matrix, chosen: Sequence[str], most: int) -> Iterator[Cell]:
    """Each job at each of its writes, at most so many of them."""
    for job in chosen:
        writes, end = made.undisturbed(job)
        for at in spread(writes, most):
            yield made.cell(job, at, end)


def main() -> None:
    """Prints a line a job, and what was wrong; writes the whole as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", nargs="+", default=jobs())
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--out")
    given = parser.parse_args()
    began = time.perf_counter()
    with serving_or_given() as uri, matrix(uri) as made:
        found = []
        for each in cells(made, given.jobs, given.most):
            found.append(each)
            print(each.job, each.at, "; ".join(each.wrong) or "as undisturbed", flush=True)  # noqa: T201
    counts = Counter(each.job for each in found)
    wrong = [{"job": each.job, "at": each.at, "wrong": each.wrong} for each in found if each.wrong]
    report = {"kills": len(found), "jobs": counts, "wrong": wrong, "seconds": round(time.perf_counter() - began, 1)}
    print(json.dumps(report, indent=1))  # noqa: T201
    if given.out:
        with open(given.out, "w") as file:
            json.dump(report, file)


if __name__ == "__main__":
    main()
