"""The queue between the user trainer and its workers: one message a shard, failed ones reported one by one."""

import json
import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from handlers.runtime import Event, setting

logger = logging.getLogger("feedpulse")


def sender() -> Callable[[str], None] | None:
    """Sends a shard's name to TRAINING_QUEUE_URL; None when no queue is configured."""
    url = setting("TRAINING_QUEUE_URL")
    return (lambda shard: _send(url, shard)) if url else None


def shards_of(event: Event, work: Callable[[str], dict[str, int]]) -> dict[str, Any]:
    """Works on every message; those that fail are named, so that the queue hands them out again and nothing else.

    Raises:
        ValueError: when the event has neither `Records` nor `shard`.
    """
    if isinstance(event.get("shard"), str):
        return work(event["shard"])
    if not isinstance(event.get("Records"), list):
        raise ValueError("Records: a list of queue messages is needed, or shard: the name of one shard")
    failed = [record for record in event["Records"] if not _worked(record, work)]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}


def _worked(record: dict[str, Any], work: Callable[[str], dict[str, int]]) -> bool:
    try:
        work(str(json.loads(record["body"])["shard"]))
    except (ValueError, KeyError, TypeError, RuntimeError) as error:  # the message goes back, and to the dead letters
        why = f"{type(error).__name__}: {error}"[:500]
        logger.error(json.dumps({"message": record.get("messageId"), "error": why}))
        return False
    return True


def _send(url: str, shard: str) -> None:
    _client().send_message(QueueUrl=url, MessageBody=json.dumps({"shard": shard}))


@cache
def _client() -> Any:
    import boto3  # in the Lambda runtime

    return boto3.client("sqs")
