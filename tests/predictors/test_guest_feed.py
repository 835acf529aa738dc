from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from bson import ObjectId

from features.countries import COUNTRIES
from features.fingerprint import fingerprint
from features.matrix import GUEST_COLUMNS
from lab.simulate import Config as Community
from predictors.jobs.guest_feed import Config, publish_guest_feed
from store.outputs import models
from store.rules.model_names import GUEST_MODEL
from tests.golden.worlds import simulated
from trainers.boosters import Growth, fit

COMMUNITY = Community(users=120, days=5, seed=12)
NOW = COMMUNITY.until
TOP = 30
QUICK = Growth(rounds=4, depth=2)


@pytest.fixture(scope="module")
def world(uri):
    with simulated(uri, COMMUNITY) as db:
        yield db


@pytest.fixture(scope="module")
def published(world):
    """The feed of the world without models, as lists of items by country."""
    publish_guest_feed(world, NOW, Config(top=TOP))
    found = lists(world)
    assert len(found) == 250 + 1  # countries, and those without one
    return found


@pytest.fixture(autouse=True)
def no_models(world):
    for name in ("mlArtifacts_global", "mlArtifacts_country"):
        world.analytics[name].delete_many({})


def lists(db):
    found = defaultdict(list)
    for each in db.app.guestfeeditems.find().sort("_id"):
        found[each["countryCode"]].append(each)
    return found


def save_model(db, name, account, seed):
    """A model that likes something of its own."""
    draw = np.random.default_rng(seed)
    matrix = draw.gamma(1, 5, size=(500, len(GUEST_COLUMNS))).astype(np.float32)
    label = (matrix[:, seed] > np.median(matrix[:, seed])).astype(float)
    artifact = fit(matrix, label, np.ones(500), None, QUICK)
    models.save(
        db,
        name,
        [models.Artifact(account, GUEST_MODEL, artifact, "ubj", GUEST_COLUMNS, fingerprint(GUEST_COLUMNS), None)],
        NOW,
    )


def test_every_country_and_those_without_one_have_a_list_of_the_asked_length(published):
    assert set(published) == {*COUNTRIES, "en"}
    assert {len(items) for items in published.values()} == {TOP}


def test_within_a_country_ascending_ids_are_falling_scores_and_no_content_comes_twice(published):
    for items in published.values():
        assert all(one["score"] >= other["score"] for one, other in pairwise(items))
        assert len({each["content"] for each in items}) == len(items)


def test_only_published_contents_that_exist_and_are_young_enough_are_shown(world, published):
    shown = {each["content"] for items in published.values() for each in items}
    found = list(world.app.contents.find({"_id": {"$in": list(shown)}}))

    assert len(found) == len(shown)
    assert {each["visibility"] for each in found} == {"publish"}
    assert all(NOW - timedelta(days=30) <= each["createdAt"].replace(tzinfo=NOW.tzinfo) <= NOW for each in found)


def test_a_content_that_is_hidden_deleted_or_gone_leaves_with_the_next_feed(world, published):
    first, second = (each["content"] for each in published["th"][:2])
    gone = world.app.contents.find_one({"_id": second})
    world.app.contents.update_one({"_id": first}, {"$set": {"visibility": "hidden"}})
    world.app.contents.delete_one({"_id": second})

    publish_guest_feed(world, NOW, Config(top=TOP))

    world.app.contents.insert_one(gone)
    world.app.contents.update_one({"_id": first}, {"$set": {"visibility": "publish"}})
    assert not {first, second} & {each["content"] for items in lists(world).values() for each in items}


def test_an_item_names_author_and_original(world, published):
    contents = {each["_id"]: each for each in world.app.contents.find()}

    assert len(published["th"] + published["en"]) == 2 * TOP
    for item in published["th"] + published["en"]:
        content = contents[item["content"]]
        original = content.get("originalPost") or {}
        assert item["author"] == content["author"]["id"]
        assert item["originalContent"] == original.get("_id")
        assert item["originalAuthor"] == (original.get("author") or {}).get("id")
        assert (item["type"], item["createdAt"], item["updatedAt"]) == ("content", NOW, NOW)


def test_no_author_stands_in_the_top_ten_more_than_twice(published):
    for items in published.values():
        authors = [each["author"] for each in items[:10]]
        assert max(authors.count(each) for each in authors) <= 2


def test_the_same_event_twice_gives_the_same_documents(world, published):
    publish_guest_feed(world, NOW, Config(top=TOP))

    assert lists(world) == published


def test_a_later_generation_has_smaller_ids_than_every_item_of_an_earlier_one(world, published):
    publish_guest_feed(world, NOW + timedelta(seconds=1), Config(top=TOP))

    newest = max(each["_id"] for items in lists(world).values() for each in items)
    assert newest < min(each["_id"] for items in published.values() for each in items)


@pytest.mark.parametrize("stored", [{"$set": {"fingerprint": "0123456789abcdef"}}, {"$unset": {"fingerprint": ""}}])
def test_a_model_with_another_fingerprint_is_refused_with_the_remedy_and_its_parent_answers(world, stored):
    save_model(world, "mlArtifacts_global", "global", 3)
    publish_guest_feed(world, NOW, Config(top=TOP))
    before = lists(world)
    save_model(world, "mlArtifacts_country", "th", 1)
    world.analytics.mlArtifacts_country.update_one({"account": "th"}, stored)

    counts = publish_guest_feed(world, NOW, Config(top=TOP))

    (reason,) = (each for each in counts["rejected"] if each.startswith("guest of th"))
    assert reason.endswith("train again: feedpulse run daily")
    assert counts["models"] == 1
    assert lists(world) == before


def test_a_model_of_a_country_orders_that_country_only(world, published):
    save_model(world, "mlArtifacts_global", "global", 3)
    publish_guest_feed(world, NOW, Config(top=TOP))
    before = lists(world)

    save_model(world, "mlArtifacts_country", "th", 1)
    counts = publish_guest_feed(world, NOW, Config(top=TOP))

    after = lists(world)
    assert counts["models"] == 2
    assert [code for code in after if after[code] != before[code]] == ["th"]


@pytest.mark.parametrize(
    ("above", "name", "account"),
    [([("mlArtifacts_global", "global")], "mlArtifacts_country", "th"), ([], "mlArtifacts_global", "global")],
)
def test_a_corrupted_artifact_is_refused_and_counted_and_its_parent_answers(world, published, above, name, account):
    for parent in above:
        save_model(world, *parent, 3)
    publish_guest_feed(world, NOW, Config(top=TOP))
    of_parent = lists(world)
    save_model(world, name, account, 1)
    world.analytics[name].update_one({"account": account}, {"$set": {"artifact": b"not what it was"}})

    counts = publish_guest_feed(world, NOW, Config(top=TOP))

    reason = f"guest of {account}: the checksum does not fit the artifact"
    assert {why: count for why, count in counts["rejected"].items() if "guest of" in why} == {reason: 1}
    assert lists(world) == of_parent


def test_without_a_live_content_the_old_feed_stays(world, published):
    before = lists(world)

    counts = publish_guest_feed(world, NOW + timedelta(days=400), Config(top=TOP))

    assert counts["items"] == 0
    assert lists(world) == before != {}


def test_an_empty_app_publishes_nothing_and_leaves_nothing(db):
    counts = publish_guest_feed(db, NOW)

    assert (counts["items"], counts["countries"]) == (0, 0)
    assert not [name for name in db.app.list_collection_names() if name.startswith("guestfeed")]


def test_fewer_contents_than_asked_for_are_all_shown_and_a_content_without_author_has_none(db):
    alone = {"_id": ObjectId(), "visibility": "publish", "createdAt": NOW - timedelta(hours=1)}
    db.app.contents.insert_one(alone)

    publish_guest_feed(db, NOW)

    (item,) = lists(db)["en"]
    assert (item["content"], item["author"], item["originalContent"]) == (alone["_id"], None, None)
