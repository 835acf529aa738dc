"""Requests to a function URL: the body is the event; a bad event is answered with status 400."""

import base64
import json
from collections.abc import Mapping
from functools import wraps
from typing import Any

from handlers.job import Handler

Json = dict[str, Any]


def over_url(handler: Handler) -> Handler:
    """Makes a handler also answer requests to its function URL; direct calls pass through.

    Raises:
        ValueError: for a direct call with a bad event; over the URL it becomes a 400 with the same message.
    """

    @wraps(handler)
    def entry(event: Any, context: Any = None) -> Json:
        request = event.get("requestContext") if isinstance(event, Mapping) else None
        if not isinstance(request, Mapping) or "http" not in request:
            return handler(event, context)
        try:
            fields = _body(event)
            answer = handler({"id": request.get("requestId"), **fields}, context)
        except ValueError as error:
            if type(error) is not ValueError:  # subclasses are errors of our code
                raise
            return _reply(400, {"code": 400, "result": None, "remark": str(error)})
        return _reply(200, answer)

    return entry


def _body(event: Mapping[str, Any]) -> Json:
    text = event.get("body") or "{}"
    try:
        fields = json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
    except ValueError:
        raise ValueError("body: JSON is needed") from None
    if not isinstance(fields, dict):
        raise ValueError(f"body: an object is needed, not {type(fields).__name__}")
    return fields


def _reply(status: int, document: Json) -> Json:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(document)}
