import base64
import json
from json import JSONDecodeError

import pytest

from handlers.function_url import over_url


def echo(event, context=None):
    if "accountId" not in event:
        raise ValueError("accountId: None is not an id")
    return {"code": 200, "result": {"seen": event["accountId"]}, "remark": "OK"}


def request(body, **more):
    """An event of a function URL (payload format 2.0)."""
    http = {"method": "POST", "path": "/", "protocol": "HTTP/1.1"}
    return {"version": "2.0", "requestContext": {"http": http, "requestId": "r1"}, "body": body} | more


def test_the_body_is_the_event_and_the_answer_is_json():
    reply = over_url(echo)(request('{"accountId": "a"}'))

    assert reply["statusCode"] == 200
    assert reply["headers"] == {"content-type": "application/json"}
    assert json.loads(reply["body"]) == echo({"accountId": "a"})


def test_a_body_in_base64_is_read():
    body = base64.b64encode(b'{"accountId": "a"}').decode()

    assert over_url(echo)(request(body, isBase64Encoded=True))["statusCode"] == 200


@pytest.mark.parametrize("body", ["", None, "{", "[]", "7", '{"other": 1}'])
def test_a_bad_request_is_answered_with_its_reason(body):
    reply = over_url(echo)(request(body))

    assert reply["statusCode"] == 400
    assert json.loads(reply["body"])["code"] == 400
    assert json.loads(reply["body"])["remark"].startswith(("body: ", "accountId: "))


def test_a_direct_call_passes_through_and_its_error_rises():
    assert over_url(echo)({"accountId": "a"}) == echo({"accountId": "a"})
    with pytest.raises(ValueError, match="accountId"):
        over_url(echo)({})


def test_an_error_of_our_code_is_no_bad_request():
    def broken(event, context=None):
        raise JSONDecodeError("inside", "", 0)

    with pytest.raises(JSONDecodeError):
        over_url(broken)(request("{}"))
