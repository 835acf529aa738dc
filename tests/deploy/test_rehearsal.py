"""The rehearsal and the full retraining, over HTTP, on stand-ins for AWS."""

import json
import re
import time

import pytest

from lab.bench.work import open_gates
from ops.deploy.template import FILE
from store.ids import ObjectId
from tests.community import TIME, community, fill
from tests.deploy.cloud import cloud
from tests.deploy.emulator import arn
from tests.deploy.rehearsal import rehearse

MACHINE = FILE.parent / "ops" / "deploy" / "retraining.json"
CALLED = {
    "Guests": "coldstartTrainer",
    "Members": "personalizeContentTrainer",
    "Worker": "personalizeContentWorker",
}


@pytest.fixture
def aws(db, uri, tmp_path):
    with cloud(tmp_path, uri, db.app.name.removesuffix("app-db")) as found:
        yield found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_rehearsal_loses_nothing(aws, db):
    told = []

    rehearse(aws, db, told.append)

    assert len(told) == 3


def machine(aws):
    """The state machine of the template, with this stand-in's functions."""
    definition = re.sub(r"\$\{(\w+)\}", lambda match: arn(CALLED[match[1]]), MACHINE.read_text())
    definition = definition.replace(', "ExecutionType": "STANDARD"', "")  # AWS wants it, the stand-in's parser does not
    role = "arn:aws:iam::123456789012:role/retraining"
    states = aws.client("stepfunctions")
    made = states.create_state_machine(name=f"r{ObjectId()}", definition=definition, roleArn=role)
    return made["stateMachineArn"]


def ran(aws, event, seconds=400):
    """The execution's description once it has ended."""
    states = aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine(aws), input=json.dumps(event))["executionArn"]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.5)
    raise TimeoutError(execution)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_retraining_trains_guests_members_and_every_shard(aws, db):
    fill(db, community())
    for key in ("coldstartTrainer", "personalizeContentTrainer"):
        aws.container(key).invoke({"time": TIME}, 240)
    open_gates(db)  # too few people for own models
    aws.execute_machines()

    found = ran(aws, {"time": TIME})

    assert found["status"] == "SUCCEEDED", found
    output = json.loads(found["output"])
    assert output["members"]["counts"]["shards"] == len(output["members"]["counts"]["names"]) > 0
    assert sum(each["members"] for each in output["shards"]) == db.analytics.mlArtifacts.count_documents({}) > 0
    assert {each["status"] for each in db.analytics.runs.find()} == {"done"}
    assert output["time"] == TIME


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_retraining_of_an_empty_app_ends_with_no_shards(aws, db):
    aws.execute_machines()

    found = ran(aws, {"time": TIME})

    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["shards"] == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_retraining_whose_function_fails_is_failed_and_says_why(aws, db):
    aws.execute_machines()

    found = ran(aws, {"time": "noon"})

    assert found["status"] == "FAILED"
    assert "time: noon is not ISO 8601" in found["cause"]
    assert db.analytics.mlArtifacts.count_documents({}) == 0
