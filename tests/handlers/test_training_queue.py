import json
import time
from types import SimpleNamespace

import boto3
import pytest
from bson.errors import InvalidBSON
from moto import mock_aws

from handlers import training_queue
from handlers.deadline import OutOfTimeError, limited, seconds_left
from handlers.job import MOST_HANDOVERS, job
from handlers.training_queue import sender, shards_of
from tests.handlers.test_runtime import NOW, TIME, runs


def context(seconds):
    """What Lambda gives a function that has these seconds."""
    ends = time.monotonic() + seconds
    return SimpleNamespace(
        aws_request_id="request",
        invoked_function_arn="arn:aws:lambda:eu-central-1:1:function:feedpulse-test-f",
        get_remaining_time_in_millis=lambda: int((ends - time.monotonic()) * 1000),
    )


def messages(*bodies):
    return {"Records": [{"messageId": str(place), "body": body} for place, body in enumerate(bodies)]}


def failed(answer):
    return [int(each["itemIdentifier"]) for each in answer["batchItemFailures"]]


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

    found = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(json.loads(each["Body"])["shard"] for each in found) == ["a", "b"]


def test_without_a_queue_there_is_no_sender(monkeypatch):
    monkeypatch.delenv("TRAINING_QUEUE_URL", raising=False)

    assert sender() is None


def test_a_batch_without_failures_names_none():
    worked = []

    answer = shards_of(messages('{"shard": "a"}', '{"shard": "b"}'), lambda shard: worked.append(shard) or {})

    assert answer == {"batchItemFailures": []}
    assert worked == ["a", "b"]


@pytest.mark.parametrize("error", [ValueError, KeyError, ZeroDivisionError, RuntimeError, MemoryError])
def test_messages_that_fail_are_named_and_the_others_done(error):
    def work(shard):
        if shard == "bad":
            raise error("this one")
        return {}

    answer = shards_of(messages('{"shard": "bad"}', '{"shard": "good"}', "no JSON", "{}", "[]"), work)

    assert failed(answer) == [0, 2, 3, 4]


def test_messages_not_begun_when_the_time_is_over_are_named():
    def work(shard):
        time.sleep(0.5)
        return {}

    with limited(context(1.2)):
        answer = shards_of(messages(*['{"shard": "a"}'] * 4), work)

    assert 0 < len(failed(answer)) < 4
    assert failed(answer) == sorted(failed(answer))
    assert failed(answer)[-1] == 3


def test_the_retrainings_shards_are_counted_together_and_the_first_failure_rises():
    assert shards_of({"shards": ["a", "b"]}, lambda shard: {"members": 3}) == {"members": 6}

    with pytest.raises(ZeroDivisionError):
        shards_of({"shards": ["a", "b"]}, lambda shard: {"members": 1 // 0})


@pytest.mark.parametrize("event", [{}, {"Records": "x"}, {"shard": 7}, {"shards": "a"}], ids=repr)
def test_an_event_without_shards_is_refused_by_name(event):
    with pytest.raises(ValueError, match="Records: a list of queue messages is needed"):
        shards_of(event, lambda shard: {})


@pytest.mark.parametrize("record", [None, 7, "x", [], {}, {"messageId": 7}, {"messageId": None}], ids=repr)
def test_a_record_that_could_not_be_given_back_is_refused_before_any_work(record):
    worked = []

    with pytest.raises(ValueError, match=r"Records\[1\]: .* is no queue message with a messageId"):
        shards_of({"Records": [*messages('{"shard": "a"}')["Records"], record]}, worked.append)

    assert worked == []


def test_without_a_context_the_time_is_endless():
    with limited(None):
        assert seconds_left() == float("inf")


def test_a_run_that_nears_its_end_stops_tidily_and_fails(db):
    started = time.monotonic()

    with pytest.raises(OutOfTimeError):
        job("someJob")(lambda db, event, now: time.sleep(30))({"time": TIME}, context(0.6))

    assert time.monotonic() - started < 10
    assert [each["status"] for each in runs(db)] == ["failed"]
    assert db.analytics.leases.count_documents({}) == 0
    assert seconds_left() == float("inf")


def test_no_library_on_the_way_takes_the_end_of_the_time_for_an_error_of_its_own(db):
    def decode(db, event, now):
        try:
            time.sleep(30)
        except Exception as error:
            raise InvalidBSON(str(error)) from error

    with pytest.raises(OutOfTimeError):
        job("someJob")(decode)({"time": TIME}, context(0.6))


def test_a_run_that_resumes_hands_its_event_and_clock_to_the_next_call(db, monkeypatch):
    called = []
    lambda_ = SimpleNamespace(invoke=lambda **call: called.append(call))
    monkeypatch.setattr("boto3.client", lambda service: lambda_)
    entry = job("someJob", exclusive=False, resumable=True)(lambda db, event, now: time.sleep(30))

    assert entry({"time": TIME, "more": 1}, context(0.3)) == {"handedOn": 1}

    (call,) = called
    assert call["InvocationType"] == "Event"
    assert call["FunctionName"].endswith("feedpulse-test-f")
    assert json.loads(call["Payload"]) == {"time": NOW.isoformat(), "more": 1, "handovers": 1}
    assert [each["status"] for each in runs(db)] == ["stopped"]


@pytest.mark.parametrize("more", [{"handovers": MOST_HANDOVERS}, {"answer": "shards"}], ids=repr)
def test_a_run_is_not_handed_on_for_ever_nor_past_a_caller_who_waits(db, more):
    entry = job("someJob", resumable=True)(lambda db, event, now: time.sleep(30))

    with pytest.raises(OutOfTimeError):
        entry({"time": TIME} | more, context(0.3))
