"""Lambda's runtime API, small: the real runtime client fetches events here and posts what handlers give."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = "/2018-06-01/runtime"
REGION = "eu-central-1"


class FunctionError(RuntimeError):
    """The handler raised, or the container could not start: Lambda's document about it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(f"{document.get('errorType')}: {document.get('errorMessage')}")
        self.document = document


@dataclass
class Invocation:
    """An event on its way to the handler, and the answer on its way back."""

    event: Any
    seconds: float
    id: str = field(default_factory=lambda: str(uuid4()))
    answer: Queue[tuple[str, Any]] = field(default_factory=Queue)


class Container:
    """One execution environment: a process that runs the handler under the real runtime client."""

    def __init__(
        self, function: str, handler: str, log: Path, environment: Mapping[str, str],
        python: Sequence[str] = (sys.executable,), folder: Path = ROOT,
    ) -> None:  # fmt: skip
        self.function, self.log = function, log
        self.waiting: Queue[Invocation] = Queue()
        self.at_work: dict[str, Invocation] = {}
        self.api = _Server(("127.0.0.1", 0), type("Api", (_Api,), {"container": self}))
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        with log.open("wb") as out:
            command = [*python, "-m", "awslambdaric", handler]
            self.process = subprocess.Popen(
                command, cwd=folder, env=self._environment(handler, environment), stdout=out, stderr=out
            )

    def invoke(self, event: Any, seconds: float = 60.0) -> Any:
        """What the handler gives for the event, within the function's timeout.

        Raises:
            FunctionError: when it raised or was still at work then.
        """
        invocation = Invocation(event, seconds)
        self.waiting.put(invocation)
        ends = time.monotonic() + seconds + 30  # and some for the start
        while time.monotonic() < ends:
            if self.process.poll() is not None and invocation.answer.empty():
                raise FunctionError({"errorType": "Runtime.ExitError", "errorMessage": self.log.read_text()[-2000:]})
            try:
                kind, document = invocation.answer.get(timeout=0.05)
            except Empty:
                continue
            if kind == "error":
                raise FunctionError(document)
            return document
        raise FunctionError({"errorType": "Sandbox.Timedout", "errorMessage": f"after {seconds} seconds"})

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines of its log."""
        return [json.loads(each) for each in self.log.read_text().splitlines() if each.startswith("{")]

    def stop(self) -> None:
        """Ends the process and the API."""
        self.process.kill()
        self.process.wait()
        self.api.shutdown()
        self.api.server_close()

    def _environment(self, handler: str, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST", "COV"))}
        return {
            **kept,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": f"feedpulse-test-{self.function}",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": str(ROOT),
            "POWERTOOLS_SERVICE_NAME": "feedpulse-test",
            "POWERTOOLS_METRICS_NAMESPACE": "feedpulse",
            **more,
        }


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a container that is stopped breaks its connection."""


class _Api(BaseHTTPRequestHandler):
    container: Container
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        invocation = self.container.waiting.get()
        self.container.at_work[invocation.id] = invocation
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": arn(self.container.function),
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            "Content-Type": "application/json",
        }
        self._send(200, json.dumps(invocation.event).encode(), headers)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        *_, id_, kind = self.path.removeprefix(RUNTIME).split("/")
        if kind == "error" and id_ == "init":
            self.container.waiting.get().answer.put(("error", body))
        else:
            self.container.at_work.pop(id_).answer.put((kind, body))
        self._send(202, b"{}", {})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: a container has a log of its own."""


def arn(function: str) -> str:
    """The name under which AWS would know the function."""
    return f"arn:aws:lambda:{REGION}:123456789012:function:feedpulse-test-{function}"


@contextmanager
def containers(folder: Path, environment: Mapping[str, str]) -> Iterator[Any]:
    """Starts containers by key of serverless.yml, each at its first use, and stops them at the end."""
    from handlers.manifest import named

    started: dict[str, Container] = {}

    def container(key: str, **more: str) -> Container:
        if key not in started:
            log = folder / f"{key}.log"
            started[key] = Container(key, named(key).handler, log, {**environment, **more})
        return started[key]

    try:
        yield container
    finally:
        for each in started.values():
            each.stop()
