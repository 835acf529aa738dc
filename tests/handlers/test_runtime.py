import logging
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters
from moto import mock_aws

from handlers import runtime
from handlers.job import job, service
from handlers.runtime import clock, databases
from store.leases import LeaseHeldError, hold
from store.runs import start

TIME = "2026-01-15T12:00:00Z"
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def runs(db):
    return [{key: run.get(key) for key in ("function", "status", "counts", "time")} for run in db.analytics.runs.find()]


def entry(work, name="someJob"):
    return job(name)(lambda db, event, now: work(db, event, now))


@pytest.fixture(autouse=True)
def fresh(db):
    """The container has read no parameter yet."""
    runtime._read_parameter.cache_clear()
    parameters.clear_caches()


def test_a_run_is_recorded_as_done_with_its_counts_and_seconds(db, caplog):
    caplog.set_level(logging.INFO, "feedpulse")

    answer = entry(lambda db, event, now: {"seen": 3})({"time": TIME})

    (run,) = db.analytics.runs.find()
    assert answer == {"seen": 3}
    assert runs(db) == [{"function": "someJob", "status": "done", "counts": {"seen": 3}, "time": NOW}]
    assert run["seconds"] >= 0
    assert timedelta(0) <= datetime.now(UTC) - run["startedAt"] < timedelta(minutes=1)
    (line,) = [record for record in caplog.records if record.name == "feedpulse"]
    assert line.message == "someJob done"
    assert line.counts == {"seen": 3}


def test_while_it_runs_the_record_says_so(db):
    seen = []

    entry(lambda db, event, now: seen.extend(runs(db)) or {})({"time": TIME})

    assert seen == [{"function": "someJob", "status": "running", "counts": None, "time": NOW}]


def test_a_failure_is_recorded_and_rises(db):
    with pytest.raises(ZeroDivisionError):
        entry(lambda db, event, now: 1 // 0)({"time": TIME})

    (run,) = db.analytics.runs.find()
    assert run["status"] == "failed"
    assert run["error"] == "ZeroDivisionError: integer division or modulo by zero"
    assert db.analytics.leases.count_documents({}) == 0


def test_a_run_that_finds_another_at_work_is_recorded_as_skipped(db, monkeypatch):
    monkeypatch.setattr("handlers.job.hold", lambda db, name: hold(db, name, seconds=0.6))

    with hold(db, "someJob", seconds=0.6):
        answer = entry(lambda db, event, now: {"seen": 3})({"time": TIME})

    assert answer == {"skipped": 1}
    assert [run["status"] for run in runs(db)] == ["skipped"]


def test_a_run_whose_publishing_another_one_holds_is_skipped_too(db):
    def work(db, event, now):
        raise LeaseHeldError("publish:guestfeeditems is already running")

    assert entry(work)({"time": TIME}) == {"skipped": 1}
    assert [run["status"] for run in runs(db)] == ["skipped"]


def test_functions_of_other_names_run_beside_each_other(db):
    with hold(db, "anotherJob"):
        assert entry(lambda db, event, now: {"seen": 3})({"time": TIME}) == {"seen": 3}


def test_a_second_run_starts_after_the_first_has_ended(db):
    handler = entry(lambda db, event, now: {"seen": 3})

    assert [handler({"time": TIME}), handler({"time": TIME})] == [{"seen": 3}, {"seen": 3}]
    assert [run["status"] for run in runs(db)] == ["done", "done"]


@pytest.mark.parametrize("event", [[], "text", 7, True], ids=repr)
def test_an_event_that_is_no_object_is_refused(db, event):
    with pytest.raises(ValueError, match=r"^event: an object is needed, not "):
        entry(lambda db, event, now: {})(event)

    assert runs(db) == []


@pytest.mark.parametrize("time", ["yesterday", "", 7, {"$gt": ""}, ["2026-01-15"], "2026-13-01T00:00:00Z", "x" * 999])
def test_a_time_that_is_not_iso_8601_is_refused(db, time):
    with pytest.raises(ValueError, match=r"^time: .{0,60} is not ISO 8601"):
        entry(lambda db, event, now: {})({"time": time})

    assert runs(db) == []


@pytest.mark.parametrize(
    "time",
    ["2026-01-15T12:00:00Z", "2026-01-15T12:00:00+00:00", "2026-01-15T19:00:00+07:00", "2026-01-15T12:00:00",
     "2026-01-15T12:00:00.000999Z"],
)  # fmt: skip
def test_the_clock_is_the_events_time_in_utc_to_the_millisecond(time):
    assert clock({"time": time}) == NOW
    assert clock({"time": time}).tzinfo is UTC


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1969-12-31", "2107-01-01"])
def test_a_time_outside_the_range_of_ids_is_refused(time):
    with pytest.raises(ValueError, match=r"^time: "):
        clock({"time": time})


def test_without_a_time_it_is_now_to_the_millisecond():
    answer = clock({})

    assert abs(datetime.now(UTC) - answer) < timedelta(minutes=1)
    assert answer.microsecond % 1000 == 0


def test_a_service_takes_nothing_as_an_empty_event_and_is_not_recorded(db):
    answer = service(lambda db, event, now: {"event": dict(event)})

    assert answer(None) == answer({}, object()) == {"event": {}}
    assert runs(db) == []


def test_a_container_connects_once(db):
    assert databases() is databases()


def test_without_a_server_the_remedy_is_named(monkeypatch):
    monkeypatch.delenv("MONGODB_URI", raising=False)
    monkeypatch.delenv("MONGODB_URI_PARAMETER", raising=False)

    with pytest.raises(RuntimeError, match="set MONGODB_URI, or MONGODB_URI_PARAMETER"):
        databases()


@pytest.fixture
def parameter(uri, db, monkeypatch):
    """The server's name in a (stand-in) parameter store, and how often it was read."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-1")
    monkeypatch.delenv("MONGODB_URI")
    monkeypatch.setenv("MONGODB_URI_PARAMETER", "/feedpulse/uri")
    with mock_aws():
        store = boto3.client("ssm")
        store.put_parameter(Name="/feedpulse/uri", Value=uri, Type="SecureString")
        yield store


def test_the_uri_of_a_parameter_is_read_once_and_decrypted(db, parameter):
    before = databases()
    parameter.delete_parameter(Name="/feedpulse/uri")

    handler = entry(lambda db, event, now: {"ping": db.client.admin.command("ping")["ok"]})

    assert handler({"time": TIME}) == {"ping": 1.0}
    assert databases() is before
    assert [run["status"] for run in runs(db)] == ["done"]


def test_the_uri_of_the_environment_comes_before_the_parameter(db, uri, parameter, monkeypatch):
    parameter.delete_parameter(Name="/feedpulse/uri")
    monkeypatch.setenv("MONGODB_URI", uri)

    assert databases().app.name == db.app.name


def test_a_run_that_was_killed_stays_as_running(db):
    start(db, "someJob", NOW, NOW)

    assert runs(db) == [{"function": "someJob", "status": "running", "counts": None, "time": NOW}]
