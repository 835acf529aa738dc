"""Least privilege, encryption and secrets in what `sls package` makes of serverless.yml."""

import json
import re

import pytest

from handlers.manifest import functions
from ops.deploy.template import logical
from tests.deploy.stack import allows, arn, lambda_arn, listed, of_type, statements

FUNCTIONS = functions()
every_function = pytest.mark.parametrize("key", FUNCTIONS)
# Actions for which AWS knows no resource, or whose resource is "this very key": the only ones allowed on "*".
RESOURCELESS = {
    "xray:PutTraceSegments", "xray:PutTelemetryRecords", "comprehend:BatchDetectDominantLanguage",
    "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
}  # fmt: skip


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


def test_the_keys_policy_says_why_where_it_is_wide(resources):
    for each in resources["Key"]["Properties"]["KeyPolicy"]["Statement"]:
        assert re.search("ThisAccount|TheAccountsOwn|NamesNoOtherKey", each["Sid"])
        assert each["Principal"] != "*"
        assert "Condition" in each or "AWS" in each["Principal"]


def test_a_function_may_invoke_only_itself_but_the_panel(resources):
    for key in FUNCTIONS:
        for each in statements(resources[f"{logical(key)}Role"]["Properties"]):
            if "lambda:InvokeFunction" in listed(each["Action"]):
                suffix = "-*" if key == "panel" else f"-{key}"
                assert each["Resource"]["Fn::Sub"].endswith(f"function:feedpulse-prod{suffix}")


def test_the_personal_predictor_answers_over_https_only_whom_iam_lets_in(resources):
    urls = {name: each["AuthType"] for name, each in of_type(resources, "AWS::Lambda::Url").items()}

    assert urls == {"PersonalizeContentPredictorLambdaFunctionUrl": "AWS_IAM", "PanelLambdaFunctionUrl": "NONE"}
    permissions = of_type(resources, "AWS::Lambda::Permission").values()
    everybody = [each for each in permissions if each["Principal"] == "*"]
    assert {json.dumps(each["FunctionName"]) for each in everybody} == {json.dumps(lambda_arn("panel"))}
    assert {each["Action"]: each.get("InvokedViaFunctionUrl", "FunctionUrlAuthType" in each) for each in everybody} == {
        "lambda:InvokeFunctionUrl": True,
        "lambda:InvokeFunction": True,  # and only over the URL
    }


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
