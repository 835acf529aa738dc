"""Keeps one mongod for every command that works in a home folder, and stops it when none is left.

`python -I -S supervisor.py HOME STOP_SIGNAL BINARY FLAG…` goes into the background; `ops.mongod.serving` starts it.
Standard library only, so that it starts in a few hundredths of a second. In the home folder:

    users.lock        every command holds it shared, so a killed command lets go of it by itself
    start.lock        held by whoever starts or stops the server
    supervisor.lock   held for the supervisor's life: without it, mongod.json says nothing
    mongod.json       where the server listens, or why there is none
    mongod.log, data  the server's own
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

with contextlib.suppress(ImportError):  # Windows, which ops.mongod.serving refuses with a line of its own
    import fcntl

LOOPBACK = "127.0.0.1"
LISTENING = b'"id":23016'  # the log's number for "Waiting for connections"
PORT_TAKEN = b"Address already in use"
PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.1
STARTING_POLL_SECONDS = 0.02
STOP_SECONDS = 30.0
ORPHAN_SECONDS = 15.0
DEATHS_FORGIVEN = 4  # within DEATHS_WINDOW_SECONDS; one more and the server is given up
DEATHS_WINDOW_SECONDS = 60.0


def try_lock(file: BinaryIO) -> bool:
    """Takes the exclusive lock of an open file unless somebody else has a lock on it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether some process has a lock on the file."""
    try:
        with path.open("rb") as file:
            return not try_lock(file)
    except FileNotFoundError:
        return False


def read_note(home: Path) -> dict[str, Any]:
    """What mongod.json says; nothing when it is missing or was cut off."""
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
    """The preferred port unless somebody listens on it (the replica set then keeps its address)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, preferred))
        except OSError:
            probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def dying_with(parent: int) -> Callable[[], None]:
    """What a child calls before exec so that the kernel kills it with its parent (Linux only)."""
    libc = ctypes.CDLL(None)

    def bind() -> None:
        if sys.platform == "linux":
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    return bind


def end_orphan(home: Path, pid: int | None) -> None:
    """Ends the server that a killed supervisor left on the data (macOS; on Linux it is dying already)."""
    lock = home / "data" / "mongod.lock"
    if pid is None or not is_held(lock) or lock.read_text().strip() != str(pid):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + ORPHAN_SECONDS
    while is_held(lock) and time.monotonic() < until:
        time.sleep(STARTING_POLL_SECONDS)


class Server:
    """One mongod after another on the same data, each announced in mongod.json once it listens."""

    def __init__(self, home: Path, command: list[str], port: int) -> None:
        self.home, self.command, self.port = home, command, free_port(port)
        self.deaths: list[float] = []
        self.start()

    def start(self) -> None:
        """Starts mongod; its log is this process's own output."""
        self.listens = False
        self.log_start = (self.home / "mongod.log").stat().st_size
        where = ["--port", str(self.port), "--dbpath", str(self.home / "data")]
        self.process = subprocess.Popen([*self.command, *where], preexec_fn=dying_with(os.getpid()))

    def log(self) -> bytes:
        """What the present mongod has written."""
        with (self.home / "mongod.log").open("rb") as file:
            file.seek(self.log_start)
            return file.read()

    def announce(self) -> None:
        """Writes where the server is, as soon as it listens."""
        if not self.listens and LISTENING in self.log():
            self.listens = True
            ours = {"pid": self.process.pid, "port": self.port}
            write_note(self.home, ours | {"supervisor": os.getpid(), "host": socket.gethostname()})

    def revive(self) -> bool:
        """Starts it again after it died: on its port if it had served, on another if that was taken."""
        now = time.monotonic()
        self.deaths = [death for death in self.deaths if now - death < DEATHS_WINDOW_SECONDS] + [now]
        port_taken = not self.listens and PORT_TAKEN in self.log()
        if len(self.deaths) > DEATHS_FORGIVEN or not (self.listens or port_taken):
            return False
        self.port = free_port(0) if port_taken else self.port
        self.start()
        return True

    def stop(self, how: signal.Signals) -> None:
        """Ends it; the port is remembered for the next time."""
        write_note(self.home, {"lastPort": self.port})
        self.process.send_signal(how)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Users:
    """The commands that work in the home folder, seen through their locks."""

    def __init__(self, home: Path) -> None:
        self.start_lock = (home / "start.lock").open("ab")
        self.users_lock = (home / "users.lock").open("ab")

    def are_gone(self) -> bool:
        """No command uses the server or is about to; newcomers then wait until this process ends."""
        if not try_lock(self.start_lock):
            return False
        if try_lock(self.users_lock):
            return True
        fcntl.flock(self.start_lock, fcntl.LOCK_UN)
        return False


def supervise(home: Path, how: signal.Signals, command: list[str], former: dict[str, Any]) -> None:
    """Runs the server until no command is left, a signal asks for its end, or it cannot be kept alive."""
    asked_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: asked_to_stop.append(received))
    users = Users(home)
    end_orphan(home, former.get("pid"))
    server = Server(home, command, former.get("port") or former.get("lastPort") or 0)
    while not (asked_to_stop or users.are_gone()):
        if server.process.poll() is None:
            server.announce()
        elif not server.revive():
            write_note(home, {"exit": server.process.returncode, "lastPort": server.port})
            return
        time.sleep(POLL_SECONDS if server.listens else STARTING_POLL_SECONDS)
    server.stop(how)


def main(arguments: list[str]) -> None:
    """Takes the supervisor's lock, forgets what the last one noted, and goes on in the background."""
    home, how, command = Path(arguments[0]), signal.Signals[arguments[1]], arguments[2:]
    with (home / "supervisor.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for those who only looked whether it is held
        former = read_note(home)
        (home / "mongod.json").unlink(missing_ok=True)
        if os.fork() == 0:
            try:
                supervise(home, how, command, former)
            except OSError as error:
                write_note(home, {"error": str(error)})


if __name__ == "__main__":
    main(sys.argv[1:])
