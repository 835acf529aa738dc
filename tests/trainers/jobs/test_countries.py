from datetime import timedelta

import numpy as np
import pytest
from bson import DBRef, ObjectId

from features.countries import CONTINENT_OF, COUNTRIES
from features.fingerprint import fingerprint
from features.matrix import DESIGN, GUEST_COLUMNS
from lab.simulate import Config as Community
from ops.commands.models import described
from store.outputs import models
from store.rules.model_names import GUEST_MODEL
from tests.golden.worlds import simulated
from trainers.boosters import RESIDUAL, Growth
from trainers.hierarchy import GateConfig
from trainers.jobs.countries import Config, train_countries

COMMUNITY = Community(users=150, days=6, seed=11)
NOW = COMMUNITY.until - timedelta(days=1)  # the log ends a day after the clock
GATE = GateConfig(world=Growth(rounds=10, depth=3, eta=0.3), residual=RESIDUAL, min_requests=10)
CONFIG = Config(gate=GATE, others=10)


@pytest.fixture(scope="module")
def world(uri):
    with simulated(uri, COMMUNITY) as db:
        yield db


@pytest.fixture(scope="module")
def counts(world):
    return train_countries(world, NOW, CONFIG)


def stored(db):
    """Returns the artifacts by account, without ids."""
    return {
        artifact["account"]: {key: value for key, value in artifact.items() if key != "_id"}
        for name in ("mlArtifacts_country", "mlArtifacts_global")
        for artifact in db.analytics[name].find()
    }


def test_every_country_of_iso_3166_1_has_an_artifact_or_names_its_parent(world, counts):
    trained = stored(world)

    assert counts["countries"] == 250
    assert {artifact["account"] for artifact in world.analytics.mlArtifacts_country.find()} == set(COUNTRIES)
    assert set(trained) == {*COUNTRIES, *CONTINENT_OF.values(), "global"}
    assert counts["ownModel"] == sum(trained[code]["format"] == "ubj" for code in COUNTRIES)
    assert all(trained[level["parent"]]["format"] == "ubj" for code, level in trained.items() if code != "global")
    assert {level["report"].get("why") is not None for code, level in trained.items() if code != "global"} == {True}


def test_artifacts_load_under_the_columns_of_the_design_and_no_others(world, counts):
    (artifact,) = models.load(
        world, "mlArtifacts_global", GUEST_MODEL, GUEST_COLUMNS, fingerprint(GUEST_COLUMNS), {"account": "global"}
    )

    assert tuple(artifact.features[:12]) == DESIGN
    assert len(artifact.artifact) > 100
    with pytest.raises(models.ArtifactError, match="other columns"):
        list(models.load(world, "mlArtifacts_global", GUEST_MODEL, GUEST_COLUMNS[::-1], "", {"account": "global"}))


@pytest.mark.parametrize("stored_as", [{"$set": {"fingerprint": "another"}}, {"$unset": {"fingerprint": ""}}], ids=str)
def test_the_list_of_models_says_which_are_refused_and_what_to_do(world, counts, stored_as):
    levels = world.analytics.mlArtifacts_global
    before = levels.find_one({"account": "global"})
    plain = {row["account"]: row["why"] for row in described(world)["models"]}
    levels.update_one({"account": "global"}, stored_as)

    listed = {row["account"]: row["why"] for row in described(world)["models"]}

    levels.replace_one({"account": "global"}, before)
    assert not any(why.startswith("refused") for why in plain.values())
    assert listed["global"].startswith("refused: trained on columns of fingerprint ")
    assert listed["global"].endswith("train again: feedpulse run daily")
    assert {**listed, "global": ""} == {**plain, "global": ""}


def test_the_same_event_twice_changes_no_document(world, counts):
    before = stored(world)

    again = train_countries(world, NOW, CONFIG)

    assert again == counts
    assert stored(world) == before


def test_events_at_or_after_the_clock_change_no_byte_of_any_artifact(world, counts):
    before = stored(world)
    draw = np.random.default_rng(1)
    contents, accounts = (list(world.app[name].find({}, {"_id": 1})) for name in ("contents", "accounts"))
    later = [NOW + timedelta(hours=float(hour)) for hour in draw.uniform(0, 20, 300)]
    picked = [
        (contents[draw.integers(len(contents))]["_id"], accounts[draw.integers(len(accounts))]["_id"]) for _ in later
    ]
    acts = [
        {"_id": ObjectId(), "account": who, "targetRef": DBRef("content", what), "type": "like", "createdAt": at}
        for (what, who), at in zip(picked, later, strict=True)
    ]
    shown = [
        {"_id": ObjectId(), "viewer": who, "content": what, "seenAt": at}
        for (what, who), at in zip(picked, later, strict=True)
    ]
    user = world.app.users.find_one()["_id"]
    post = {
        "author": {"id": user},
        "visibility": "publish",
        "createdAt": NOW + timedelta(seconds=1),
        "hashtags": ["new"],
    }
    follow = {"user": user, "followedUser": user, "following": True, "createdAt": NOW}
    planted = {"engagements": acts, "feeditems": shown, "contents": [post], "relationships": [follow]}
    for name, documents in planted.items():
        world.app[name].insert_many(documents)

    again = train_countries(world, NOW, CONFIG)

    for name, documents in planted.items():
        world.app[name].delete_many({"_id": {"$in": [document["_id"] for document in documents]}})
    assert again == counts
    assert stored(world) == before


def test_a_later_training_is_another_version_that_remembers_the_one_before(world, counts):
    train_countries(world, NOW + timedelta(hours=12), CONFIG)

    trained = stored(world)
    assert {level["version"] for level in trained.values()} == {2}
    assert {level["previous"]["trainedAt"] for level in trained.values()} == {NOW}


def test_an_empty_app_has_identities_everywhere(db):
    counts = train_countries(db, NOW, CONFIG)

    trained = stored(db)
    assert counts["ownModel"] == counts["rows"] == 0
    assert set(trained) == {*COUNTRIES, *CONTINENT_OF.values(), "global"}
    assert {level["format"] for level in trained.values()} == {"identity"}
