"""The queue between the trainer of members' models and its workers: one message for each shard."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from handlers.deadline import OutOfTimeError, ending
from handlers.runtime import Event, setting
from handlers.telemetry import error_line

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

logger = logging.getLogger("feedpulse")


def sender() -> Callable[[str], None] | None:
    """Returns a function that sends a shard's name to TRAINING_QUEUE_URL; None without a queue."""
    url = setting("TRAINING_QUEUE_URL")
    return (lambda shard: _send(url, shard)) if url else None


def handle_shards(event: Event, work: Callable[[str], dict[str, int]]) -> dict[str, Any]:
    """Calls `work` for the shard of every message and returns the failed messages, which the queue delivers again.

    When time runs out, messages that did not start are returned too. An event with `shards`, a list of names, comes
    from retraining: the first failure rises, and the same event continues from there.

    Raises:
        ValueError: when the event has none of `Records`, `shards` and `shard`; names a record without an id.
    """
    if isinstance(event.get("shard"), str):
        return work(event["shard"])
    if isinstance(names := event.get("shards"), list):
        return dict(sum((Counter(work(str(name))) for name in names), Counter()))
    if not isinstance(event.get("Records"), list):
        raise ValueError("Records: a list of queue messages is needed, or shard: the name of one, or shards: of some")
    _check_ids(event["Records"])
    return _handle_messages(event, work)


def _check_ids(records: list[Any]) -> None:
    """A failed message without an id could not be reported."""
    for place, record in enumerate(records):
        if not isinstance(record, Mapping) or not isinstance(record.get("messageId"), str):
            raise ValueError(f"Records[{place}]: {str(record)[:60]} is no queue message with a messageId")


def _handle_messages(event: Event, work: Callable[[str], dict[str, int]]) -> dict[str, Any]:
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    over: OutOfTimeError | None = None

    def handle(record: "SQSRecord") -> dict[str, int]:
        nonlocal over
        try:
            if over:
                raise over
            with ending():
                return work(str(json.loads(record.body)["shard"]))
        except Exception as error:  # the queue delivers the message again, and in the end to the dead-letter queue
            over = error if isinstance(error, OutOfTimeError) else over
            logger.error("message failed", extra={"queue_message": record.message_id, "error": error_line(error)})
            raise

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return cast(dict[str, Any], process_partial_response(dict(event), handle, processor))


def _send(url: str, shard: str) -> None:
    _client().send_message(QueueUrl=url, MessageBody=json.dumps({"shard": shard}))


@cache
def _client() -> Any:
    import boto3  # in the Lambda runtime

    return boto3.client("sqs")
