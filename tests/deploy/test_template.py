"""What `sls package` makes of serverless.yml keeps its promises."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from handlers.manifest import functions
from ops.deploy.template import logical
from tests.deploy.stack import LOGS, allows, arn, lambda_arn, of_type, statements

FUNCTIONS = functions()
ROOT = Path(__file__).resolve().parents[2]
every_function = pytest.mark.parametrize("key", FUNCTIONS)


def linted(path):
    """What cfn-lint says of a template."""
    # W3005: the framework names a dependency twice
    command = [str(Path(sys.executable).with_name("cfn-lint")), "-i", "W3005", "--", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


def test_cfn_lint_finds_nothing(template_file):
    assert linted(template_file) == ""


SOURCE = "aws.partner/mongodb.com/stitch.trigger/0123456789abcdef01234567"
NETWORK = """  dev:
    vpc: {securityGroupIds: [sg-0123456789abcdef0], subnetIds: [subnet-0123456789abcdef0]}
    rolePolicies: [arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole]
  staging:
"""


@pytest.mark.slow
def test_the_other_stages_and_what_is_optional_make_templates_without_a_fault(package_service):
    given = ["architecture=x86_64", f"contentsEventSource={SOURCE}", "alarmEmail=a@example.org", "dbPrefix=shop-"]
    options = [f"--param={each}" for each in given]
    plain = package_service("--stage", "staging")
    rich = package_service("--stage", "dev", *options, edited=lambda text: text.replace("  staging:\n", NETWORK, 1))

    assert linted(plain) == linted(rich) == ""
    made = json.loads(rich.read_text())
    function = made["Resources"]["TopicsClassifyLambdaFunction"]["Properties"]
    assert function["Architectures"] == ["x86_64"]
    assert function["VpcConfig"]["SubnetIds"] == ["subnet-0123456789abcdef0"]
    assert function["Environment"]["Variables"]["DB_PREFIX"] == "shop-"
    assert "AWSLambdaVPCAccess" in made["Resources"]["TopicsClassifyRole"]["Properties"]["ManagedPolicyArns"][0]
    assert made["Parameters"]["ContentsEventSource"]["Default"] == SOURCE
    assert "ReservedConcurrentExecutions" not in function
    days = {each["RetentionInDays"] for each in of_type(json.loads(plain.read_text())["Resources"], LOGS).values()}
    assert days == {30}


@every_function
def test_the_template_has_the_function_with_a_role_of_its_own(resources, key):
    found = resources[f"{logical(key)}LambdaFunction"]["Properties"]

    assert found["Handler"] == FUNCTIONS[key].handler
    assert found["Role"] == arn(f"{logical(key)}Role")
    assert found["FunctionName"] == f"feedpulse-prod-{key}"


@every_function
def test_the_functions_failures_have_a_destination_that_its_role_may_write_to(resources, key):
    found = resources[f"{logical(key)}LambdaEvConf"]["Properties"]

    destination = found["DestinationConfig"]["OnFailure"]["Destination"]
    assert destination == arn("Failures")
    assert allows(statements(resources[f"{logical(key)}Role"]["Properties"]), "sqs:SendMessage", destination)
    assert found["MaximumRetryAttempts"] in (0, 1, 2)
    assert found["MaximumEventAgeInSeconds"] if FUNCTIONS[key].is_job else True


@every_function
def test_a_functions_share_of_the_account_its_memory_and_its_time_are_its_own(resources, key):
    found = resources[f"{logical(key)}LambdaFunction"]["Properties"]
    reserved = {"topicsClassify": 20, "personalizeContentPredictor": 100}
    one = [each for each, function in FUNCTIONS.items() if function.timings and not function.changes]

    assert found.get("ReservedConcurrentExecutions") == reserved.get(key, 1 if key in one else None)
    assert 512 <= found["MemorySize"] <= 10_240
    assert found["Timeout"] <= 900
    assert found["Architectures"] == ["arm64"]


@every_function
def test_failed_events_are_tried_again_as_often_as_their_kind_bears(resources, key):
    found, function = resources[f"{logical(key)}LambdaEvConf"]["Properties"], FUNCTIONS[key]
    changes = function.changes or key == "personalizeContentWorker"

    assert found["MaximumRetryAttempts"] == (2 if changes else 1 if function.timings else 0)
    if function.is_job:
        assert found["MaximumEventAgeInSeconds"] == (21_600 if changes else 3_000)


@every_function
def test_somebody_hears_of_errors_and_throttles(resources, key):
    for metric in ("Errors", "Throttles"):
        alarm = resources[f"{logical(key)}{metric}"]["Properties"]
        assert alarm["MetricName"] == metric
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": f"{logical(key)}LambdaFunction"}}]
        assert alarm["AlarmActions"] == [{"Ref": "Alarms"}]


@pytest.mark.parametrize("key", [key for key, each in FUNCTIONS.items() if each.timings])
def test_somebody_hears_when_no_run_was_good_for_too_long(resources, key):
    alarm = resources[f"{logical(key)}Late"]["Properties"]

    hours = alarm["Period"] * alarm["EvaluationPeriods"] / 3600
    assert hours == (3 if FUNCTIONS[key].is_hourly else 30)
    assert alarm["TreatMissingData"] == "breaching"
    assert {each["Name"]: each["Value"] for each in alarm["Dimensions"]} == {
        "function": key,
        "service": resources[f"{logical(key)}LambdaFunction"]["Properties"]["Environment"]["Variables"][
            "POWERTOOLS_SERVICE_NAME"
        ],
    }


@pytest.mark.parametrize("key", [key for key, each in FUNCTIONS.items() if each.timings])
def test_each_schedule_may_invoke_its_function_at_the_time_of_serverless_yml_in_utc(resources, key):
    schedules = {
        name: each
        for name, each in of_type(resources, "AWS::Scheduler::Schedule").items()
        if each["Target"]["Arn"] == lambda_arn(key)
    }

    assert [each["ScheduleExpression"] for each in schedules.values()] == [
        each.expression for each in FUNCTIONS[key].timings
    ]
    for each in schedules.values():
        role = resources[each["Target"]["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
        assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "scheduler.amazonaws.com"}
        assert allows(statements(role), "lambda:InvokeFunction", each["Target"]["Arn"])
        assert allows(statements(role), "sqs:SendMessage", each["Target"]["DeadLetterConfig"]["Arn"])
        assert each["ScheduleExpressionTimezone"] == "UTC"
        assert json.loads(each["Target"]["Input"])["time"] == "<aws.scheduler.scheduled-time>"
        assert each["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] < 3600


@pytest.mark.parametrize("key", [key for key, each in FUNCTIONS.items() if each.changes])
def test_changes_come_over_a_partner_bus_and_undelivered_ones_are_kept(resources, key):
    rules = [
        each
        for each in of_type(resources, "AWS::Events::Rule").values()
        if each["Targets"][0]["Arn"] == lambda_arn(key)
    ]

    assert [name for rule in rules for name in rule["EventPattern"]["detail"]["ns"]["coll"]] == [
        *FUNCTIONS[key].changes
    ]
    for rule in rules:
        assert "EventSourceName" in resources[rule["EventBusName"]["Ref"]]["Properties"]
        assert rule["EventPattern"]["source"] == [{"prefix": "aws.partner/mongodb.com"}]
        assert rule["Targets"][0]["DeadLetterConfig"]["Arn"] == arn("Failures")
    permissions = of_type(resources, "AWS::Lambda::Permission").values()
    assert [each for each in permissions if each["FunctionName"] == lambda_arn(key)]


def test_the_queue_gives_single_messages_back_and_its_worker_is_held_to_a_number(resources):
    (mapping,) = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    worker = resources["PersonalizeContentWorkerLambdaFunction"]["Properties"]
    queue = resources["TrainingQueue"]["Properties"]

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == 40
    assert queue["VisibilityTimeout"] >= 6 * worker.get("Timeout", 300)
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == arn("TrainingDeadLetters")
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
        assert allows(statements(resources["PersonalizeContentWorkerRole"]["Properties"]), action, arn("TrainingQueue"))


def test_nothing_waits_in_a_queue_of_failures_unheard(resources):
    watched = {
        json.dumps(each["Dimensions"][0]["Value"])
        for each in of_type(resources, "AWS::CloudWatch::Alarm").values()
        if each["Namespace"] == "AWS/SQS"
    }

    queues = ("Failures", "TrainingDeadLetters", "TrainingQueue")
    assert watched == {json.dumps({"Fn::GetAtt": [each, "QueueName"]}) for each in queues}


def test_every_alarm_rings_and_the_handbook_says_what_to_do(resources):
    handbook = (ROOT / "docs" / "operations.md").read_text()

    for name, each in of_type(resources, "AWS::CloudWatch::Alarm").items():
        assert each["AlarmActions"] == [{"Ref": "Alarms"}]
        assert each["AlarmDescription"]
        kind = re.sub(r"^.+(Errors|Throttles|Late)$", r"<Function>\1", name)
        assert f"| `{kind}` |" in handbook, kind


def test_the_dashboard_shows_failures_freshness_and_every_queue(resources):
    text = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = json.dumps(json.loads(text)["widgets"])

    for each in ("Errors", "Throttles", "Duration", "FreshnessSeconds", "Rejected", "Done"):
        assert f'MetricName=\\"{each}\\"' in shown, each
    for name in of_type(resources, "AWS::SQS::Queue"):
        assert f"${{{name}.QueueName}}" in shown


def test_the_stack_stays_within_what_cloudformation_takes(template, template_file):
    assert len(template["Resources"]) < 450
    assert template_file.stat().st_size < 1_000_000
    assert len(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]) < 50_000
