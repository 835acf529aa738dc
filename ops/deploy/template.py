"""CloudFormation that all functions share: `python -m ops.deploy.template` writes it for `sls`."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from handlers.manifest import FILE, Function, document, functions
from ops.console import progress

OUT = FILE.parent / "build" / "functions.json"
Resource = dict[str, Any]
ARN = "arn:${AWS::Partition}"
HERE = "${AWS::Region}:${AWS::AccountId}"
NAME = "${self:service}-${sls:stage}"
HOURS_WITHOUT = {"hourly": 3, "daily": 30}  # without a successful run before the alarm


def template(known: Collection[Function], allowed: Collection[str]) -> dict[str, Any]:
    """Returns roles, alarms and dashboard, and extensions of the framework's log groups and schedules.

    `allowed` are the functions with more rights in custom.allow of serverless.yml.
    """
    resources: dict[str, Resource] = {
        "SchedulerRole": scheduler_role([function for function in known if function.timings])
    }
    extensions: dict[str, Resource] = {}
    for function in known:
        name = logical(function.key)
        resources[f"{name}Role"] = role(function.key, function.key in allowed)
        resources |= {f"{name}{kind}": alarm for kind, alarm in alarms(function)}
        extensions[f"{name}LogGroup"] = {"Properties": {"KmsKeyId": _attribute("Key", "Arn")}}
        for place, _ in enumerate(function.timings, 1):
            extensions[f"{name}SchedulerSchedule{place}"] = {"Properties": {"Target": target(function.key)}}
    resources["Dashboard"] = dashboard([function.key for function in known])
    return {"Resources": resources, "extensions": extensions}


def logical(key: str) -> str:
    """Returns the framework's name of a function in the template.

    >>> logical("contentStats")
    'ContentStats'
    """
    return key[:1].upper() + key[1:]


def role(key: str, more: bool) -> Resource:
    """Returns the role of a function: logs, traces, the database's address, failures; with `more`, custom.allow."""
    statements: list[Resource] = [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": _sub(f"{ARN}:logs:{HERE}:log-group:/aws/lambda/{NAME}-{key}:*"),
        },
        {
            "Effect": "Allow",
            "Action": "ssm:GetParameter",
            "Resource": _sub(f"{ARN}:ssm:{HERE}:parameter/feedpulse/${{sls:stage}}/mongodb-uri"),
        },
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": _attribute("Failures", "Arn")},
        {
            "Sid": "TracesKnowNoResources",
            "Effect": "Allow",
            "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
            "Resource": "*",
        },
    ]
    resource = _role("lambda.amazonaws.com", "common", statements)
    resource["Properties"]["ManagedPolicyArns"] = "${param:rolePolicies}"
    if more:
        resource["Properties"]["Policies"].append(_policy(key, f"${{self:custom.allow.{key}}}"))
    return resource


def scheduler_role(timed: list[Function]) -> Resource:
    """Returns the role of the schedules: invoke scheduled functions, report undelivered calls."""
    statements: list[Resource] = [
        {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": [_attribute(f"{logical(function.key)}LambdaFunction", "Arn") for function in timed],
        },
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": _attribute("Failures", "Arn")},
    ]
    resource = _role("scheduler.amazonaws.com", "schedules", statements)
    trust = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    trust["Condition"] = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    return resource


def target(key: str) -> Resource:
    """Returns the target of a schedule; it replaces the framework's target, which has no retries."""
    return {
        "Arn": _attribute(f"{logical(key)}LambdaFunction", "Arn"),
        "RoleArn": _attribute("SchedulerRole", "Arn"),
        "Input": "${self:custom.utc.input}",
        "RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3000},
        "DeadLetterConfig": {"Arn": _attribute("Failures", "Arn")},
    }


def alarms(function: Function) -> Iterator[tuple[str, Resource]]:
    """Yields alarms for errors, throttles and, for scheduled functions, missing successful runs."""
    name = {"Name": "FunctionName", "Value": {"Ref": f"{logical(function.key)}LambdaFunction"}}
    for kind, text in (("Errors", "failed"), ("Throttles", "was throttled")):
        yield kind, _alarm(f"{function.key} {text}", "AWS/Lambda", kind, [name])
    if function.timings:
        hours = HOURS_WITHOUT["hourly" if function.is_hourly else "daily"]
        dimensions = [{"Name": "function", "Value": function.key}, {"Name": "service", "Value": NAME}]
        late = _alarm(f"{function.key}: no successful run for {hours} hours", "feedpulse", "Done", dimensions)
        late["Properties"] |= {
            "Period": 3600,
            "EvaluationPeriods": hours,
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1,
            "TreatMissingData": "breaching",
        }
        yield "Late", late


def dashboard(keys: list[str]) -> Resource:
    """Returns the dashboard: calls, failures, freshness, rejected documents and queues."""
    lambda_ = f'{{AWS/Lambda,FunctionName}} FunctionName="{NAME}-"'
    ours = f'{{feedpulse,function,service}} service="{NAME}"'
    searches = [
        (f"{kind} by function", f'{lambda_} MetricName="{kind}"', how)
        for kind, how in (("Errors", "Sum"), ("Throttles", "Sum"), ("Duration", "Maximum"), ("Invocations", "Sum"))
    ] + [
        (text, f'{ours} MetricName="{kind}"', how)
        for text, kind, how in (
            ("Successful runs", "Done", "Sum"),
            ("Seconds behind the clock", "FreshnessSeconds", "Maximum"),
            ("Rejected documents", "Rejected", "Sum"),
        )
    ]
    widgets = [_graph([[{"expression": f"SEARCH('{what}', '{how}', 300)"}]], title) for title, what, how in searches]
    queues = ("TrainingQueue", "TrainingDeadLetters", "Failures")
    widgets.append(_graph([["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", f"${{{queue}.QueueName}}"]
                           for queue in queues], "Messages in queues"))  # fmt: skip
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": NAME, "DashboardBody": _sub(json.dumps({"widgets": widgets}))},
    }


def main() -> None:
    """Writes build/functions.json."""
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(template(functions().values(), document()["custom"]["allow"]), indent=1) + "\n")
    progress.print(f"{OUT.relative_to(FILE.parent)}: {OUT.stat().st_size:,} bytes")


def _role(service: str, name: str, statements: list[Resource]) -> Resource:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [_policy(name, statements)],
        },
    }


def _policy(name: str, statements: list[Resource] | str) -> Resource:
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}


def _alarm(text: str, namespace: str, metric: str, dimensions: list[Resource]) -> Resource:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": text,
            "AlarmActions": [{"Ref": "Alarms"}],
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": dimensions,
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "TreatMissingData": "notBreaching",
        },
    }


def _graph(metrics: list[list[Any]], title: str) -> Resource:
    properties = {"metrics": metrics, "title": title, "region": "${AWS::Region}", "view": "timeSeries", "period": 300}
    return {"type": "metric", "width": 12, "height": 6, "properties": properties}


def _sub(text: str) -> Resource:
    return {"Fn::Sub": text}


def _attribute(resource: str, name: str) -> Resource:
    return {"Fn::GetAtt": [resource, name]}


if __name__ == "__main__":
    main()
