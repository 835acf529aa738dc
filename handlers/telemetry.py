"""Telemetry of a run: one structured log line, and metrics that CloudWatch reads from the log (EMF).

Outside AWS there is no request id, and the lines go to the handlers of `logging`.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "feedpulse"
MOST_COUNTS = 80  # CloudWatch accepts a hundred metrics per line
logger = logging.getLogger(NAMESPACE)
_CREDENTIALS = re.compile(r"(mongodb(?:\+srv)?://)[^@\s/]*@")


def begin(event: Mapping[str, Any], context: Any) -> None:
    """Adds the event's id to every log line of the run."""
    if _is_aws(context):
        structured = Logger(NAMESPACE)  # formats the logger of that name as JSON, once
        structured.append_keys(correlation_id=correlation_id(event, context), request_id=context.aws_request_id)


def correlation_id(event: Mapping[str, Any], context: Any) -> str:
    """Returns the event's id (of the scheduler, a bus, a function URL), else the request's."""
    request = event.get("requestContext")
    event_id = event.get("id") or (request.get("requestId") if isinstance(request, Mapping) else None)
    return str(event_id or context.aws_request_id)[:120]


def error_line(error: BaseException) -> str:
    """Returns the error in one line without credentials.

    >>> error_line(ValueError("no answer from mongodb+srv://me:secret@host/db"))
    'ValueError: no answer from mongodb+srv://***@host/db'
    """
    return _CREDENTIALS.sub(r"\1***@", f"{type(error).__name__}: {str(error)[:500]}")


def outcome(
    context: Any, function: str, now: datetime, status: str, seconds: float, counts: Mapping[str, Any], late: float
) -> None:
    """Logs the line of one run and its metrics; `late` is the seconds from the event's clock to the run's end."""
    line = {"function": function, "time": now.isoformat(), "status": status, "seconds": seconds, "counts": dict(counts)}
    logger.info("%s %s", function, status, extra=line)
    if not _is_aws(context):
        return
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension("function", function)
    metrics.add_metric(status.capitalize(), MetricUnit.Count, 1)
    metrics.add_metric("Seconds", MetricUnit.Seconds, seconds)
    if status == "done":
        metrics.add_metric("FreshnessSeconds", MetricUnit.Seconds, late)
        metrics.add_metric("Rejected", MetricUnit.Count, _rejected(counts))
    numbers = [(name, value) for name, value in counts.items() if type(value) in (int, float)]
    for name, value in numbers[:MOST_COUNTS]:
        metrics.add_metric(f"Counted.{name}", MetricUnit.Count, value)
    metrics.flush_metrics()


def _is_aws(context: Any) -> bool:
    return hasattr(context, "aws_request_id")


def _rejected(counts: Mapping[str, Any]) -> int:
    rejected = counts.get("rejected")
    return sum(rejected.values()) if isinstance(rejected, Mapping) else 0
