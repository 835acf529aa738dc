"""Whatever fails around a job, the next run that gets through leaves what an undisturbed run leaves."""

import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from pymongo import monitoring
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from handlers import runtime
from handlers.manifest import named
from ops.mongod import supervisor
from ops.mongod.serving import EmbeddedDatabaseError, serving
from store import leases
from store.client import connect
from tests.community import CONFIG, TIME, community, fill
from tests.reliability.faults.proxy import faulty
from tests.reliability.states import state

FEW = ("contentStats", "karmaStats", "cascadeStats")
JOBS = (*FEW, "creatorStats", "hashtagStats", "fraudFeatureExtractor")
MOST_RUNS = 30
SHORT_LEASE = partial(leases.hold, seconds=1.0)


def run(job, time=TIME):
    return named(job).load()({"time": time}, None)


def run_until_done(job):
    """As a scheduler would: again after every failure; gives the number of runs."""
    for number in range(1, MOST_RUNS + 1):
        with suppress(PyMongoError):
            if "skipped" not in run(job):
                return number
        time.sleep(0.2)
    raise AssertionError(f"{job}: no run of {MOST_RUNS} got through")


@pytest.fixture
def app(db, monkeypatch):
    monkeypatch.setattr("handlers.job.hold", SHORT_LEASE)
    fill(db, community())
    return db


def undisturbed(db, jobs=JOBS):
    for job in jobs:
        run(job)
    made = state(db)
    db.client.drop_database(db.analytics.name)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_one_in_ten_messages_lost_cut_or_slow_changes_nothing(app, uri, monkeypatch, seed):
    made = undisturbed(app)
    [target] = parse_uri(uri)["nodelist"]
    waits = {"serverSelectionTimeoutMS": 2_000, "socketTimeoutMS": 20_000}

    with faulty(target, percent=10, seed=seed) as proxy:
        monkeypatch.setattr(runtime, "connect", partial(connect, **waits))
        monkeypatch.setenv("MONGODB_URI", proxy.uri)
        runs = {job: run_until_done(job) for job in JOBS}
        runtime.databases().client.close()

    assert state(app) == made
    assert sum(proxy.met.values()) > 0.05 * proxy.messages
    assert max(runs.values()) < MOST_RUNS
    assert app.analytics.leases.count_documents({}) == 0 or run_until_done(JOBS[0]) == 1


def test_two_runs_at_once_are_one_run(app):
    made = undisturbed(app, FEW)

    for job in FEW:
        with ThreadPoolExecutor(2) as both:
            counts = [each.result() for each in [both.submit(run, job) for _ in range(2)]]
        assert sum("skipped" not in each for each in counts) >= 1

    assert state(app) == made


def test_a_clock_that_runs_ahead_or_behind_is_made_good_by_the_next_right_one(app):
    made = undisturbed(app, FEW)

    for skew in (timedelta(minutes=30), -timedelta(minutes=30), timedelta(days=1), timedelta()):
        for job in FEW:
            run(job, (CONFIG.until + skew).isoformat())

    assert state(app) == made


def test_events_that_come_twice_in_any_order_or_not_at_all_give_the_same_labels(app):
    topics = named("topicsClassify").load()
    posts = [each["_id"] for each in app.app.contents.find({}, {"_id": 1}).sort("_id", 1)]
    events = [
        {"detail": {"operationType": "update", "documentKey": {"_id": str(each)}}, "time": TIME} for each in posts
    ]
    for event in events:
        topics(event, None)
    made = state(app)
    app.client.drop_database(app.analytics.name)
    app.app.contentinfo.drop()

    for event in [*reversed(events[: len(events) // 2]), *events[: len(events) // 2]]:  # twice; the other half is lost
        topics(event, None)
    topics({"time": TIME}, None)

    assert state(app) == made


class StepDown(monitoring.CommandListener):
    """Makes the primary step down when a write of the job is about to be sent."""

    def __init__(self, uri, at):
        self.client, self.at, self.writes = connect(uri).client, at, 0

    def started(self, event):
        self.writes += event.command_name in {"update", "aggregate"}
        if self.writes == self.at:
            self.at = -1
            with suppress(PyMongoError):
                self.client.admin.command({"replSetStepDown": 2, "force": True})

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


@pytest.fixture
def own_server(tmp_path, monkeypatch):
    """A server that a test may harm, with the community in it; its folder."""
    with serving(tmp_path / "home") as uri:
        monkeypatch.setenv("MONGODB_URI", uri)
        monkeypatch.setenv("DB_PREFIX", "faults-")
        monkeypatch.setattr("handlers.job.hold", SHORT_LEASE)
        db = connect(uri, "faults-")
        fill(db, community())
        yield db, uri, tmp_path / "home"
        db.client.close()


@pytest.mark.slow
def test_a_primary_that_steps_down_during_a_job_changes_nothing(own_server, monkeypatch):
    db, uri, _ = own_server
    made = undisturbed(db)
    listener = StepDown(uri, at=4)
    waits = {"serverSelectionTimeoutMS": 30_000}
    monkeypatch.setattr(runtime, "connect", partial(connect, event_listeners=[listener], **waits))
    runtime._connected.cache_clear()

    for job in JOBS:
        run_until_done(job)

    assert listener.at == -1
    assert state(db) == made
    runtime.databases().client.close()
    listener.client.close()


@pytest.mark.slow
def test_a_server_killed_during_jobs_changes_nothing(own_server):
    db, _, home = own_server
    made = undisturbed(db)
    done = threading.Event()

    def kill_again_and_again():
        for _ in range(3):
            if done.wait(1.5):
                return
            with suppress(ProcessLookupError, KeyError):  # it is down still
                os.kill(supervisor.read_note(home)["pid"], signal.SIGKILL)

    killer = threading.Thread(target=kill_again_and_again)
    killer.start()
    for _ in range(3):
        for job in JOBS:
            run_until_done(job)
    done.set()
    killer.join()

    assert state(db) == made


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk is a tmpfs, which only root may mount")
def test_a_full_disk_is_told_in_one_line_and_nothing_is_lost_when_there_is_room_again(tmp_path, monkeypatch):
    monkeypatch.setenv("DB_PREFIX", "full-")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(disk)], check=True)
    try:
        kept = _fill_up(disk)
        subprocess.run(["mount", "-o", "remount,size=600m", str(disk)], check=True)
        with serving(disk / "home") as uri:
            db = connect(uri, "full-")
            assert {each["_id"] for each in db.app.contents.find({}, {"_id": 1})} >= kept
            monkeypatch.setenv("MONGODB_URI", uri)
            assert run("contentStats")["contents"] == 0
            db.client.close()
            runtime.databases().client.close()
            runtime._connected.cache_clear()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill_up(disk):
    """Inserts until the server fails; gives the ids of what it had acknowledged."""
    kept = set()

    def fill_until_it_fails():
        with serving(disk / "home") as uri:
            db = connect(uri, "full-", serverSelectionTimeoutMS=3_000, socketTimeoutMS=20_000)
            with db.client:
                for number in count():
                    db.app.contents.insert_one({"_id": number, "payload": {"message": os.urandom(500_000)}})
                    kept.add(number)

    with pytest.raises(EmbeddedDatabaseError, match="disk space") as error:
        fill_until_it_fails()
    assert "\n" not in str(error.value)
    assert kept
    return kept
