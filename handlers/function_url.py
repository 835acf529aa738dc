"""A function URL's requests: the event is the body, a wrong one is told with status 400."""

import base64
import json
from collections.abc import Mapping
from functools import wraps
from typing import Any

from handlers.job import Handler

Json = dict[str, Any]


def over_url(handler: Handler) -> Handler:
    """The handler, which also answers requests to its function URL; direct calls pass through.

    Raises:
        ValueError: for a direct call with a bad event; over the URL it becomes a 400 with the same words.
    """

    @wraps(handler)
    def entry(event: Any, context: Any = None) -> Json:
        request = event.get("requestContext") if isinstance(event, Mapping) else None
        if not isinstance(request, Mapping) or "http" not in request:
            return handler(event, context)
        try:
            asked = _body(event)
            answer = handler({"id": request.get("requestId"), **asked}, context)
        except ValueError as error:
            if type(error) is not ValueError:  # its subclasses come from inside
                raise
            return _reply(400, {"code": 400, "result": None, "remark": str(error)})
        return _reply(200, answer)

    return entry


def _body(event: Mapping[str, Any]) -> Json:
    text = event.get("body") or "{}"
    try:
        asked = json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
    except ValueError:
        raise ValueError("body: JSON is needed") from None
    if not isinstance(asked, dict):
        raise ValueError(f"body: an object is needed, not {type(asked).__name__}")
    return asked


def _reply(status: int, document: Json) -> Json:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(document)}
