"""Handlers behind the real runtime client, with the events that AWS sends."""

from datetime import UTC, datetime

import pytest

from handlers.manifest import functions
from store.ids import ObjectId
from tests.community import TIME, community, fill
from tests.deploy.emulator import FunctionError, containers
from tests.deploy.events import ASKED, TOKENS

FUNCTIONS = functions()
SCHEDULED = {"time": TIME, "id": "d3c2b1a0", "source": "aws.scheduler"}
# What EventBridge Scheduler sends without an input of ours; its detail is text.
PLAIN_SCHEDULED = {
    "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
    "source": "aws.scheduler", "account": "123456789012", "time": TIME, "region": "eu-central-1",
    "resources": ["arn:aws:scheduler:eu-central-1:123456789012:schedule/default/hourly"], "detail": "{}",
}  # fmt: skip


def trigger(operation, key, coll="contents", document=None):
    """An Atlas trigger's event as the partner bus brings it."""
    detail = {
        "_id": {"_data": "8265"}, "operationType": operation, "clusterTime": {"T": 1768392000, "I": 1},
        "ns": {"db": "app-db", "coll": coll}, "documentKey": {"_id": key},
    }  # fmt: skip
    if document is not None:
        detail["fullDocument"] = document
    return {
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "account": "123456789012", "time": TIME,
        "detail-type": f"MongoDB Database Trigger for app-db.{coll}", "region": "eu-central-1",
        "source": "aws.partner/mongodb.com/stitch.trigger/5f3f2f", "resources": [], "detail": detail,
    }  # fmt: skip


@pytest.fixture
def container(db, uri, tmp_path):
    """Starts containers whose handlers see the test's databases."""
    with containers(tmp_path, {"MONGODB_URI": uri, "DB_PREFIX": db.app.name.removesuffix("app-db")}) as start:
        yield start


def test_a_scheduled_event_runs_the_job_and_is_told_in_one_line_and_metrics(db, container):
    fill(db, {"contents": community()["contents"], "users": community()["users"]})
    function = container("contentStats")

    counts = function.invoke(SCHEDULED)
    again = function.invoke(PLAIN_SCHEDULED)

    assert counts["contents"] == db.analytics.contentStats.count_documents({}) > 0
    assert again == counts
    told = [each for each in function.lines() if "counts" in each]
    assert [each["correlation_id"] for each in told] == [SCHEDULED["id"], PLAIN_SCHEDULED["id"]]
    assert told[0]["status"] == "done"
    assert told[0]["function"] == "contentStats"
    assert told[0]["counts"] == counts
    metrics = [each for each in function.lines() if "_aws" in each]
    assert [each["Done"] for each in metrics] == [[1.0], [1.0]]
    assert metrics[0]["Counted.contents"] == [counts["contents"]]
    assert metrics[0]["FreshnessSeconds"][0] > 0
    assert metrics[0]["Rejected"] == [0.0]
    assert metrics[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "feedpulse"
    assert sorted(metrics[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) == ["function", "service"]


def test_a_bad_event_and_the_end_of_time_are_errors_by_name_and_leave_no_lease(db, container):
    function = container("contentStats")

    with pytest.raises(FunctionError, match="ValueError: time: noon is not ISO 8601"):
        function.invoke({"time": "noon"})
    with pytest.raises(FunctionError, match="OutOfTimeError: the function's time is nearly over"):
        function.invoke(SCHEDULED, seconds=0.0)

    assert [each["status"] for each in db.analytics.runs.find()] == ["failed"]
    assert db.analytics.leases.count_documents({}) == 0


def test_changes_of_posts_reach_the_texts_in_every_form_of_id(db, container):
    fill(db, {"contents": community()["contents"]})
    first, second, third = (each["_id"] for each in db.app.contents.find({}, limit=3))
    function = container("topicsClassify")

    inserted = function.invoke(trigger("insert", str(first), document={"payload": {"message": "cut o"}}))
    updated = function.invoke(trigger("update", {"$oid": str(second)}))
    asked = function.invoke({"contents": [str(third)], "time": TIME})

    assert [each["classified"] for each in (inserted, updated, asked)] == [1, 1, 1]
    assert {each["contentId"] for each in db.app.contentinfo.find()} == {first, second, third}
    assert function.invoke(trigger("delete", str(first)))["removed"] == 1
    assert {each["contentId"] for each in db.app.contentinfo.find()} == {second, third}
    assert [each["status"] for each in db.analytics.runs.find({"function": "topicsClassify"})] == ["done"] * 4


def test_a_moderators_verdict_arrives_over_the_bus_and_by_the_clock(db, container):
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    case = {"seenCredential": ObjectId(), "verificationStatus": True, "verifiedAt": last, "firstSeenAt": first}
    key = db.app.suspiciouscredentials.insert_one(case).inserted_id
    function = container("fraudFeatureUpdater")

    by_change = function.invoke(trigger("update", str(key), "suspiciouscredentials"))
    by_clock = function.invoke(PLAIN_SCHEDULED)

    assert by_change == by_clock
    assert by_change["rejected"] == {} or "rejected" not in by_change


def record(body):
    return {
        "messageId": str(ObjectId()), "receiptHandle": "h", "body": body, "attributes": {}, "messageAttributes": {},
        "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:training",
    }  # fmt: skip


def test_bad_messages_of_a_batch_come_back_and_only_those(db, container):
    db.analytics.trainingShards.insert_one({"_id": "trained before"})
    good, unknown, torn, foreign = records = [
        record('{"shard": "trained before"}'), record('{"shard": "unknown"}'), record('{"shard'), record("[]"),
    ]  # fmt: skip
    function = container("personalizeContentWorker")

    answer = function.invoke({"Records": records})

    assert answer == {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in records[1:]]}
    reasons = {each["queue_message"]: each["error"] for each in function.lines() if "queue_message" in each}
    assert reasons[unknown["messageId"]] == "ValueError: shard: there is no unknown"
    assert set(reasons) == {each["messageId"] for each in (unknown, torn, foreign)}
    assert good["messageId"] not in reasons


def test_a_container_answers_one_event_after_another_over_one_connection(db, container):
    function = container("startAnalysis")

    answers = [function.invoke({"userId": "0" * 24, "time": TIME}) for _ in range(2)]

    assert answers[0] == answers[1]


@pytest.mark.slow
@pytest.mark.parametrize("key", [each.key for each in FUNCTIONS.values() if each.timings])
def test_every_job_answers_its_schedule(db, container, key):
    fill(db, community())

    assert isinstance(container(key).invoke(SCHEDULED, 200), dict)

    assert [each["status"] for each in db.analytics.runs.find({"function": key})] == ["done"]


def test_every_function_without_a_trigger_is_asked():
    assert set(ASKED) == {key for key, each in FUNCTIONS.items() if not each.is_job} - {"personalizeContentWorker"}


@pytest.mark.slow
@pytest.mark.parametrize("key", ASKED)
def test_every_request_is_answered(db, container, key):
    fill(db, community())

    assert container(key, PANEL_TOKENS=TOKENS).invoke(ASKED[key] | {"time": TIME})
