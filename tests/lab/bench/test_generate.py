"""What the bench's apps hold: the same each time, and as an app would have written it."""

from datetime import timedelta

import bson
import numpy as np
import pytest
from bson.dbref import DBRef

from lab.bench.generate import NOW, App, index
from lab.bench.raw import encoded, ids
from lab.bench.volumes import Volumes

VOLUMES = Volumes(users=60, days=8)


@pytest.fixture
def app(db):
    grown = App(db, VOLUMES)
    grown.grow()
    return grown


def everything(db):
    return {name: list(db.app[name].find({}, sort=[("_id", 1)])) for name in db.app.list_collection_names()}


def test_a_template_with_columns_encodes_as_bson_does():
    names = ids(4, np.array([1, 2]), np.array([1000, 2000]))
    columns = {"_id": names, "n": np.array([5, 6]), "x": np.array([0.5, 2.0]), "text": np.array([b"abc", b"def"])}
    rows = encoded({"fixed": {"in": True}, **columns, "at": np.array([7, 8]).view("datetime64[ms]")})

    documents = [bson.decode(row.tobytes()) for row in rows]

    assert [document["n"] for document in documents] == [5, 6]
    assert [document["x"] for document in documents] == [0.5, 2.0]
    assert [document["text"] for document in documents] == ["abc", "def"]
    assert [document["_id"].generation_time.timestamp() for document in documents] == [1.0, 2.0]
    assert [document["at"].microsecond for document in documents] == [7000, 8000]
    assert all(document["fixed"] == {"in": True} for document in documents)


def test_equal_seeds_produce_equal_documents(app, db):
    first = everything(db)
    db.client.drop_database(db.app.name)

    App(db, VOLUMES).grow()

    assert {name: rows for name, rows in everything(db).items() if name != "contentinfo"} == {
        name: rows for name, rows in first.items() if name != "contentinfo"
    }


def test_counters_on_posts_are_the_engagements_of_these_posts(app, db):
    counted = {content["_id"]: content["engagements"] for content in db.app.contents.find()}
    for act in db.app.engagements.find():
        assert isinstance(act["targetRef"], DBRef)
        counted[act["targetRef"].id][act["type"]]["count"] -= 1

    assert {kind["count"] for counts in counted.values() for kind in counts.values()} == {0}


def test_everything_refers_to_something_that_is_there_and_was_there_before(app, db):
    created_at = {content["_id"]: content["createdAt"] for content in db.app.contents.find()}
    accounts, users = set(db.app.accounts.distinct("_id")), set(db.app.users.distinct("_id"))

    for shown in db.app.feeditems.find():
        assert shown["viewer"] in accounts
        assert shown["author"] in users
        assert created_at[shown["content"]] <= shown["seenAt"] <= shown["offScreenAt"]
    for act in db.app.engagements.find():
        assert (act["user"] in users, act["account"] in accounts) == (True, True)
    assert max(created_at.values()) < NOW.replace(tzinfo=created_at[next(iter(created_at))].tzinfo)


def test_an_hour_changes_what_its_members_did_and_nothing_else(app, db):
    before = {content["_id"]: content for content in db.app.contents.find()}

    written = app.pass_hour(0.1)

    after = {content["_id"]: content for content in db.app.contents.find()}
    moved = [content for name, content in after.items() if name in before and content != before[name]]
    assert len(after) - len(before) == written["contents"] > 0
    assert len(moved) == written["contents moved"] > 0
    readers = {item["viewer"] for item in db.app.feeditems.find({"seenAt": {"$gte": NOW}})}
    assert 0 < len(readers) <= 6
    assert {content["updatedAt"] for content in moved} == {NOW + timedelta(minutes=30)}
    index(db)
