"""The database user of ops/deploy/role.json: enough for every job, and nothing more."""

import json
import socket
import subprocess
import time
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from handlers.manifest import FILE, everything
from ops.commands.run import backfill, run_all
from ops.mongod.serving import runnable, wheel_binary
from store.client import connect
from tests.community import TIME, community, fill

ROLE = json.loads((FILE.parent / "ops" / "deploy" / "role.json").read_text())
PASSWORD = "not a secret/@:"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def patiently(action, seconds=60):
    until = time.monotonic() + seconds
    while True:
        try:
            return action()
        except PyMongoError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def guarded(folder):
    """The port of a server that lets in only whom it knows, with an administrator."""
    port, key = free_port(), folder / "key"
    key.write_text("c2VjcmV0c2VjcmV0")
    key.chmod(0o600)
    (folder / "data").mkdir()
    command = [str(runnable(wheel_binary())), "--replSet", "rs0", "--keyFile", str(key), "--nounixsocket"]
    command += ["--bind_ip", "127.0.0.1", "--port", str(port), "--dbpath", str(folder / "data")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with MongoClient("127.0.0.1", port, directConnection=True) as first:
            members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
            patiently(lambda: first.admin.command("replSetInitiate", {"_id": "rs0", "members": members}))
            patiently(lambda: first.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"]))
        yield port
    finally:
        server.kill()
        server.wait()


def address(name, port):
    return f"mongodb://{name}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/?replicaSet=rs0&authSource=admin"


@pytest.mark.slow
def test_the_handbooks_user_may_do_what_the_jobs_do_and_nothing_else(tmp_path, monkeypatch):
    with guarded(tmp_path) as port:
        root = connect(address("root", port))
        root.client.admin.command("createRole", ROLE["role"], privileges=ROLE["privileges"], roles=ROLE["roles"])
        root.client.admin.command("createUser", "feedpulse", pwd=PASSWORD, roles=[ROLE["role"]])
        fill(root, community())
        monkeypatch.setenv("MONGODB_URI", address("feedpulse", port))
        monkeypatch.setenv("DB_PREFIX", "")

        outcomes = run_all(everything(), {"time": TIME}, first=backfill())

        assert {each.function: each.error for each in outcomes if each.status != "done"} == {}
        user = connect(address("feedpulse", port))
        with pytest.raises(OperationFailure, match="not authorized"):
            user.app.accounts.delete_one({})
        with pytest.raises(OperationFailure, match="not authorized"):
            user.app.contents.update_one({}, {"$set": {"visibility": "hidden"}})
        with pytest.raises(OperationFailure, match="not authorized"):
            user.app.users.drop()
        with pytest.raises(OperationFailure, match="not authorized"):
            user.client.another.things.find_one()
        for each in (root, user):
            each.client.close()
