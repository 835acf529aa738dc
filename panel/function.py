"""The control panel behind a Lambda function URL."""

import json
from functools import cache
from typing import Any

from mangum import Mangum

from handlers.runtime import databases, setting
from panel.app import application
from panel.auth import Access, access_of


def handler(event: dict[str, Any], context: Any) -> Any:
    """Answers one request of the function URL."""
    return _panel()(event, context)


@cache
def _panel() -> Mangum:
    return Mangum(application(databases(), _access(), start=start_function), lifespan="off")


def _access() -> Access:
    """Reads who may sign in. PANEL_TOKENS_PARAMETER names an SSM parameter that holds the tokens."""
    parameter = setting("PANEL_TOKENS_PARAMETER")
    tokens = {"PANEL_TOKENS": _read_parameter(parameter)} if parameter else {}
    return access_of(lambda name: tokens.get(name) or setting(name))


def start_function(function: str, event: dict[str, Any]) -> None:
    """Invokes a function of this deployment. Its name is the panel's, with the key in place of `panel`."""
    import boto3  # in the Lambda runtime

    name = setting("AWS_LAMBDA_FUNCTION_NAME").removesuffix("panel") + function
    boto3.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))


def _read_parameter(name: str) -> str:
    import boto3

    return str(boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
