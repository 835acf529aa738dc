"""Comprehend against botocore's own model of the service: what is asked, what it costs, where it stops."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from features.text.comprehend import ComprehendReader, units
from store.client import Databases
from store.outputs import content_info

DAY = datetime(2026, 1, 10, tzinfo=UTC).date().isoformat()
POST = "The stock market fell again today and investors sold their shares, " * 4


@pytest.fixture
def client() -> Any:
    return boto3.client("comprehend", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def languages(*codes: str) -> dict[str, Any]:
    found = [{"Index": place, "Languages": [{"LanguageCode": code, "Score": 0.9}]} for place, code in enumerate(codes)]
    return {"ResultList": found, "ErrorList": []}


def test_the_language_is_what_comprehend_says(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response("batch_detect_dominant_language", languages("zh-TW"), {"TextList": ["hello you"]})
        reading = ComprehendReader(client, lambda dollars: True).read(["hello you"])[0]

    assert (reading.language.code, reading.language.probability) == ("zh", 0.9)


def test_an_endpoint_tells_the_topic(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response("batch_detect_dominant_language", languages("en"))
        stub.add_response("classify_document", {"Classes": [{"Name": "economy/taxes", "Score": 0.8}]})
        arn = "arn:aws:comprehend:us-east-1:123456789012:document-classifier-endpoint/x"
        reading = ComprehendReader(client, lambda dollars: True, endpoint=arn).read([POST])[0]

    assert reading.topics == ("economy", "taxes")


def test_an_empty_budget_asks_nobody(client: Any) -> None:
    with Stubber(client):
        reading = ComprehendReader(client, lambda dollars: False).read(["bonjour à tous mes amis"])[0]

    assert reading.language.code == "fr"


def test_a_day_never_costs_more_than_its_cap(db: Databases) -> None:
    spend = partial(content_info.spend, db, DAY, cap=0.001)

    allowed = [spend(units("x") * 0.0001) for _ in range(6)]

    assert allowed == [True, True, True, False, False, False]
    assert content_info.spend(db, "2026-01-11", 0.0003, 0.001)
