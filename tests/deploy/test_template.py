"""What `sls package` makes of serverless.yml keeps its promises."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.functions import functions
from ops.template import logical

FUNCTIONS = functions()
# Actions for which AWS knows no resource, or whose resource is "this very key": the only ones allowed on "*".
RESOURCELESS = {
    "xray:PutTraceSegments", "xray:PutTelemetryRecords", "comprehend:BatchDetectDominantLanguage",
    "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
}  # fmt: skip
every_function = pytest.mark.parametrize("key", FUNCTIONS)


@pytest.fixture(scope="session")
def resources(template):
    return template["Resources"]


def of_type(resources, kind):
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def statements(properties):
    """Every statement of a role or policy."""
    documents = [each["PolicyDocument"] for each in properties.get("Policies", [])] + [properties.get("PolicyDocument")]
    return [each for document in documents if document for each in document["Statement"]]


def listed(value):
    return value if isinstance(value, list) else [value]


def allows(statements, action, resource):
    return any(
        each["Effect"] == "Allow" and action in listed(each["Action"]) and resource in listed(each["Resource"])
        for each in statements
    )


def arn(name):
    return {"Fn::GetAtt": [name, "Arn"]}


def lambda_arn(key):
    return arn(f"{logical(key)}LambdaFunction")


def test_cfn_lint_finds_nothing(template_file):
    # W3005: the framework names a dependency twice
    command = [str(Path(sys.executable).with_name("cfn-lint")), "-i", "W3005", "--", str(template_file)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300)

    assert (done.stdout, done.returncode) == ("", 0)


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


@every_function
def test_the_functions_logs_are_kept_for_a_time_and_encrypted_with_our_key(resources, key):
    group = resources[f"{logical(key)}LogGroup"]["Properties"]

    assert group["RetentionInDays"] == 90
    assert group["KmsKeyId"] == arn("Key")


@every_function
def test_the_function_is_traced_and_its_role_may_write_only_its_own_log(resources, key):
    assert resources[f"{logical(key)}LambdaFunction"]["Properties"]["TracingConfig"] == {"Mode": "Active"}
    written = [
        each["Resource"]
        for each in statements(resources[f"{logical(key)}Role"]["Properties"])
        if "logs:PutLogEvents" in each["Action"]
    ]
    assert [each["Fn::Sub"].endswith(f"/aws/lambda/feedpulse-prod-{key}:*") for each in written] == [True]


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
    (rule,) = [
        each
        for each in of_type(resources, "AWS::Events::Rule").values()
        if each["Targets"][0]["Arn"] == lambda_arn(key)
    ]

    bus = resources[rule["EventBusName"]["Ref"]]["Properties"]
    assert "EventSourceName" in bus
    assert rule["EventPattern"]["source"] == [{"prefix": "aws.partner/mongodb.com"}]
    assert rule["EventPattern"]["detail"]["ns"]["coll"] == [FUNCTIONS[key].changes]
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


def test_every_queue_topic_log_and_bucket_is_encrypted(resources):
    for each in of_type(resources, "AWS::SQS::Queue").values():
        assert each["SqsManagedSseEnabled"] is True
    for each in of_type(resources, "AWS::SNS::Topic").values():
        assert each["KmsMasterKeyId"] == {"Ref": "Key"}
    for each in of_type(resources, "AWS::Logs::LogGroup").values():
        assert each["KmsKeyId"] == arn("Key")
        assert each["RetentionInDays"] > 0
    for each in of_type(resources, "AWS::S3::Bucket").values():
        assert each["BucketEncryption"]
    assert resources["Key"]["Properties"]["EnableKeyRotation"] is True


def test_nothing_waits_in_a_queue_of_failures_unheard(resources):
    watched = {
        json.dumps(each["Dimensions"][0]["Value"])
        for each in of_type(resources, "AWS::CloudWatch::Alarm").values()
        if each["Namespace"] == "AWS/SQS"
    }

    queues = ("Failures", "TrainingDeadLetters", "TrainingQueue")
    assert watched == {json.dumps({"Fn::GetAtt": [each, "QueueName"]}) for each in queues}


def test_no_wildcard_action_is_allowed(resources):
    for kind in ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for name, properties in of_type(resources, kind).items():
            for each in statements(properties):
                assert not [action for action in listed(each["Action"]) if "*" in action], name


def test_a_wildcard_resource_says_why_and_only_where_aws_knows_none(resources):
    for kind in ("AWS::IAM::Role", "AWS::IAM::Policy"):
        for name, properties in of_type(resources, kind).items():
            for each in statements(properties):
                if "*" in listed(each["Resource"]):
                    assert re.search("KnowNoResources|KnowsNoResources", each["Sid"]), name
                    assert set(listed(each["Action"])) <= RESOURCELESS


def test_a_function_may_invoke_only_itself_but_the_panel(resources):
    for key in FUNCTIONS:
        for each in statements(resources[f"{logical(key)}Role"]["Properties"]):
            if "lambda:InvokeFunction" in listed(each["Action"]):
                suffix = "-*" if key == "panel" else f"-{key}"
                assert each["Resource"]["Fn::Sub"].endswith(f"function:feedpulse-prod{suffix}")


def test_the_personal_predictor_answers_over_https_only_whom_iam_lets_in(resources):
    urls = {name: each["AuthType"] for name, each in of_type(resources, "AWS::Lambda::Url").items()}

    assert urls == {"PersonalizeContentPredictorLambdaFunctionUrl": "AWS_IAM", "PanelLambdaFunctionUrl": "NONE"}


def test_functions_read_secrets_by_name_and_hold_none(template):
    for each in of_type(template["Resources"], "AWS::Lambda::Function").values():
        variables = each["Environment"]["Variables"]
        assert variables["MONGODB_URI_PARAMETER"] == "/feedpulse/prod/mongodb-uri"
        assert not set(variables) & {"MONGODB_URI", "PANEL_TOKENS", "PANEL_SECRET"}
    assert "mongodb://" not in json.dumps(template)
    assert "mongodb+srv" not in json.dumps(template)


def test_the_retraining_may_call_what_it_calls_and_nothing_else(resources):
    machine = resources["Retraining"]["Properties"]
    allowed = [
        each["Resource"]
        for each in statements(resources["RetrainingRole"]["Properties"])
        if "lambda:InvokeFunction" in listed(each["Action"])
    ]

    assert machine["Definition"]["States"]["Shards"]["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert [each for some in allowed for each in some] == list(machine["DefinitionSubstitutions"].values())
    assert allows(statements(resources["RetrainingMapPolicy"]["Properties"]), "states:StartExecution",
                  {"Ref": "Retraining"})  # fmt: skip


def test_the_stack_stays_within_what_cloudformation_takes(template, template_file):
    assert len(template["Resources"]) < 450
    assert template_file.stat().st_size < 1_000_000
    assert len(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]) < 50_000
