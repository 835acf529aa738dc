"""What a piece of work costs: seconds, memory of its process and of the server, documents and bytes that moved."""

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient

HANG_SECONDS = 3_600
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "lab.bench.work",
        "xgboost",
        "scipy.stats",
        "sklearn.ensemble",
        "features.jobs.cascades",
        "features.jobs.karma",
        "fraud.jobs.extraction",
        "fraud.jobs.prediction",
        "predictors.jobs.guest_feed",
        "predictors.jobs.personal",
        "trainers.jobs.members",
    ]
)


@dataclass(frozen=True)
class Cost:
    """What one run took; the server's figures are those of the whole server between begin and end."""

    seconds: float
    processor: float  # seconds of it that processors worked, the process's and the server's
    megabytes: int  # most resident memory of the process, with the libraries
    server_megabytes: int | None  # the same of the server; None where it runs elsewhere
    examined: int  # documents that the server looked at
    returned: int
    written: int  # inserted, changed or deleted
    megabytes_out: float  # that the server sent
    counts: Any  # what the work gave back


def measured(uri: str, prefix: str, work: Callable[..., Any], *given: Any) -> Cost:
    """The work, done in a process of its own whose handlers find these databases.

    Raises:
        RuntimeError: when the work failed.
    """
    with MongoClient[dict[str, Any]](uri) as client:
        before, pid = _status(client, prefix), int(client.admin.command("serverStatus")["pid"])
        _forget_peak(pid)
        server = _worked(pid)
        (seconds, own), megabytes, counts, error = _in_own_process(uri, prefix, work, given)
        server = _worked(pid) - server
        moved = _status(client, prefix) - before
    if error:
        raise RuntimeError(f"{work.__name__}{given}: {error}")
    upserted = max(0, moved["documents"] - moved["inserted"] + moved["deleted"])
    return Cost(
        seconds=round(seconds, 3),
        processor=round(own + server, 2),
        megabytes=megabytes,
        server_megabytes=_peak(pid),
        examined=moved["examined"],
        returned=moved["returned"],
        written=moved["inserted"] + moved["updated"] + moved["deleted"] + upserted,
        megabytes_out=round(moved["bytesOut"] / 1e6, 1),
        counts=counts,
    )


def described(cost: Cost) -> dict[str, Any]:
    """As JSON has it, without the names of things that a job counted none of."""
    told = cost.counts if isinstance(cost.counts, dict) else {}
    return asdict(cost) | {"counts": {name: each for name, each in told.items() if each and name != "names"}}


def _in_own_process(uri: str, prefix: str, work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_inside, args=(sender, uri, prefix, work, given))
    process.start()
    sender.close()
    try:
        if not receiver.poll(HANG_SECONDS):
            raise TimeoutError(f"{work.__name__}: still at work after {HANG_SECONDS} s")
        return receiver.recv()
    except EOFError:
        process.join()
        return (0.0, 0.0), 0, None, f"ended by {process.exitcode}"
    finally:
        process.kill()
        process.join()


def _inside(sender: Any, uri: str, prefix: str, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    os.environ |= {"MONGODB_URI": uri, "DB_PREFIX": prefix}
    os.environ.pop("TRAINING_QUEUE_URL", None)
    sys.stdout = sys.stderr
    _forget_peak(os.getpid())
    began, used, error, counts = time.perf_counter(), time.process_time(), "", None
    try:
        counts = work(*given)
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    seconds = time.perf_counter() - began, time.process_time() - used
    sender.send((seconds, _peak(os.getpid()) or _max_resident(), counts, error))
    sender.close()


def _status(client: MongoClient[dict[str, Any]], prefix: str) -> "Signed":
    """The server's counters; `documents`, all that these databases hold, tells of upserts, which it does not count."""
    said = client.admin.command("serverStatus")
    moved, databases = said["metrics"]["document"], (client[f"{prefix}{name}-db"] for name in ("app", "analytics"))
    return Signed(
        examined=int(said["metrics"]["queryExecutor"]["scannedObjects"]),
        bytesOut=int(said["network"]["bytesOut"]),
        documents=sum(each.command("dbStats")["objects"] for each in databases),
        **{name: int(moved[name]) for name in ("returned", "inserted", "updated", "deleted")},
    )


class Signed(dict[str, int]):
    """Counters by name, whose differences may be negative."""

    def __sub__(self, before: "Signed") -> "Signed":
        return Signed((name, value - before[name]) for name, value in self.items())


def _forget_peak(pid: int) -> None:
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak(pid: int) -> int | None:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return None


def _worked(pid: int) -> float:
    """Seconds that processors worked for a process so far; 0 where that is not told."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _max_resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
