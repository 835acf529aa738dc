import threading
import time
from datetime import UTC, datetime

import bson
import numpy as np
import pytest
from bson import ObjectId
from pymongo.errors import BulkWriteError

from store.outputs import guest_feed
from store.outputs.guest_feed import encode_contents, encode_items

STAMP = {"countryCode": "th", "type": "content", "createdAt": datetime(2026, 1, 15, 12, tzinfo=UTC)}
ONE, OTHER = b"content....1", b"ends in 0..\0"


def ids(*values):
    return np.array(values, dtype="S12")


def items(count, prefix=b"thailand."):
    return encode_items(prefix, [b""] * count, [0.5] * count, STAMP)


def test_an_item_has_the_bytes_that_the_driver_encodes():
    contents = encode_contents({"content": ids(ONE, OTHER), "author": ids(b"", ONE)})

    first, second = encode_items(b"thailand.", contents, [0.75, 0.5], STAMP)

    one = {"content": ObjectId(ONE), "author": None, "score": 0.75}
    other = {"content": ObjectId(OTHER), "author": ObjectId(ONE), "score": 0.5}
    assert first.raw == bson.encode({"_id": ObjectId(b"thailand.\0\0\0"), **one, **STAMP})
    assert second.raw == bson.encode({"_id": ObjectId(b"thailand.\0\0\1"), **other, **STAMP})


@pytest.mark.parametrize("count", [0, 1, 2_000, 10_001])
def test_every_item_is_written_once_however_many_there_are(db, count):
    assert guest_feed.insert(db.app.some, items(count)) == count

    ranks = sorted(int.from_bytes(item["_id"].binary[9:], "big") for item in db.app.some.find({}, {"_id": 1}))
    assert ranks == list(range(count))


def test_an_item_that_the_server_refuses_raises(db):
    with pytest.raises(BulkWriteError):
        guest_feed.insert(db.app.some, [*items(1), *items(1)])


def test_a_failure_while_items_are_encoded_leaves_no_command_running(db):
    def failing():
        yield from items(5_000)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        guest_feed.insert(db.app.some, failing())

    written = db.app.some.count_documents({})
    time.sleep(0.05)
    assert db.app.some.count_documents({}) == written
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]
