"""Member effects, shard by shard: only changed members, equal to a full run, and identities where they do not help."""

import io
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from bson import DBRef, ObjectId

from features.arrays import pack_arrays
from features.countries import COUNTRIES
from features.fingerprint import fingerprint
from features.matrix import MEMBER_COLUMNS
from features.ranking.history import assemble
from features.ranking.member_columns import EFFECT_COLUMNS
from lab.simulate import Config as Community
from ops.cli import execute
from store.columns import id_array, object_ids
from store.inputs import event_log
from store.outputs import training_shards
from tests.golden.worlds import simulated
from trainers.boosters import RESIDUAL, Growth
from trainers.hierarchy import GateConfig
from trainers.jobs import countries
from trainers.jobs.members import Config, train_all_members, train_shard
from trainers.rows.requests import candidate_sets, find_requests

COMMUNITY = Community(users=150, days=7, seed=11)
LATER = COMMUNITY.until
NOW = LATER - timedelta(days=1)
LONG_AGO = NOW - timedelta(days=60)
CONFIG = Config(others=10, shard_members=20)
GATE = GateConfig(world=Growth(rounds=5, depth=2, eta=0.3), residual=RESIDUAL, min_requests=10)
ALL_OPEN = {"penalty": 3.0, "open": [True] * 5, "gain": [0.0] * 5, "error": [0.0] * 5}


@pytest.fixture(scope="module")
def world(uri):
    """A community, half of it quiet in the three days before the first training; all gates open."""
    with simulated(uri, COMMUNITY) as db:
        quiet = [account["_id"] for account in db.app.accounts.find({"isGuest": False}).sort("_id", 1)][::2]
        still(db, quiet, NOW - timedelta(days=3))
        countries.train_countries(db, NOW, countries.Config(gate=GATE, others=10))
        train_all_members(db, NOW, config=CONFIG)
        opened(db)
        yield SimpleNamespace(db=db, quiet=quiet)


def still(db, accounts, since):
    users = [user["_id"] for user in db.app.users.find({"ownerAccount": {"$in": accounts}})]
    by = {"$or": [{"account": {"$in": accounts}}, {"user": {"$in": users}}]}
    db.app.engagements.delete_many({"createdAt": {"$gte": since}, **by})
    db.app.feeditems.delete_many({"seenAt": {"$gte": since}, "viewer": {"$in": accounts}})


def opened(db):
    db.analytics.mlArtifacts_global.update_one({"account": "members"}, {"$set": {"report.gate": ALL_OPEN}})


@pytest.fixture
def trained(world):
    """The world after a training of all members at NOW."""
    world.db.analytics.mlArtifacts.delete_many({})
    world.counts = train_all_members(world.db, NOW, config=CONFIG)
    return world


def stored(db):
    return {
        artifact["account"]: (artifact["format"], artifact["checksum"]) for artifact in db.analytics.mlArtifacts.find()
    }


def trained_at(db, moment):
    return {artifact["account"] for artifact in db.analytics.mlArtifacts.find({"trainedAt": moment})}


def engaging(db, before):
    users = {user["_id"]: user["ownerAccount"] for user in db.app.users.find()}
    acts = db.app.engagements.find(
        {
            "createdAt": {"$lt": before},
            "type": {"$in": ["like", "comment", "recast", "quote"]},
            "targetRef.$ref": "content",
        }
    )
    guests = {account["_id"] for account in db.app.accounts.find({"isGuest": True})}
    return {act.get("account") or users.get(act["user"]) for act in acts} - guests


def test_every_member_who_engaged_has_an_artifact_or_names_the_parent(trained):
    artifacts = {artifact["account"]: artifact for artifact in trained.db.analytics.mlArtifacts.find()}

    assert set(artifacts) <= engaging(trained.db, NOW)
    assert len(artifacts) == trained.counts["members"] > 40
    assert trained.counts["ownModel"] == sum(artifact["format"] == "npy" for artifact in artifacts.values()) > 30
    assert {artifact["parent"] for artifact in artifacts.values()} == {"members"}
    assert {artifact["report"].get("why") for artifact in artifacts.values()} == {None, "no request to learn from"}
    assert all(len(artifact["artifact"]) < 2_000 for artifact in artifacts.values())


def test_only_members_who_changed_are_trained_again_and_the_result_is_that_of_a_full_run(trained):
    counts = train_all_members(trained.db, LATER, config=CONFIG)
    some, again = stored(trained.db), trained_at(trained.db, LATER)
    trained.db.analytics.mlArtifacts.delete_many({})
    train_all_members(trained.db, LATER, config=CONFIG)

    assert counts["members"] == len(again)
    assert 0 < len(set(trained.quiet) & set(some)) == len(set(trained.quiet) & set(some) - again)
    assert again
    assert stored(trained.db) == some


@pytest.mark.parametrize("stored", [{"$set": {"fingerprint": "another"}}, {"$unset": {"fingerprint": ""}}], ids=str)
def test_own_models_with_another_fingerprint_are_trained_again(trained, stored):
    train_all_members(trained.db, LATER, config=CONFIG)
    before = list(trained.db.analytics.mlArtifacts.find({"account": {"$in": trained.quiet}}, {"trainedAt": 0}))
    quiet = before[0]["account"]
    trained.db.analytics.mlArtifacts.update_one({"account": quiet}, stored)

    train_all_members(trained.db, LATER, config=CONFIG)

    assert quiet in trained_at(trained.db, LATER)
    artifact = trained.db.analytics.mlArtifacts.find_one({"account": quiet})
    assert artifact["fingerprint"] == fingerprint(EFFECT_COLUMNS)
    assert artifact["checksum"] == before[0]["checksum"]


@pytest.mark.parametrize("stored", [{"$set": {"fingerprint": "another"}}, {"$unset": {"fingerprint": ""}}], ids=str)
def test_a_members_booster_with_another_fingerprint_is_trained_again(trained, stored):
    boosters = trained.db.analytics.mlArtifacts_global
    before = boosters.find_one({"account": "members"})
    boosters.update_one({"account": "members"}, stored)

    train_all_members(trained.db, NOW, config=CONFIG)

    after = boosters.find_one({"account": "members"})
    boosters.replace_one({"account": "members"}, before)
    assert after["fingerprint"] == before["fingerprint"] == fingerprint(MEMBER_COLUMNS)
    assert after["checksum"] == before["checksum"]


def test_a_worker_stores_the_fingerprint_of_the_shards_rows(trained):
    names = []
    trained.db.analytics.mlArtifacts.delete_many({})
    train_all_members(trained.db, NOW, names.append, CONFIG)
    old, other = names[:2]
    trained.db.analytics.trainingShards.update_one({"_id": old}, {"$unset": {"fingerprint": ""}})
    trained.db.analytics.trainingShards.update_one({"_id": other}, {"$set": {"fingerprint": "another"}})

    for name in names:
        train_shard(trained.db, NOW, name)

    assert set(trained.db.analytics.mlArtifacts.distinct("fingerprint")) >= {"", "another"}


def test_shards_of_any_size_produce_the_same_artifacts(trained):
    before = stored(trained.db)
    trained.db.analytics.mlArtifacts.delete_many({})

    train_all_members(trained.db, NOW, config=Config(others=10, block_members=7, shard_members=3))

    assert stored(trained.db) == before


def test_shards_that_a_worker_trains_produce_the_same_artifacts(trained):
    before, names = stored(trained.db), []
    trained.db.analytics.mlArtifacts.delete_many({})

    counts = train_all_members(trained.db, NOW, names.append, CONFIG)

    assert counts["shards"] == len(names) > 1
    assert stored(trained.db) == {}
    for name in reversed(names):
        train_shard(trained.db, NOW, name)
    assert stored(trained.db) == before
    assert trained.db.analytics.trainingShards.count_documents({}) == 0


def test_several_processes_produce_the_same_artifacts(trained):
    before = stored(trained.db)
    trained.db.analytics.mlArtifacts.delete_many({})

    counts = train_all_members(trained.db, NOW, config=replace(CONFIG, processes=3))

    assert counts == trained.counts
    assert stored(trained.db) == before


def test_a_closed_gate_leaves_members_to_their_parent(trained):
    closed = {**ALL_OPEN, "open": [False] * 5}
    trained.db.analytics.mlArtifacts.delete_many({})
    trained.db.analytics.mlArtifacts_global.update_one({"account": "members"}, {"$set": {"report.gate": closed}})

    counts = train_all_members(trained.db, NOW, config=CONFIG)

    opened(trained.db)
    artifacts = list(trained.db.analytics.mlArtifacts.find())
    assert counts["ownModel"] == 0
    assert {(artifact["format"], artifact["parent"], artifact["artifact"]) for artifact in artifacts} == {
        ("identity", "members", b"")
    }
    assert {artifact["report"]["why"] for artifact in artifacts} == {"no gain on held-out requests"}
    assert counts["shards"] == 0  # no row was built


def test_a_gate_that_opens_for_some_trains_those_alone(trained):
    few_only = {**ALL_OPEN, "open": [True, True, False, False, False]}
    before = stored(trained.db)
    trained.db.analytics.mlArtifacts.delete_many({})
    trained.db.analytics.mlArtifacts_global.update_one({"account": "members"}, {"$set": {"report.gate": few_only}})

    train_all_members(trained.db, NOW, config=CONFIG)

    opened(trained.db)
    artifacts = stored(trained.db)
    unchanged = {account for account, artifact in artifacts.items() if artifact == before[account]}
    assert set(artifacts) == set(before)
    assert unchanged
    assert {artifacts[account][0] for account in set(artifacts) - unchanged} == {"identity"}


def test_reports_lower_the_scores_of_that_member(trained):
    history = assemble(
        event_log.read_log(trained.db, LONG_AGO, NOW, COUNTRIES), event_log.read_labels(trained.db, LONG_AGO, NOW)
    )
    requests = find_requests(history, 0, int((NOW - timedelta(days=1)).timestamp() * 1000))
    candidates = list(candidate_sets(history, requests))[-1]
    reporter = object_ids(history.account_id[[candidates.account]])[0]
    at = datetime.fromtimestamp(candidates.time_ms / 1000, UTC) + timedelta(minutes=1)
    disliked = object_ids(history.contents.id[candidates.content[~candidates.relevant][-30:]])
    report = {"account": reporter, "type": "report", "createdAt": at}
    reports = [{**report, "targetRef": DBRef("content", content)} for content in disliked]
    before = bias(trained.db, reporter)

    trained.db.app.engagements.insert_many(reports)
    trained.db.analytics.mlArtifacts.delete_many({})
    train_all_members(trained.db, NOW, config=CONFIG)

    trained.db.app.engagements.delete_many({"type": "report", "account": reporter})
    assert bias(trained.db, reporter) < before


def bias(db, account):
    """Returns the intercept of the member's effects."""
    artifact = db.analytics.mlArtifacts.find_one({"account": account})
    return np.load(io.BytesIO(artifact["artifact"]), allow_pickle=False)[0]


def test_nan_columns_leave_one_member_to_the_parent_and_no_other(db):
    members, per_member = 4, 6
    account = np.repeat(np.arange(members), per_member)
    columns = np.random.default_rng(1).normal(size=(len(account), len(EFFECT_COLUMNS)))
    columns[per_member] = np.nan  # of the second member
    arrays = {
        "account": account, "request": account, "columns": columns, "engaged": np.arange(len(account)) % 3 == 0,
        "weight": np.ones(len(account)), "margin": np.zeros(len(account)),
        "ids": id_array([ObjectId(f"{number:024x}") for number in range(1, 5)]), "engagements": np.full(4, 5),
    }  # fmt: skip
    training_shards.put(
        db, "s", pack_arrays(arrays), {"penalty": 3.0, "open": [True] * 5, "members": 1, "trainedAt": NOW}
    )

    counts = train_shard(db, NOW, "s")

    assert counts == {"members": 4, "ownModel": 3}
    assert db.analytics.mlArtifacts.find_one({"format": "identity"})["report"]["why"] == "not a number"


def test_nobody_is_trained_where_nobody_engaged(db):
    db.app.accounts.insert_one({"_id": ObjectId(), "isGuest": False})

    assert train_all_members(db, NOW) == {"members": 0, "shards": 0, "rejected": {}}
    assert db.analytics.mlArtifacts.count_documents({}) == 0


def test_a_rollback_takes_less_than_a_second(db, capsys):
    new, old = ({"artifact": byte * 180, "version": at, "trainedAt": NOW} for at, byte in ((2, b"b"), (1, b"a")))
    member = {"model": "personal", "format": "npy", **new, "previous": old}
    db.analytics.mlArtifacts.insert_many([{"account": ObjectId(), **member} for _ in range(500)])

    spent = [timed(["models", "rollback", "--all-members"]) for _ in range(5)]  # the second one undoes the first

    assert min(spent) < 1
    assert db.analytics.mlArtifacts.distinct("version") == [1]
    assert db.analytics.mlArtifacts.distinct("previous.artifact") == [b"b" * 180]


def timed(command):
    started = time.perf_counter()
    assert execute(command) == 0
    return time.perf_counter() - started
