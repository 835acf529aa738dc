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
    made = App(db, VOLUMES)
    made.grow()
    return made


def everything(db):
    return {name: list(db.app[name].find({}, sort=[("_id", 1)])) for name in db.app.list_collection_names()}


def test_a_template_with_columns_encodes_as_bson_does():
    names = ids(4, np.array([1, 2]), np.array([1000, 2000]))
    columns = {"_id": names, "n": np.array([5, 6]), "x": np.array([0.5, 2.0]), "text": np.array([b"abc", b"def"])}
    rows = encoded({"fixed": {"in": True}, **columns, "at": np.array([7, 8]).view("datetime64[ms]")})

    found = [bson.decode(row.tobytes()) for row in rows]

    assert [each["n"] for each in found] == [5, 6]
    assert [each["x"] for each in found] == [0.5, 2.0]
    assert [each["text"] for each in found] == ["abc", "def"]
    assert [each["_id"].generation_time.timestamp() for each in found] == [1.0, 2.0]
    assert [each["at"].microsecond for each in found] == [7000, 8000]
    assert all(each["fixed"] == {"in": True} for each in found)


def test_the_same_seed_gives_the_same_documents(app, db):
    first = everything(db)
    db.client.drop_database(db.app.name)

    App(db, VOLUMES).grow()

    assert {name: rows for name, rows in everything(db).items() if name != "contentinfo"} == {
        name: rows for name, rows in first.items() if name != "contentinfo"
    }


def test_counters_on_posts_are_the_engagements_of_these_posts(app, db):
    counted = {each["_id"]: each["engagements"] for each in db.app.contents.find()}
    for act in db.app.engagements.find():
        assert isinstance(act["targetRef"], DBRef)
        counted[act["targetRef"].id][act["type"]]["count"] -= 1

    assert {kind["count"] for each in counted.values() for kind in each.values()} == {0}


def test_everything_refers_to_something_that_is_there_and_was_there_before(app, db):
    made = {each["_id"]: each["createdAt"] for each in db.app.contents.find()}
    accounts, users = set(db.app.accounts.distinct("_id")), set(db.app.users.distinct("_id"))

    for shown in db.app.feeditems.find():
        assert shown["viewer"] in accounts
        assert shown["author"] in users
        assert made[shown["content"]] <= shown["seenAt"] <= shown["offScreenAt"]
    for act in db.app.engagements.find():
        assert (act["user"] in users, act["account"] in accounts) == (True, True)
    assert max(made.values()) < NOW.replace(tzinfo=made[next(iter(made))].tzinfo)


def test_an_hour_changes_what_its_members_did_and_nothing_else(app, db):
    before = {each["_id"]: each for each in db.app.contents.find()}

    written = app.pass_hour(0.1)

    after = {each["_id"]: each for each in db.app.contents.find()}
    moved = [each for name, each in after.items() if name in before and each != before[name]]
    assert len(after) - len(before) == written["contents"] > 0
    assert len(moved) == written["contents moved"] > 0
    readers = {each["viewer"] for each in db.app.feeditems.find({"seenAt": {"$gte": NOW}})}
    assert 0 < len(readers) <= 6
    assert {each["updatedAt"] for each in moved} == {NOW + timedelta(minutes=30)}
    index(db)
