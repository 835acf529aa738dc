from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from bson import Int64, ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.columns import hex_ids, id_array, object_ids, read_columns

NO_ID = ObjectId("0" * 24)
NO_TIME_MS = -(2**62)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIELDS = {
    "own": ("id", "$_id"),
    "deep": ("id", "$deep.id"),
    "time": ("time", "$time"),
    "score": ("float", "$score"),
    "number": ("int", "$number"),
}

ids = st.binary(min_size=12, max_size=12).map(ObjectId)
times = st.integers(-(2**40), 2**42).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
floats = st.floats(width=64)
ints = st.integers(-(2**31), 2**31 - 1)
anything = st.one_of(
    ids, times, floats, ints, st.none(), st.booleans(), st.text(max_size=5), st.just([]), st.just({}), st.just(Int64(5))
)
documents = st.lists(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("time", "score", "number"), anything)
        | {"deep": st.fixed_dictionaries({"id": anything})},
    ),
    max_size=12,
)


def values_of(document):
    """Returns the values of a document, by the rules of read_columns in plain Python."""
    deep, time, score, number = (document.get("deep") or {}).get("id"), *map(document.get, ("time", "score", "number"))
    return {
        "own": document["_id"].binary,
        "deep": deep.binary if isinstance(deep, ObjectId) else NO_ID.binary,
        "time": round((time - EPOCH) / timedelta(milliseconds=1)) if isinstance(time, datetime) else NO_TIME_MS,
        "score": score if isinstance(score, float) else np.nan,
        "number": number if type(number) is int and -(2**31) <= number < 2**31 else -1,
    }


@given(written=documents)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_columns_equal_a_plain_find(db, written):
    written = [{**document, "_id": ObjectId()} for document in written]
    db.app.contents.delete_many({})
    if written:
        db.app.contents.insert_many(written)

    columns = read_columns(db, "contents", [{"$sort": {"_id": 1}}], FIELDS)

    expected = [values_of(document) for document in db.app.contents.find().sort("_id")]
    for name in ("time", "score", "number"):
        np.testing.assert_array_equal(columns[name], [row[name] for row in expected])
    for name in ("own", "deep"):
        assert columns[name].tobytes() == b"".join(row[name] for row in expected)


def test_more_documents_than_a_batch_come_in_order(db):
    db.app.contents.insert_many([{"_id": number, "number": number} for number in range(110_000)], ordered=False)

    columns = read_columns(db, "contents", [{"$sort": {"_id": -1}}], {"number": ("int", "$number")})

    np.testing.assert_array_equal(columns["number"], np.arange(110_000)[::-1])


def test_no_documents_become_empty_columns_of_the_same_types(db):
    columns = read_columns(db, "contents", [], FIELDS)

    assert {name: (len(column), column.dtype.str) for name, column in columns.items()} == {
        "own": (0, "|S12"), "deep": (0, "|S12"), "time": (0, "<i8"), "score": (0, "<f8"), "number": (0, "<i4"),
    }  # fmt: skip


@pytest.mark.parametrize("digits", ["0" * 23 + "1", "a" * 22 + "00", "1" + "0" * 23, "ab" * 10 + "0000"])
def test_an_id_that_ends_in_zero_bytes_survives(db, digits):
    db.app.contents.insert_one({"_id": ObjectId(digits)})

    column = read_columns(db, "contents", [], {"own": ("id", "$_id")})["own"]

    assert hex_ids(column) == [digits]
    assert object_ids(column) == [ObjectId(digits)]
    assert id_array([ObjectId(digits)]).tobytes() == column.tobytes()


@given(st.lists(ids, max_size=6))
def test_ids_survive_the_way_into_an_array_and_out(values):
    array = id_array(values)

    assert hex_ids(array) == [str(value) for value in values]
    assert object_ids(array) == [None if value == NO_ID else value for value in values]
