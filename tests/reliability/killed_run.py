"""One run of a job in a process of its own, killed by SIGKILL at a write of its own choice."""

import multiprocessing
import os
import pkgutil
import signal
import sys
import tempfile
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from pymongo import monitoring

from handlers import job as entries
from handlers import runtime
from handlers.manifest import everything, named
from ops.commands.forget import erase_person
from ops.commands.run import backfill, run_all
from store import leases, publish
from store.client import Databases, connect
from store.person import person_of
from tests.community import CONFIG, TIME

WRITES = {"insert", "update", "delete", "findAndModify", "renameCollection", "create", "createIndexes", "drop"}
LEASE_SECONDS = 0.5  # so that the second run need not wait long for the killed one's lease
HANG_SECONDS = 600
FORGET = "forget"  # the command, as one more job
STAGES = ("features", "trainers", "predictors", "fraud")


class Killer(monitoring.CommandListener):
    """Counts writes; when number `at` is about to be sent, says so and ends the process."""

    def __init__(self, at: int | None, sender: Any) -> None:
        self.at, self.sender, self.writes = at, sender, 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if not _writes(event) or event.command.get(event.command_name) == "leases":
            return
        self.writes += 1
        if self.writes == self.at:
            self.sender.send((-signal.SIGKILL, 0))
            os.kill(os.getpid(), signal.SIGKILL)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def run(uri: str, prefix: str, job: str | None, at: int | None = None, time: str = TIME) -> tuple[int, int]:
    """A run of the job (of every job for None) in a process of its own: how it ended and its number of writes.

    It tells its end itself: of two threads that wait for children, one reads the exit code and the other finds none.
    """
    receiver, sender = _context().Pipe(duplex=False)
    process = _context().Process(target=_work, args=(uri, prefix, job, at, time, sender))
    process.start()
    sender.close()
    try:
        if not receiver.poll(HANG_SECONDS):
            raise TimeoutError(f"{job} killed at write {at}: still at work after {HANG_SECONDS} s")
        ended: tuple[int, int] = receiver.recv()
        process.join(HANG_SECONDS)
        return ended
    except EOFError:
        return 1, 0
    finally:
        process.kill()
        process.join()


@cache
def _context() -> Any:
    """Processes are forked from one that has imported everything and done nothing."""
    context = multiprocessing.get_context("forkserver")
    parts = (pkgutil.iter_modules(import_module(f"{stage}.jobs").__path__, f"{stage}.jobs.") for stage in STAGES)
    jobs = [each.name for found in parts for each in found]
    context.set_forkserver_preload(["__main__", __name__, "xgboost", "sklearn.ensemble", "scipy.stats", *jobs])
    return context


def _work(uri: str, prefix: str, job: str | None, at: int | None, time: str, sender: Any) -> None:
    os.environ |= {"MONGODB_URI": uri, "DB_PREFIX": prefix, "TEXT_TIER": "linear"}
    os.environ.pop("TRAINING_QUEUE_URL", None)
    short = partial(leases.hold, seconds=LEASE_SECONDS)
    entries.hold = publish.hold = short  # type: ignore[attr-defined]
    killer = Killer(at, sender)
    runtime.connect = partial(connect, event_listeners=[killer])  # type: ignore[attr-defined]
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if job is None:
        run_all(everything(), {"time": time}, first=backfill())
    elif job == FORGET:
        _forget(runtime.databases())
    else:
        named(job).load()({"time": time}, None)
    sender.send((0, killer.writes))
    sender.close()


def _forget(db: Databases) -> None:
    """The author of the first post is forgotten."""
    author = (db.app.contents.find_one(sort=[("_id", 1)]) or {})["author"]["id"]
    account = (db.app.users.find_one({"_id": author}) or {})["ownerAccount"]
    with tempfile.TemporaryDirectory() as folder:
        erase_person(db, person_of(db, account), False, Path(folder), CONFIG.until)


def _writes(event: monitoring.CommandStartedEvent) -> bool:
    if event.command_name != "aggregate":
        return event.command_name in WRITES
    return any({"$merge", "$out"} & set(stage) for stage in event.command["pipeline"])
