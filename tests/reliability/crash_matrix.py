"""Every job killed with SIGKILL at every write it makes, then run again: the end is that of an undisturbed run.

    python -m tests.reliability.crash_matrix [--jobs karmaStats …] [--most 5] [--workers 2] [--out FILE]

A listener in the driver counts the commands that write (what a lease's heartbeat writes aside) and kills its process
when number k is about to be sent. Before the second run, what readers would meet is looked at: one generation of the
guest feed, as long as the old or the new one; a whole serving snapshot; artifacts that fit their checksums.
`feedpulse forget` is in it as one more job; it takes single items out of the feed.
"""

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from queue import SimpleQueue
from typing import Any

from handlers.manifest import functions
from lab.bench.work import open_gates
from store import erasure
from store.client import Databases
from store.ids import ObjectId
from store.outputs import models, snapshots
from tests.community import CONFIG, community, fill
from tests.reliability.harness import arguments, databases, finish, serving_or_given
from tests.reliability.killed_run import FORGET, run
from tests.reliability.states import State, differences, hashes, state

BEFORE = (CONFIG.until - timedelta(days=1)).isoformat()  # clock of the runs that went well


@dataclass(frozen=True)
class Cell:
    """One job killed at one write."""

    job: str
    at: int
    writes: int  # that the job makes
    wrong: tuple[str, ...]  # what did not hold


@dataclass(frozen=True)
class End:
    """What an undisturbed run of a job makes of the settled community."""

    writes: int
    state: State
    hashes: dict[str, str]
    feed: Counter[str]


class Bench:
    """Databases in which one job after another is killed; each starts from a copy of the settled ones."""

    def __init__(self, uri: str, base: Databases, prefix: str, db: Databases) -> None:
        self.uri, self.base, self.prefix, self.db = uri, base, prefix, db

    def undisturbed(self, job: str) -> End:
        """The job's writes, and what it makes."""
        self.restore()
        _, writes = run(self.uri, self.prefix, job)
        return End(writes, state(self.db), hashes(self.db), _feed(self.db))

    def cell(self, job: str, at: int, end: End) -> Cell:
        """The job killed at that write, and run again."""
        self.restore()
        killed, _ = run(self.uri, self.prefix, job, at)
        wrong = [] if killed == -signal.SIGKILL else [f"the run ended by {killed}, not by the kill"]
        wrong += _readers(self.db, () if job == FORGET else (_feed(self.base), end.feed))
        again, _ = run(self.uri, self.prefix, job)
        wrong += [f"the second run ended by {again}"] if again else []
        if hashes(self.db) != end.hashes:
            wrong += differences(state(self.db), end.state)
        wrong += _leftovers(self.db, job)
        return Cell(job, at, end.writes, tuple(wrong))

    def restore(self) -> None:
        """The settled community again; indexes come with the jobs."""
        wanted, found = hashes(self.base), hashes(self.db)
        for name in wanted.keys() | found.keys():
            if wanted.get(name) == found.get(name):
                continue
            database, _, plain = name.partition(".")
            ours, base = ((each.app, each.analytics)[database != "app-db"] for each in (self.db, self.base))
            ours[plain].drop()
            if name in wanted:
                base[plain].aggregate([{"$out": {"db": ours.name, "coll": plain}}])


@contextmanager
def benches(uri: str, number: int = 1, settled_by: Sequence[str] | None = None) -> Iterator[list[Bench]]:
    """Benches with a community that all jobs have seen, or those named; dropped at the end."""
    prefix = f"crash-{ObjectId()}-"
    with ExitStack() as stack:
        base = stack.enter_context(databases(uri, f"{prefix}base-"))
        numbered = [f"{prefix}{number}-" for number in range(number)]
        made = [Bench(uri, base, each, stack.enter_context(databases(uri, each))) for each in numbered]
        fill(base, community())
        for job in [None] if settled_by is None else settled_by:
            run(uri, f"{prefix}base-", job, time=BEFORE)
        _stir(base)
        yield made


def jobs() -> list[str]:
    """Every function that runs by itself, and the command that forgets a person."""
    return [*(each.key for each in functions().values() if each.is_job), FORGET]


def spread(writes: int, most: int) -> list[int]:
    """At most so many of the writes, from the first to the last.

    >>> spread(10, 3), spread(2, 5)
    ([1, 6, 10], [1, 2])
    """
    if writes <= most:
        return list(range(1, writes + 1))
    return sorted({round(1 + at * (writes - 1) / (most - 1)) for at in range(most)})


def _stir(db: Databases) -> None:
    """Something to do for jobs that wait for people: a verdict, and a category whose actions are planned."""
    features = db.analytics.credentialfeatures.find_one(sort=[("_id", 1)]) or {}
    case = {"seenCredential": features.get("seenCredential"), "verificationStatus": True, "verifiedAt": CONFIG.until}
    db.app.suspiciouscredentials.insert_one({"_id": ObjectId(b"\1" * 12), **case})
    actor = (db.app.users.find_one(sort=[("_id", 1)]) or {})["_id"]
    over = dict.fromkeys(("like", "comment", "recast", "quote"), 0.0)
    settings = {"enabled": True, "actor": actor, "measure": "karma", "thresholds": over}
    slugs = db.analytics.categories.distinct("slug")
    db.analytics.actionSettings.insert_many([{"_id": each, **settings} for each in slugs or ["none"]])
    open_gates(db)
    erasure.add_tombstones(db, [ObjectId(b"\2" * 12)], CONFIG.until)  # the key of tombstones is drawn once


def _feed(db: Databases) -> Counter[str]:
    found = db.app.guestfeeditems.aggregate([{"$group": {"_id": "$countryCode", "items": {"$sum": 1}}}])
    return Counter({each["_id"]: each["items"] for each in found})


def _readers(db: Databases, feeds: Sequence[Counter[str]]) -> list[str]:
    """What a reader would find wrong between the kill and the next run; a feed may have to be one of those."""
    wrong = []
    clocks = db.app.guestfeeditems.distinct("createdAt")
    if len(clocks) != 1:
        wrong.append(f"guest feed: {len(clocks)} generations")
    if feeds and _feed(db) not in feeds:
        wrong.append("guest feed: neither the old nor the new one")
    header = snapshots.header_of(db.analytics.servingSnapshot.find_one({"_id": 0}))
    if header is None or not snapshots.read_payload(db, header.version):
        wrong.append("serving snapshot: none")
    for name in ("mlArtifacts", "mlArtifacts_country", "mlArtifacts_global"):
        for each in db.analytics[name].find({"format": {"$ne": "identity"}}):
            models.check(each, each["features"], each["fingerprint"])
    return wrong


def _leftovers(db: Databases, job: str) -> list[str]:
    """Temporary collections and leases; forgetting may be killed in servingSnapshot, whose next run takes its lease."""
    names = [*db.app.list_collection_names(), *db.analytics.list_collection_names()]
    temporary = [f"{name}: left" for name in names if name.endswith("temp") or name.startswith("tmp")]
    of_others = {"_id": {"$ne": "servingSnapshot"}} if job == FORGET else {}
    return temporary + [f"lease {each['_id']}: left" for each in db.analytics.leases.find(of_others)]


def cells(made: Sequence[Bench], chosen: Sequence[str], most: int) -> Iterator[Cell]:
    """Each job at each of its writes, at most so many of them; every bench at work."""
    free: SimpleQueue[Bench] = SimpleQueue()
    for each in made:
        free.put(each)

    def one(job: str, at: int, end: End) -> Cell:
        bench = free.get()
        try:
            return bench.cell(job, at, end)
        finally:
            free.put(bench)

    with ThreadPoolExecutor(len(made)) as pool:
        for job in chosen:
            bench = free.get()
            end = bench.undisturbed(job)
            free.put(bench)
            yield from pool.map(partial(one, job, end=end), spread(end.writes, most))


def report(found: Sequence[Cell], seconds: float) -> dict[str, Any]:
    """Kills and ends by job, and what was wrong."""
    rows = []
    for job in dict.fromkeys(each.job for each in found):
        ends = [each for each in found if each.job == job]
        equal = sum(not each.wrong for each in ends)
        rows.append({"job": job, "writes": ends[0].writes, "kills": len(ends), "equal": equal})
    wrong = [asdict(each) for each in found if each.wrong]
    return {"kills": len(found), "jobs": rows, "wrong": wrong, "seconds": round(seconds, 1)}


def main() -> None:
    """Prints a line a kill, and what was wrong; writes the whole as JSON."""
    given = arguments(__doc__, {"jobs": jobs(), "most": 10_000, "workers": 2})
    began, found = time.perf_counter(), []
    with serving_or_given() as uri, benches(uri, given.workers) as made:
        for each in cells(made, given.jobs, given.most):
            found.append(each)
            print(each.job, each.at, "; ".join(each.wrong) or "as undisturbed", flush=True)  # noqa: T201
    finish(report(found, time.perf_counter() - began), given.out)


if __name__ == "__main__":
    main()
