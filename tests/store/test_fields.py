"""The table of fields describes what jobs, the panel's writes, requests and actions really store."""

from collections import defaultdict
from datetime import timedelta
from threading import Event, Timer

import pytest

from fraud.features.behaviour import FEATURES
from handlers import fraud, predictors
from handlers.connectors.app import AppConnector
from handlers.manifest import everything, functions
from lab.simulate import Config, documents, simulate
from ops.commands.run import backfill, run_all
from predictors.jobs.action_execution import carry_out, undo
from store import audit, runs, settings
from store.change_streams import watch
from store.erasure import add_tombstones
from store.fields import described, field_at, missing, values
from store.ids import ObjectId
from store.leases import hold
from store.outputs import actions, categories, content_info, experiments, training_shards
from store.schema import COLLECTIONS, FEEDITEM_FIELDS
from tests.community import fill
from tests.panel.state import panel_databases

CONFIG = Config(users=150, days=10, seed=11)  # as small as a detector can be trained on
NOW = CONFIG.until
LATER = NOW + timedelta(days=40)  # past the cool-down of a verdict
OURS = [name for name, table in described().items() if table.is_ours]
WRITERS = {"app", "command", "panel", "moderator", "jobs"}


@pytest.fixture(scope="module")
def stored(uri):
    """Returns collection → all its documents, after everything has written that writes."""
    with panel_databases(uri) as db:
        community = defaultdict(list)
        for name, batch in documents(simulate(CONFIG)):
            community[name] += batch
        fill(db, {name: batch for name, batch in community.items() if batch})
        leases = run_everything(db)
        databases = (db.app, db.analytics)
        by_name = {
            name: list(database[name].find()) for database in databases for name in database.list_collection_names()
        }
    return by_name | {"leases": leases}


def run_everything(db):
    """Runs all jobs, then the trainers, verdicts, requests, actions and the panel's writes; returns the leases."""
    settings.save_thresholds(db, settings.Thresholds(audit_share=0.5))
    settings.switch(db, "topicsClassify", on=False)
    settings.switch(db, "topicsClassify", on=True)
    damage(db)
    earlier = NOW - timedelta(hours=1)
    trainers = [function for function in everything() if function.key.endswith("Trainer")]
    outcomes = [*run_all(everything(), {"time": earlier.isoformat()}, backfill()), *run_all(trainers, at())]
    assert {outcome.status for outcome in outcomes} == {"done"}
    settings.schedule(db, "karmaStats", "0 * * * *")
    decide_cases(db)
    answer_requests(db)
    act(db)
    runs.finish(db, runs.start(db, "karmaStats", NOW, NOW), "failed", 0.1, {}, "ValueError")
    audit.write(db, "ann", "setting", "feed_length", NOW, 500, 200)
    content_info.spend(db, "2026-01-15", 0.5, cap=1.0)
    failed, rejected = (document["contentId"] for document in db.app.contentinfo.find().limit(2))
    content_info.write_attempts(db, {failed: 1}, {})
    content_info.write_info(db, [{"contentId": rejected, "rejected": "timeout"}])
    training_shards.put(db, "one", b"rows", {"penalty": 3.0, "open": [True], "members": 1, "trainedAt": NOW})
    training_shards.mark_done(db, "two")
    follow_changes(db)
    add_tombstones(db, [ObjectId()], NOW)
    with hold(db, "karmaStats"):
        return list(db.analytics.leases.find())


def at(moment=NOW, **event):
    return {"time": moment.isoformat(), **event}


def damage(db):
    """Gives a post and a user counters of a wrong type, as apps have them."""
    post, user = db.app.contents.find_one()["_id"], db.app.users.find_one()["_id"]
    db.app.contents.update_one({"_id": post}, {"$set": {"engagements.like.count": "many"}})
    db.app.users.update_one({"_id": user}, {"$set": {"followerCount": "x"}})


def decide_cases(db):
    """Copies verdicts, then opens the same cases again after the cool-down."""
    db.app.suspiciouscredentials.update_many({}, {"$set": {"verificationStatus": True, "verifiedAt": NOW}})
    at_once = at(NOW + timedelta(minutes=1))
    assert fraud.feature_updater(at_once)["bots"] > 0
    assert fraud.predictor(at(LATER))["opened"] > 0
    assert fraud.feature_updater(at_once)["bots"] == 0


def answer_requests(db):
    """Publishes an experiment and explored contents, and requests a ranking and the moods of two users."""
    experiments.publish(db, "ranking", [{"name": "all", "share": 1.0, "personal": True}], NOW - timedelta(hours=1))
    experiments.publish(db, "ranking", [{"name": "half", "share": 0.5, "personal": False}], NOW)
    account = db.app.accounts.find_one({"isGuest": False})["_id"]
    experiments.record_explorations(db, account, NOW, [experiments.Exploration(ObjectId(), 3, 0.2)])
    assert predictors.personalize_content_predictor(at(accountId=str(account), limit=5))["result"]
    busiest = db.app.engagements.aggregate([{"$sortByCount": "$user"}, {"$limit": 1}]).next()["_id"]
    moods = {predictors.start_analysis(at(userId=str(user), consent=True))["mood"] for user in (busiest, ObjectId())}
    assert moods <= {"Cheerful", "Satisfied", "Stressed", "Depressed", "unknown"}


def act(db):
    """Plans, executes, refuses and undoes actions."""
    categories.create(db, "tea", "Tea", ["tea"])
    actor, *others = (user["_id"] for user in db.app.users.find({"visibility": "publish"}, {"_id": 1}).limit(5))
    thresholds = dict.fromkeys(("like", "comment", "recast", "quote"), 0.0)
    over = {"followers": 1e9, "posts": 1e9, "likes": 1e9}
    chosen = {"enabled": True, "dryRun": False, "network": "app", "actor": actor, "measure": "karma"}
    actions.save_settings(db, "tea", chosen | {"thresholds": thresholds, "likes": over, "perHour": 9.0, "burst": 9.0})
    template = db.analytics.karma.find_one({"actions": {"$exists": True}})
    numbers = {f"actions.{action}.karma": 30.0 for action in thresholds}
    for user in others:
        key = {"_id": f"{user}:tea", "userId": user, "category": "tea"}
        db.analytics.karma.replace_one({"_id": key["_id"]}, template | key, upsert=True)
        db.analytics.karma.update_one({"_id": key["_id"]}, {"$set": numbers})
    assert predictors.actions_plan(at())["planned"] > 3
    later = NOW + timedelta(hours=1)
    network = {"app": AppConnector(db, later)}
    assert actions.claim_due(db, later, "app")  # by a run that was killed
    actions.end(db, actions.claim_due(db, later, "app")["_id"], "failed", NOW, error="refused")
    assert carry_out(db, later, network)["done"] > 1
    undo(db, db.analytics.actions.find_one({"state": "done"})["_id"], later, network)
    actions.stop_everything(db, stopped=False)


def follow_changes(db):
    """Watches a collection, so that the watcher saves its token."""
    stop = Event()
    timer = Timer(0.5, stop.set)
    timer.start()
    assert list(watch(db, "credentials", stop)) == []
    timer.join()


def test_no_collection_is_missing_in_the_table(stored):
    assert set(described()) == set(COLLECTIONS)
    assert set(stored) <= set(COLLECTIONS)


def test_every_collection_of_ours_is_filled_here(stored):
    assert [name for name in OURS if not stored.get(name)] == []


@pytest.mark.parametrize("name", OURS)
def test_every_stored_key_is_a_field_of_the_table(stored, name):
    keys = {path for document in stored[name] for path, _ in values(document)}

    assert {path for path in keys if field_at(described()[name], path) is None} == set()


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_stored_value_has_its_type_and_a_plausible_value(stored, name):
    problems = {
        (field.path, problem)
        for document in stored.get(name, [])
        for path, value in values(document)
        if (field := field_at(described()[name], path)) and field.path == path and (problem := field.problem(value))
    }

    on_purpose = {("engagements.like.count", "str, not int"), ("followerCount", "str, not int")}
    assert problems <= (set() if name in OURS else on_purpose)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_required_field_is_there(stored, name):
    assert {path for document in stored.get(name, []) for path in missing(described()[name], document)} == set()


@pytest.mark.parametrize("name", OURS)
def test_every_field_of_ours_is_stored_somewhere(stored, name):
    stored_paths = {field.path for document in stored[name] for path, _ in values(document)
           if (field := field_at(described()[name], path))}  # fmt: skip

    assert set(described()[name].fields) - stored_paths == set()


def test_the_open_names_of_credentialfeatures_are_the_reading_features(stored):
    table = described()["credentialfeatures"]

    keys = {path for document in stored["credentialfeatures"] for path, _ in values(document)}

    assert {key for key in keys if field_at(table, key) is table.fields["*"]} == set(FEATURES)


def test_every_index_is_on_a_field_of_the_table():
    older = {spelling: name for name, spellings in FEEDITEM_FIELDS.items() for spelling in spellings}
    for name, declared in COLLECTIONS.items():
        for index in declared.indexes:
            for key in index.document["key"]:
                path = older.get(key, key).removesuffix(".$id")
                assert field_at(described()[name], path), (name, key)


def test_every_writer_is_a_function_or_named(stored):
    writers = {writer for table in described().values() for field in table.fields.values() for writer in field.by}

    assert writers <= WRITERS | set(functions())


def test_a_key_that_the_table_lacks_is_found():
    table = described()["cascades"]

    assert field_at(table, "nodes.colour") is None
    assert field_at(table, "colour") is None
    assert field_at(described()["runs"], "counts.rejected.anything").path == "counts"


def test_a_value_of_another_type_is_a_problem():
    fields = described()["contentStats"].fields

    assert fields["likeCount"].problem(True) == "bool, not int"
    assert fields["likeCount"].problem(None) == "NoneType, not int"
    assert fields["authorId"].problem(None) is None
    assert fields["rejected"].problem(["type", 3]) == "int, not text"
    assert fields["aggregator.ageScore"].problem(1.5) == "1.5 is not between 0 and 1"


def test_a_required_field_is_missed_in_one_of_many_objects():
    table = described()["guestFeedDays"]
    document = {"_id": "th", "countryCode": "th", "createdAt": NOW, "items": [{"content": None, "score": 1.0}]}

    assert list(missing(table, document)) == []
    assert list(missing(table, document | {"items": [*document["items"], {"content": None}]})) == ["items.score"]
    assert list(missing(table, {})) == ["_id", "countryCode", "createdAt", "items"]
