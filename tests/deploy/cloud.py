"""AWS on this machine: moto's server for SSM, SQS, S3, EventBridge and Step Functions, real containers for Lambda."""

import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from urllib.request import Request, urlopen

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.deploy.emulator import REGION, FunctionError, containers

KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
STAGE = "/feedpulse/test"
_INVOKE = re.compile(r"/2015-03-31/functions/(.+)/invocations")


class Cloud:
    """Clients of the stand-in, and functions that are called as AWS calls them."""

    def __init__(self, folder: Path, endpoint: str, container: Any) -> None:
        self.folder, self.endpoint, self.container = folder, endpoint, container
        self.dead: list[dict[str, Any]] = []  # events of asynchronous calls that failed

    def client(self, service: str) -> Any:
        """A client of boto3 that talks to the stand-in."""
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION,
            aws_access_key_id="testing", aws_secret_access_key="testing",
        )  # fmt: skip

    def execute_machines(self) -> None:
        """State machines are run from now on, not only noted."""
        setting = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
        request = Request(f"{self.endpoint}/moto-api/config", setting, {"Content-Type": "application/json"})
        urlopen(request).close()

    def queue(self, name: str, **attributes: str) -> str:
        """A new queue's address."""
        return str(self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def arn_of(self, url: str) -> str:
        """A queue's name for policies and targets."""
        found = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def poll(self, url: str, function: str, batch: int = 4) -> int:
        """One round of an event source mapping with partial batch failures; gives the number of messages seen."""
        sqs = self.client("sqs")
        found = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=batch, AttributeNames=["All"], WaitTimeSeconds=0
        ).get("Messages", [])
        if not found:
            return 0
        answer = self.container(function).invoke({"Records": [_record(each) for each in found]}, 120)
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for each in found:
            message = {"QueueUrl": url, "ReceiptHandle": each["ReceiptHandle"]}
            if each["MessageId"] in failed:
                sqs.change_message_visibility(**message, VisibilityTimeout=0)  # as after its time
            else:
                sqs.delete_message(**message)
        return len(found)

    def bodies(self, url: str) -> list[Any]:
        """What waits in a queue, taken out of it."""
        found = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(each["Body"]) for each in found]

    def invoke(self, function: str, event: Any, waits: bool) -> tuple[str, Any]:
        """The state and the document of one call of Lambda."""
        try:
            return "", self.container(function).invoke(event, 240)
        except FunctionError as error:
            if not waits:
                self.dead.append({"requestPayload": event, "responsePayload": error.document})
            return "Unhandled", error.document


@contextmanager
def cloud(folder: Path, uri: str, prefix: str) -> Iterator[Cloud]:
    """The stand-in with the database's address in its parameter store."""
    moto = DomainDispatcherApplication(create_backend_app)
    parts: list[Cloud] = []

    def application(environ: Any, start_response: Any) -> Any:
        asked = _INVOKE.fullmatch(unquote(environ["PATH_INFO"]))
        return _invoked(parts[0], asked[1], environ, start_response) if asked else moto(environ, start_response)

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    environment = {"AWS_ENDPOINT_URL": endpoint, "MONGODB_URI_PARAMETER": f"{STAGE}/mongodb-uri", "DB_PREFIX": prefix,
                   "MONGODB_URI": ""}  # fmt: skip
    before = os.environ.get("MOTO_PORT")
    os.environ["MOTO_PORT"] = str(server.server_port)
    try:
        with containers(folder, environment) as container:
            parts.append(Cloud(folder, endpoint, container))
            parts[0].client("ssm").put_parameter(
                Name=f"{STAGE}/mongodb-uri", Value=uri, Type="SecureString", Overwrite=True
            )
            yield parts[0]
    finally:
        os.environ.pop("MOTO_PORT") if before is None else os.environ.update(MOTO_PORT=before)
        server.shutdown()
        server.server_close()


def _invoked(cloud: Cloud, name: str, environ: Any, start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    event = json.loads(body or b"{}")
    function = name.rpartition("-")[2].rpartition(":")[2]
    if environ.get("HTTP_X_AMZ_INVOCATION_TYPE") == "Event":
        threading.Thread(target=cloud.invoke, args=(function, event, False), daemon=True).start()
        start_response("202 ACCEPTED", [])
        return [b""]
    state, document = cloud.invoke(function, event, True)
    headers = [("Content-Type", "application/json")] + ([("X-Amz-Function-Error", state)] if state else [])
    start_response("200 OK", headers)
    return [json.dumps(document).encode()]


def _record(message: Any) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
        "attributes": message.get("Attributes", {}), "messageAttributes": {}, "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:training", "awsRegion": REGION,
    }  # fmt: skip


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Says nothing."""
