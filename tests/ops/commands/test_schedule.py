import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handlers.manifest import Function
from handlers.timing import parse_timing
from ops.commands import schedule
from ops.commands.schedule import Clock, RunLog, follow, trigger, watching
from store.change_streams import watch
from store.ids import ObjectId

ROOT = Path(__file__).resolve().parents[3]
START = datetime(2026, 1, 31, 22, 58, tzinfo=UTC)
calls = []


def remember(event, context):
    calls.append(event)
    return {"items": 1}


def fail(event, context):
    calls.append(event)
    raise RuntimeError("out of luck")


def busy_once(event, context):
    calls.append(event)
    return {"skipped": 1} if len(calls) == 1 else {"items": 1}


@pytest.fixture(autouse=True)
def fresh():
    calls.clear()


def function(key, handler, *crons, changes=()):
    return Function(key, f"{__name__}.{handler}", tuple(map(parse_timing, crons)), changes)


def followed(functions, seconds, speed):
    """What `follow` did within these real seconds."""
    stop, log = threading.Event(), RunLog()
    threading.Timer(seconds, stop.set).start()
    follow(functions, Clock(START, speed), log, stop)
    return log.counts


def when(count, seconds=20.0):
    """Waits until so many calls have come."""
    until = time.monotonic() + seconds
    while len(calls) < count and time.monotonic() < until:
        time.sleep(0.02)
    return len(calls)


@pytest.fixture
def watcher(db):
    """Follows the changes of contents with a function, from now on, until the test ends."""
    stop = threading.Event()
    contexts = []

    def begin(handler):
        context = watching(db, [function("f", handler, changes=("contents",))], Clock(START), log := RunLog(), stop)
        context.__enter__()
        contexts.append(context)
        until = time.monotonic() + 20
        while db.analytics.watermarks.count_documents({}) == 0 and time.monotonic() < until:
            time.sleep(0.02)
        return log

    yield begin
    for context in contexts:
        context.__exit__(None, None, None)


def test_functions_fire_at_their_times_with_that_time_as_their_clock():
    hourly, daily = function("h", "remember", "cron(0 * * * ? *)"), function("d", "remember", "cron(30 0 * * ? *)")

    followed([daily, hourly], seconds=1.0, speed=7200)

    times = [datetime.fromisoformat(event["time"]) for event in calls]
    expected = [(31, 23, 0), (1, 0, 0), (1, 0, 30)]
    assert [(moment.day, moment.hour, moment.minute) for moment in times] == expected


def test_a_function_that_fails_does_not_stop_the_schedule():
    counts = followed([function("f", "fail", "rate(1 hour)")], seconds=1.0, speed=7200)

    assert counts["failed"] >= 2


def test_times_that_pass_while_a_function_waits_its_turn_are_one():
    slow = function("s", "slow", "rate(1 minute)")

    counts = followed([slow], seconds=1.0, speed=600)

    assert 1 <= counts["done"] <= 4


def slow(event, context):
    time.sleep(0.3)
    return {}


def test_a_clock_with_a_speed_computes_the_time_to_wait():
    clock = Clock(START, speed=60, started=time.monotonic() - 10)

    assert clock.now() - START >= timedelta(minutes=10)
    assert clock.seconds_until(START + timedelta(hours=1)) == pytest.approx(50, abs=1)
    assert clock.seconds_until(START) == 0


def test_a_change_reaches_its_function_as_a_triggers_event(db, watcher):
    watcher("remember")
    key = db.app.contents.insert_one({"payload": {"message": "hello"}}).inserted_id
    db.app.contents.delete_one({"_id": key})

    assert when(2) == 2

    written, deleted = (event["detail"] for event in calls)
    assert written == {
        "operationType": "insert",
        "ns": {"db": db.app.name, "coll": "contents"},
        "documentKey": {"_id": str(key)},
    }
    assert deleted["operationType"] == "delete"
    assert calls[0]["detail-type"] == "MongoDB Database Trigger for contents"


def test_a_failed_function_is_called_on_the_next_change(db, watcher):
    log = watcher("fail")

    db.app.contents.insert_many([{}, {}])

    assert when(2) == 2
    assert log.counts["failed"] >= 1


def test_a_change_is_sent_again_to_a_function_that_was_running(db, watcher, monkeypatch):
    monkeypatch.setattr(schedule, "BUSY_SECONDS", (0.05, 0.05))
    watcher("busy_once")

    db.app.contents.insert_one({})

    assert when(2) == 2
    assert calls[0] == calls[1]


def test_a_watcher_goes_on_after_the_last_change_that_it_handled(db):
    stop = threading.Event()
    first = watch(db, "contents", stop)
    reader = threading.Thread(target=lambda: calls.append(next(first)))
    reader.start()
    while db.analytics.watermarks.count_documents({}) == 0:
        time.sleep(0.02)
    keys = [db.app.contents.insert_one({}).inserted_id for _ in range(3)]
    reader.join()
    first.close()  # killed while it handled the first change

    handled = []
    for detail in watch(db, "contents", stop):
        handled.append(ObjectId(detail["documentKey"]["_id"]))
        if len(handled) == 3:
            stop.set()

    assert handled == keys


def test_a_position_that_the_server_no_longer_has_is_reported_and_dropped(db):
    stop, lost = threading.Event(), []
    with db.app.contents.watch() as stream:
        db.app.contents.insert_one({"n": 1})
        token = dict(stream.next()["_id"])
    token["_data"] = "8200000001" + token["_data"][10:]  # of 1970
    db.analytics.watermarks.insert_one({"_id": "changes:contents", "token": token})

    def tell(reason):
        lost.append(reason)
        stop.set()

    assert list(watch(db, "contents", stop, tell)) == []
    assert lost == ["changes of contents were missed: nothing watched for too long"]
    assert db.analytics.watermarks.count_documents({}) == 0


def test_a_triggers_event_carries_no_document():
    detail = {"operationType": "insert", "ns": {"db": "d", "coll": "c"}, "documentKey": {"_id": "1"}}

    assert trigger(detail, START)["detail"] == detail
    assert trigger(detail, START)["time"] == "2026-01-31T22:58:00+00:00"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_command_stops_cleanly_and_reports_its_runs(db, uri, end, tmp_path):
    command = [sys.executable, "-m", "ops", "schedule", "--json", "--time", START.isoformat(), "--speed", "60"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FEEDPULSE_HOME": str(tmp_path)}
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert "Ctrl-C stops" in running.stderr.readline()
    until = time.monotonic() + 60
    while db.analytics.runs.count_documents({"status": "done"}) == 0 and time.monotonic() < until:
        time.sleep(0.05)

    running.send_signal(end)
    out, err = running.communicate(timeout=60)

    assert running.returncode == 0
    assert "contentStats (clock) done" in err
    assert json.loads(out)["runs"]["done"] >= 1
    assert db.analytics.leases.count_documents({}) == 0
