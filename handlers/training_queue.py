"""The queue between the user trainer and its workers: one message a shard, failed ones reported one by one."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from handlers.deadline import OutOfTimeError, ending, seconds_left
from handlers.runtime import Event, setting
from handlers.telemetry import error_line

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

logger = logging.getLogger("feedpulse")


def sender() -> Callable[[str], None] | None:
    """Sends a shard's name to TRAINING_QUEUE_URL; None when no queue is configured."""
    url = setting("TRAINING_QUEUE_URL")
    return (lambda shard: _send(url, shard)) if url else None


def shards_of(event: Event, work: Callable[[str], dict[str, int]]) -> dict[str, Any]:
    """Works on every message; those that fail are named, so that the queue hands them out again and nothing else.

    When time runs out the messages not yet begun are named too. An event with `shards`, a list of names, is the
    retraining's: the first failure rises, and the event given again goes on from there.

    Raises:
        ValueError: when the event has none of `Records`, `shards` and `shard`, or naming the record without an id.
    """
    if isinstance(event.get("shard"), str):
        return work(event["shard"])
    if isinstance(names := event.get("shards"), list):
        return dict(sum((Counter(work(str(name))) for name in names), Counter()))
    if not isinstance(event.get("Records"), list):
        raise ValueError("Records: a list of queue messages is needed, or shard: the name of one, or shards: of some")
    _check_ids(event["Records"])
    return _answer(event, work)


def _check_ids(records: list[Any]) -> None:
    """Without its id a message could not be given back."""
    for place, record in enumerate(records):
        if not isinstance(record, Mapping) or not isinstance(record.get("messageId"), str):
            raise ValueError(f"Records[{place}]: {str(record)[:60]} is no queue message with a messageId")


def _answer(event: Event, work: Callable[[str], dict[str, int]]) -> dict[str, Any]:
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    def handle(record: "SQSRecord") -> dict[str, int]:
        try:
            with ending():
                if seconds_left() <= 0:
                    raise OutOfTimeError("the function's time is nearly over")
                return work(str(json.loads(record.body)["shard"]))
        except Exception as error:  # the message goes back, and at last to the dead letters
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
