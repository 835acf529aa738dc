"""A good event for every function that answers requests."""

from tests.community import community

_TOWN = community()
ASKED = {
    "friendToFollow": {"accountId": str(_TOWN["users"][0]["ownerAccount"])},
    "cascade": {"contentId": str(_TOWN["contents"][0]["_id"])},
    "startAnalysis": {"userId": "0" * 24},
    "recommendFriends": {"userId": "0" * 24},
    "personalizeContentPredictor": {"accountId": "0" * 24, "contents": ["1" * 24]},
    "panel": {
        "version": "2.0", "rawPath": "/sign-in", "rawQueryString": "", "headers": {"host": "x.lambda-url.aws"},
        "requestContext": {"http": {"method": "GET", "path": "/sign-in", "sourceIp": "192.0.2.1"}},
    },
}  # fmt: skip
TOKENS = f"somebody:viewer:{'s' * 30}"
