"""Measures a function: seconds, memory of its process and of the server, documents and bytes transferred."""

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
    """Costs of one run; the server's figures are differences of its counters."""

    seconds: float
    processor: float  # CPU seconds of the process and the server
    megabytes: int  # peak resident memory of the process, with the libraries
    server_megabytes: int | None  # of the server; None where it runs on another machine
    examined: int  # documents that the server read
    returned: int
    written: int  # inserted, changed or deleted
    megabytes_out: float  # sent by the server
    counts: Any  # result of the function


def measured(uri: str, prefix: str, work: Callable[..., Any], *arguments: Any) -> Cost:
    """Runs the function in another process, whose handlers use these databases, and returns its costs.

    Raises:
        RuntimeError: when the function failed.
    """
    with MongoClient[dict[str, Any]](uri) as client:
        before, pid = _status(client, prefix), int(client.admin.command("serverStatus")["pid"])
        _reset_peak(pid)
        server = _cpu_seconds(pid)
        (seconds, own), megabytes, counts, error = _in_own_process(uri, prefix, work, arguments)
        server = _cpu_seconds(pid) - server
        moved = _status(client, prefix) - before
    if error:
        raise RuntimeError(f"{work.__name__}{arguments}: {error}")
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
    """Returns the cost for JSON, without counts of zero."""
    counts = cost.counts if isinstance(cost.counts, dict) else {}
    return asdict(cost) | {"counts": {name: count for name, count in counts.items() if count and name != "names"}}


def _in_own_process(uri: str, prefix: str, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_inside, args=(sender, uri, prefix, work, arguments))
    process.start()
    sender.close()
    try:
        if not receiver.poll(HANG_SECONDS):
            raise TimeoutError(f"{work.__name__}: still running after {HANG_SECONDS} s")
        return receiver.recv()
    except EOFError:
        process.join()
        return (0.0, 0.0), 0, None, f"ended by {process.exitcode}"
    finally:
        process.kill()
        process.join()


def _inside(sender: Any, uri: str, prefix: str, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.environ |= {"MONGODB_URI": uri, "DB_PREFIX": prefix}
    os.environ.pop("TRAINING_QUEUE_URL", None)
    sys.stdout = sys.stderr
    _reset_peak(os.getpid())
    began, used, error, counts = time.perf_counter(), time.process_time(), "", None
    try:
        counts = work(*arguments)
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    seconds = time.perf_counter() - began, time.process_time() - used
    sender.send((seconds, _peak(os.getpid()) or _max_resident(), counts, error))
    sender.close()


def _status(client: MongoClient[dict[str, Any]], prefix: str) -> "Signed":
    """Returns the server's counters, and `documents` of these databases to detect upserts, which it does not count."""
    status = client.admin.command("serverStatus")
    moved, databases = status["metrics"]["document"], (client[f"{prefix}{name}-db"] for name in ("app", "analytics"))
    return Signed(
        examined=int(status["metrics"]["queryExecutor"]["scannedObjects"]),
        bytesOut=int(status["network"]["bytesOut"]),
        documents=sum(database.command("dbStats")["objects"] for database in databases),
        **{name: int(moved[name]) for name in ("returned", "inserted", "updated", "deleted")},
    )


class Signed(dict[str, int]):
    """Counters by name; differences may be negative."""

    def __sub__(self, before: "Signed") -> "Signed":
        return Signed((name, value - before[name]) for name, value in self.items())


def _reset_peak(pid: int) -> None:
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak(pid: int) -> int | None:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return None


def _cpu_seconds(pid: int) -> float:
    """Returns the CPU seconds of a process so far; 0 where unknown."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _max_resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
