"""Events that describe a change."""

import threading
import time
from typing import Any

import pytest

from store.change_streams import Change, read_change, read_changes, watch
from store.client import Databases
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


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        ({}, {}),
        ({"accounts": [HEX]}, {"accounts": Change(written=(ObjectId(HEX),))}),
        (trigger(ns={"coll": "accounts"}), {"accounts": Change(written=(ObjectId(HEX),))}),
        (trigger(ns={"coll": "users"}, operationType="delete"), {"users": Change(deleted=(ObjectId(HEX),))}),
        (
            {"users": [HEX], "accounts": []},
            {"users": Change(written=(ObjectId(HEX),)), "accounts": Change()},
        ),
    ],
)
def test_an_event_of_several_collections_names_the_one_that_changed(
    event: dict[str, Any], changes: dict[str, Change]
) -> None:
    assert read_changes(event, ("users", "accounts")) == changes


@pytest.mark.parametrize("event", [trigger(ns={"coll": "contents"}), {"detail": 5}, {"users": 5}])
def test_an_event_of_another_collection_or_form_is_refused_by_name(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^(detail|users)"):
        read_changes(event, ("users", "accounts"))


def test_of_users_only_what_changes_their_visibility_is_followed(db: Databases) -> None:
    stop = threading.Event()
    users = db.app.users
    users.insert_one({"_id": ObjectId(HEX), "followerCount": 1})
    changes = watch(db, "users", stop)

    def write() -> None:
        while not db.analytics.watermarks.find_one({"_id": "changes:users"}):
            time.sleep(0.05)  # the stream is open
        for fields in ({"followerCount": 2}, {"visibility": "illegal"}, {"ownerAccount": ObjectId()}):
            users.update_one({"_id": ObjectId(HEX)}, {"$set": fields})
        users.delete_one({"_id": ObjectId(HEX)})

    writer = threading.Thread(target=write)
    writer.start()
    operations = [next(changes)["operationType"] for _ in range(3)]
    stop.set()
    writer.join()

    assert operations == ["update", "update", "delete"]
