"""ComprehendAnalyzer against botocore's model of the service: requests, costs and the budget."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from features.text.comprehend import ComprehendAnalyzer, units
from store.client import Databases
from store.outputs import content_info

DAY = datetime(2026, 1, 10, tzinfo=UTC).date().isoformat()
POST = "The stock market fell again today and investors sold their shares, " * 4


@pytest.fixture
def client() -> Any:
    return boto3.client("comprehend", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def languages(*codes: str) -> dict[str, Any]:
    results = [
        {"Index": index, "Languages": [{"LanguageCode": code, "Score": 0.9}]} for index, code in enumerate(codes)
    ]
    return {"ResultList": results, "ErrorList": []}


def test_the_language_comes_from_comprehend(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response("batch_detect_dominant_language", languages("zh-TW"), {"TextList": ["hello you"]})
        analysis = ComprehendAnalyzer(client, lambda dollars: True).analyze(["hello you"])[0]

    assert (analysis.language.code, analysis.language.probability) == ("zh", 0.9)


def test_the_topic_comes_from_the_endpoint(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response("batch_detect_dominant_language", languages("en"))
        stub.add_response("classify_document", {"Classes": [{"Name": "economy/taxes", "Score": 0.8}]})
        arn = "arn:aws:comprehend:us-east-1:123456789012:document-classifier-endpoint/x"
        analysis = ComprehendAnalyzer(client, lambda dollars: True, endpoint=arn).analyze([POST])[0]

    assert analysis.topics == ("economy", "taxes")


def test_an_empty_budget_sends_no_request(client: Any) -> None:
    with Stubber(client):
        analysis = ComprehendAnalyzer(client, lambda dollars: False).analyze(["bonjour à tous mes amis"])[0]

    assert analysis.language.code == "fr"


def test_a_day_never_costs_more_than_its_cap(db: Databases) -> None:
    spend = partial(content_info.spend, db, DAY, cap=0.001)

    allowed = [spend(units("x") * 0.0001) for _ in range(6)]

    assert allowed == [True, True, True, False, False, False]
    assert content_info.spend(db, "2026-01-11", 0.0003, 0.001)
