"""Runs one mongod for all commands of a home folder, and stops it after the last one.

`python -I -S supervisor.py HOME STOP_SIGNAL BINARY FLAG…` runs in the background; `ops.mongod.serving` starts it.
Standard library only, so that it starts in a few hundredths of a second. Files of the home folder:

    users.lock        shared lock of every command; the system releases it when a command is killed
    start.lock        held by the process that starts or stops the server
    supervisor.lock   held while the supervisor runs; mongod.json is valid only then
    mongod.json       the note: where the server listens, or why it does not run
    mongod.log, data  of the server
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

with contextlib.suppress(ImportError):  # Windows: ops.mongod.serving refuses it
    import fcntl

LOOPBACK = "127.0.0.1"
LISTENING = b'"id":23016'  # log id of "Waiting for connections"
PORT_TAKEN = b"Address already in use"
PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.1
STARTING_POLL_SECONDS = 0.02
STOP_SECONDS = 30.0
ORPHAN_SECONDS = 15.0
DEATHS_FORGIVEN = 4  # within DEATHS_WINDOW_SECONDS; after one more the server is not restarted
DEATHS_WINDOW_SECONDS = 60.0


def try_lock(file: BinaryIO) -> bool:
    """Takes the exclusive lock of an open file; returns False if another process has a lock on it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Returns whether a process has a lock on the file."""
    try:
        with path.open("rb") as file:
            return not try_lock(file)
    except FileNotFoundError:
        return False


def read_note(home: Path) -> dict[str, Any]:
    """Returns the content of mongod.json; empty when it is missing or incomplete."""
    try:
        note = json.loads((home / "mongod.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def write_note(home: Path, note: dict[str, Any]) -> None:
    """Replaces mongod.json in one step."""
    draft = home / "mongod.json.new"
    draft.write_text(json.dumps(note))
    draft.replace(home / "mongod.json")


def free_port(preferred: int) -> int:
    """Returns the preferred port, so that the replica set keeps its address; another one if it is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, preferred))
        except OSError:
            probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def dying_with(parent: int) -> Callable[[], None]:
    """Returns a function for a child to call before exec: the kernel then kills it with its parent (Linux only)."""
    libc = ctypes.CDLL(None)

    def bind() -> None:
        if sys.platform == "linux":
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    return bind


def end_orphan(home: Path, pid: int | None) -> None:
    """Stops the server that a killed supervisor left running (macOS; on Linux the kernel kills it)."""
    lock = home / "data" / "mongod.lock"
    if pid is None or not is_held(lock) or lock.read_text().strip() != str(pid):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + ORPHAN_SECONDS
    while is_held(lock) and time.monotonic() < until:
        time.sleep(STARTING_POLL_SECONDS)


class Server:
    """Runs mongod, restarts it after a crash, and writes mongod.json once it listens."""

    def __init__(self, home: Path, command: list[str], port: int) -> None:
        self.home, self.command, self.port = home, command, free_port(port)
        self.deaths: list[float] = []
        self.start()

    def start(self) -> None:
        """Starts mongod; it inherits this process's output, which is the log."""
        self.listens = False
        self.log_start = (self.home / "mongod.log").stat().st_size
        where = ["--port", str(self.port), "--dbpath", str(self.home / "data")]
        self.process = subprocess.Popen([*self.command, *where], preexec_fn=dying_with(os.getpid()))

    def log(self) -> bytes:
        """Returns the log of the current mongod."""
        with (self.home / "mongod.log").open("rb") as file:
            file.seek(self.log_start)
            return file.read()

    def announce(self) -> None:
        """Writes the address of the server once it listens."""
        if not self.listens and LISTENING in self.log():
            self.listens = True
            ours = {"pid": self.process.pid, "port": self.port}
            write_note(self.home, ours | {"supervisor": os.getpid(), "host": socket.gethostname()})

    def revive(self) -> bool:
        """Restarts mongod after a crash, on another port if its port was in use; returns False to give up."""
        now = time.monotonic()
        self.deaths = [death for death in self.deaths if now - death < DEATHS_WINDOW_SECONDS] + [now]
        port_taken = not self.listens and PORT_TAKEN in self.log()
        if len(self.deaths) > DEATHS_FORGIVEN or not (self.listens or port_taken):
            return False
        self.port = free_port(0) if port_taken else self.port
        self.start()
        return True

    def stop(self, stop_signal: signal.Signals) -> None:
        """Stops mongod and records the port for the next start."""
        write_note(self.home, {"lastPort": self.port})
        self.process.send_signal(stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Users:
    """The commands that use the home folder, detected by their locks."""

    def __init__(self, home: Path) -> None:
        self.start_lock = (home / "start.lock").open("ab")
        self.users_lock = (home / "users.lock").open("ab")

    def are_gone(self) -> bool:
        """Returns whether no command uses or starts the server; new commands then wait until this process ends."""
        if not try_lock(self.start_lock):
            return False
        if try_lock(self.users_lock):
            return True
        fcntl.flock(self.start_lock, fcntl.LOCK_UN)
        return False


def supervise(home: Path, stop_signal: signal.Signals, command: list[str], former: dict[str, Any]) -> None:
    """Runs the server until no command is left, a signal arrives, or it crashes too often."""
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: signals.append(received))
    users = Users(home)
    end_orphan(home, former.get("pid"))
    server = Server(home, command, former.get("port") or former.get("lastPort") or 0)
    while not (signals or users.are_gone()):
        if server.process.poll() is None:
            server.announce()
        elif not server.revive():
            write_note(home, {"exit": server.process.returncode, "lastPort": server.port})
            return
        time.sleep(POLL_SECONDS if server.listens else STARTING_POLL_SECONDS)
    server.stop(stop_signal)


def main(arguments: list[str]) -> None:
    """Takes the supervisor's lock, removes the former note, and continues in the background."""
    home, stop_signal, command = Path(arguments[0]), signal.Signals[arguments[1]], arguments[2:]
    with (home / "supervisor.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for processes that test the lock
        former = read_note(home)
        (home / "mongod.json").unlink(missing_ok=True)
        if os.fork() == 0:
            try:
                supervise(home, stop_signal, command, former)
            except OSError as error:
                write_note(home, {"error": str(error)})


if __name__ == "__main__":
    main(sys.argv[1:])
