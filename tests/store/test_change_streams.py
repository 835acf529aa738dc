"""Events that describe a change."""

from typing import Any

import pytest

from store.change_streams import Change, read_change
from store.ids import ObjectId

HEX = "0123456789abcdef01234567"


def trigger(**detail: Any) -> dict[str, Any]:
    return {"detail": {"operationType": "insert", "documentKey": {"_id": HEX}, **detail}}


def test_a_list_names_each_document_once() -> None:
    assert read_change({"contents": [HEX, HEX]}, "contents") == Change(written=(ObjectId(HEX),))


@pytest.mark.parametrize("operation", ["insert", "update", "replace"])
def test_a_write_names_its_document(operation: str) -> None:
    assert read_change(trigger(operationType=operation), "contents") == Change(written=(ObjectId(HEX),))


def test_a_deletion_names_its_document() -> None:
    assert read_change(trigger(operationType="delete"), "contents") == Change(deleted=(ObjectId(HEX),))


def test_ids_come_as_extended_json_too() -> None:
    assert read_change(trigger(documentKey={"_id": {"$oid": HEX}}), "contents") == Change(written=(ObjectId(HEX),))


def test_an_event_without_a_change_is_none() -> None:
    assert read_change({"time": "2026-01-01T00:00:00Z"}, "contents") is None


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"contents": HEX}, "contents"),
        ({"contents": [HEX, "nonsense"]}, r"contents\[1\]"),
        ({"contents": [{"$gt": ""}]}, r"contents\[0\]"),
        ({"detail": "x"}, "detail"),
        (trigger(operationType="drop"), "detail.operationType"),
        ({"detail": {"operationType": "insert", "fullDocument": {}}}, "detail.fullDocument"),
        (trigger(documentKey=None), "detail.documentKey"),
        (trigger(documentKey={"_id": 7}), "detail.documentKey._id"),
        (trigger(ns={"db": "app-db", "coll": "users"}), "detail.ns.coll"),
    ],
)
def test_the_error_for_a_bad_event_names_its_field(event: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        read_change(event, "contents")


def test_a_trigger_may_send_the_document_alone():
    event = {"detail": {"operationType": "update", "fullDocument": {"_id": HEX, "visibility": "illegal"}}}

    assert read_change(event, "contents") == Change(written=(ObjectId(HEX),))
