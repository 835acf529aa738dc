import json
import signal
import time
from types import SimpleNamespace

import boto3
import pytest
from bson.errors import InvalidBSON
from moto import mock_aws

from handlers import training_queue
from handlers.deadline import OutOfTimeError, limited
from handlers.job import MOST_HANDOVERS, job
from handlers.training_queue import handle_shards, sender
from tests.handlers.test_runtime import NOW, TIME, runs


def context(seconds):
    """The context of a function with so many seconds left."""
    ends = time.monotonic() + seconds
    return SimpleNamespace(
        aws_request_id="request",
        invoked_function_arn="arn:aws:lambda:eu-central-1:1:function:feedpulse-test-f",
        get_remaining_time_in_millis=lambda: int((ends - time.monotonic()) * 1000),
    )


def messages(*bodies):
    return {"Records": [{"messageId": str(place), "body": body} for place, body in enumerate(bodies)]}


def failed(answer):
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


@pytest.fixture
def queue_url(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-1")
    training_queue._client.cache_clear()
    with mock_aws():
        url = boto3.client("sqs").create_queue(QueueName="training")["QueueUrl"]
        monkeypatch.setenv("TRAINING_QUEUE_URL", url)
        yield url
    training_queue._client.cache_clear()


def test_each_shard_is_one_message(queue_url):
    send = sender()

    for shard in ("a", "b"):
        send(shard)

    received = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(json.loads(message["Body"])["shard"] for message in received) == ["a", "b"]


def test_without_a_queue_there_is_no_sender(monkeypatch):
    monkeypatch.delenv("TRAINING_QUEUE_URL", raising=False)

    assert sender() is None


def test_a_batch_without_failures_returns_none():
    worked = []

    answer = handle_shards(messages('{"shard": "a"}', '{"shard": "b"}'), lambda shard: worked.append(shard) or {})

    assert answer == {"batchItemFailures": []}
    assert worked == ["a", "b"]


@pytest.mark.parametrize("error", [ValueError, KeyError, ZeroDivisionError, RuntimeError, MemoryError])
def test_failed_messages_are_returned_and_the_others_done(error):
    def work(shard):
        if shard == "bad":
            raise error("this one")
        return {}

    answer = handle_shards(messages('{"shard": "bad"}', '{"shard": "good"}', "no JSON", "{}", "[]"), work)

    assert failed(answer) == [0, 2, 3, 4]


def test_messages_not_started_when_time_runs_out_are_returned():
    def work(shard):
        time.sleep(0.5)
        return {}

    with limited(context(1.2)):
        answer = handle_shards(messages(*['{"shard": "a"}'] * 4), work)

    assert 0 < len(failed(answer)) < 4
    assert failed(answer) == sorted(failed(answer))
    assert failed(answer)[-1] == 3


def test_shards_of_a_retraining_are_counted_together_and_the_first_failure_rises():
    assert handle_shards({"shards": ["a", "b"]}, lambda shard: {"members": 3}) == {"members": 6}

    with pytest.raises(ZeroDivisionError):
        handle_shards({"shards": ["a", "b"]}, lambda shard: {"members": 1 // 0})


@pytest.mark.parametrize("event", [{}, {"Records": "x"}, {"shard": 7}, {"shards": "a"}], ids=repr)
def test_an_event_without_shards_is_refused_with_the_field(event):
    with pytest.raises(ValueError, match="Records: a list of queue messages is needed"):
        handle_shards(event, lambda shard: {})


@pytest.mark.parametrize("record", [None, 7, "x", [], {}, {"messageId": 7}, {"messageId": None}], ids=repr)
def test_a_record_without_an_id_is_refused_before_any_work(record):
    worked = []

    with pytest.raises(ValueError, match=r"Records\[1\]: .* is no queue message with a messageId"):
        handle_shards({"Records": [*messages('{"shard": "a"}')["Records"], record]}, worked.append)

    assert worked == []


def test_without_a_context_no_timer_runs():
    with limited(None):
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_run_near_its_timeout_fails_and_releases_its_lease(db):
    started = time.monotonic()

    with pytest.raises(OutOfTimeError):
        job("someJob")(lambda db, event, now: time.sleep(30))({"time": TIME}, context(0.6))

    assert time.monotonic() - started < 10
    assert [run["status"] for run in runs(db)] == ["failed"]
    assert db.analytics.leases.count_documents({}) == 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_library_cannot_wrap_the_end_of_the_time_in_its_own_error(db):
    def decode(db, event, now):
        try:
            time.sleep(30)
        except Exception as error:
            raise InvalidBSON(str(error)) from error

    with pytest.raises(OutOfTimeError):
        job("someJob")(decode)({"time": TIME}, context(0.6))


def test_a_resumable_run_passes_its_event_and_clock_to_the_next_call(db, monkeypatch):
    called = []
    lambda_ = SimpleNamespace(invoke=lambda **call: called.append(call))
    monkeypatch.setattr("boto3.client", lambda service: lambda_)
    entry = job("someJob", exclusive=False, resumable=True)(lambda db, event, now: time.sleep(30))

    assert entry({"time": TIME, "more": 1}, context(0.3)) == {"handedOn": 1}

    (call,) = called
    assert call["InvocationType"] == "Event"
    assert call["FunctionName"].endswith("feedpulse-test-f")
    assert json.loads(call["Payload"]) == {"time": NOW.isoformat(), "more": 1, "handovers": 1}
    assert [run["status"] for run in runs(db)] == ["stopped"]


@pytest.mark.parametrize("more", [{"handovers": MOST_HANDOVERS}, {"answer": "shards"}], ids=repr)
def test_a_run_is_not_reinvoked_for_ever_nor_when_a_caller_waits(db, more):
    entry = job("someJob", resumable=True)(lambda db, event, now: time.sleep(30))

    with pytest.raises(OutOfTimeError):
        entry({"time": TIME} | more, context(0.3))
