"""Hostile input, a little of it: nothing breaks, nothing is lost, no operator reaches the database.

The whole of it, a million of each: python -m tests.reliability.fuzz.run
"""

import pytest

from store.ids import ObjectId
from store.schema import ensure_indexes
from tests.community import community, fill
from tests.reliability.fuzz.forms import hostile_forms
from tests.reliability.fuzz.run import artifacts, documents, hostile_events, stored


@pytest.mark.slow
def test_hostile_contents_are_accounted_for_to_the_last_one(db):
    report = documents(db, 2_000, seed=3)

    assert (report["lost"], report["wrong"], report["failed"]) == (0, {}, {})
    assert report["contents"] > 0


def test_operators_in_events_are_refused_by_name_or_do_nothing(db):
    db.app.users.insert_one({"ownerAccount": ObjectId(), "visibility": "publish"})

    report = hostile_events(db, 500, seed=3)

    assert (report["failed"], report["changed"]) == ({}, False)
    assert report["refused"] > 50
    assert "refused without a name" not in report


def test_arrays_that_forbid_an_index_cost_that_index_and_nothing_else(db):
    db.app.contents.insert_one({"author": [], "createdAt": []})

    ensure_indexes(db, "contents")

    made = db.app.contents.index_information()
    assert {"createdAt_1", "originalPost._id_1"} <= set(made)
    assert "author.id_1_createdAt_1" not in made


def test_broken_artifacts_are_refused_and_nothing_is_unpickled(db):
    report = artifacts(db, 2_000, seed=3)

    assert report["refused"] + report["plain"] == 2_000
    assert "taken under another checksum" not in report


def test_changed_shards_and_snapshots_are_refused(db):
    assert stored(db, 50, seed=3)["taken"] == 0


def test_operators_in_the_panels_forms_and_addresses_change_nothing_of_the_apps(db):
    fill(db, community())

    report = hostile_forms(db, 60, seed=3)

    assert (report["failed"], report["changed"]) == ({}, [])
    assert report["refused"] > 10
