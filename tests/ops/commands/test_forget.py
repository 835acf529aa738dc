"""feedpulse forget: nothing that we write names the person, now or after the next run of every job."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from bson.raw_bson import RawBSONDocument

from handlers.features import topics_classify
from handlers.manifest import everything
from handlers.trainers import personalize_content_worker
from lab.bench.work import open_gates
from ops.cli import execute
from ops.commands.run import backfill, run_all
from store.erasure import OURS_IN_APP, add_tombstones, id_matcher, person_of, redacted
from store.ids import ObjectId
from tests.community import TIME, community, fill
from tests.reliability.harness import handlers_use
from tests.store.test_retention import table
from trainers.jobs.members import train_all_members

NOW = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def town(uri, tmp_path_factory):
    """A community that every job has seen; somebody who posts, engages and is followed; the home folder."""
    home = tmp_path_factory.mktemp("home")
    with handlers_use(uri, FEEDPULSE_HOME=str(home)) as db:
        fill(db, community())
        run_all(everything(), {"time": TIME}, first=backfill())
        yield db, person_of(db, busiest(db)), home


def busiest(db):
    """The account of the author with most reshares and engagements."""
    count = Counter(item["author"] for item in db.app.feeditems.find({}, {"author": 1}))
    reshared = db.app.contents.find_one({"originalPost.author.id": {"$exists": True}})
    author = (reshared or {}).get("originalPost", {}).get("author", {}).get("id") or count.most_common(1)[0][0]
    return db.app.users.find_one({"_id": author})["ownerAccount"]


def named(db, ids, app=()):
    """Where an id stands in raw bytes, or as digits of either case."""
    counts = Counter()
    patterns = [form for key in ids for form in (key.binary, str(key).encode(), str(key).upper().encode())]
    ours = [(db.analytics, name) for name in db.analytics.list_collection_names()]
    for database, name in [*ours, *((db.app, name) for name in app)]:
        raw = database[name].with_options(
            codec_options=database.codec_options.with_options(document_class=RawBSONDocument)
        )
        counts[name] += sum(any(pattern in bytes(document.raw) for pattern in patterns) for document in raw.find())
    return +counts


def forget(capsys, *arguments):
    assert execute(["forget", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_person_is_forgotten_everywhere_and_does_not_come_back(town, capsys):
    db, person, home = town
    (home / "rejected").mkdir()
    (home / "rejected" / "users.jsonl").write_text(f'{{"document": "{person.account}"}}\n{{"document": "x"}}\n')
    (home / "mongod.log").write_text(f"slow query {str(person.account).upper()} took 3 s\n")
    db.analytics.runs.insert_one({"function": "x", "error": f"ValueError: {person.account} owns no user", "counts": {}})
    db.analytics.trainingShards.insert_one({"_id": "x", "data": b"npz" + person.account.binary})
    before = named(db, person.ids, OURS_IN_APP)
    assert {"contentStats", "creatorStats", "karma", "cascades", "servingSnapshot", "guestfeeditems"} <= set(before)

    report = forget(capsys, str(person.account))

    assert named(db, person.ids, OURS_IN_APP) == Counter()
    assert set(before) == set(report["found"])
    assert report["tombstones"] == len(person.ids)
    assert report["files"] == {"users.jsonl": 1, "mongod.log": 1}
    assert (home / "rejected" / "users.jsonl").read_text() == '{"document": "x"}\n'
    assert str(person.account).upper() not in (home / "mongod.log").read_text()
    assert db.app.accounts.count_documents({"_id": person.account}) == 1  # the app's own

    outcomes = run_all(everything(), {"time": TIME}, first=backfill())

    assert {outcome.function: outcome.error for outcome in outcomes if outcome.status != "done"} == {}
    assert named(db, person.ids, OURS_IN_APP) == Counter()
    assert db.app.guestfeeditems.count_documents({}) > 0

    again = forget(capsys, str(person.account))

    assert (again["found"], again["files"], again["tombstones"]) == ({}, {}, 0)

    report = forget(capsys, str(person.account), "--from-app")

    assert report["removedFromApp"]["accounts"] == 1
    assert named(db, person.ids, db.app.list_collection_names()) == Counter()


def test_collections_without_people_hold_nobodys_id(town):
    db, *_ = town
    everybody = {
        document["_id"] for name in ("accounts", "users", "contents", "credentials") for document in db.app[name].find()
    }
    without = {name for name, (does, _) in table().items() if does in ("no ids in it", "hashes stay")}

    assert set(named(db, everybody)) & without == set()
    assert {name for name in without if db.analytics[name].count_documents({})} > {
        "topics",
        "hashtagStats",
        "watermarks",
    }


def test_a_tombstone_does_not_tell_the_id_and_another_database_has_another(db):
    one = ObjectId()

    add_tombstones(db, [one], one.generation_time)

    [stone] = db.analytics.tombstones.find({"_id": {"$ne": "key"}})
    assert str(one) not in str(stone)
    assert add_tombstones(db, [one], one.generation_time) == 0


def test_an_account_that_nobody_knows_is_buried_and_nothing_is_found(db, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("FEEDPULSE_HOME", str(tmp_path))

    assert forget(capsys, str(ObjectId()))["found"] == {}
    assert execute(["forget", "nobody"]) == 2


def test_a_change_of_a_post_looks_up_whether_its_author_is_forgotten_and_scans_nothing(db):
    account, other, written = (ObjectId() for _ in range(3))
    user, newcomer = ObjectId(), ObjectId()  # both of the forgotten account, one unknown when it was forgotten
    db.app.users.insert_many([{"_id": user, "ownerAccount": account}, {"_id": newcomer, "ownerAccount": account}])
    add_tombstones(db, [account, user, written], NOW)
    posts = {ObjectId(): user, ObjectId(): newcomer, written: "nobody", other: ObjectId()}
    posts |= {ObjectId(): ObjectId() for _ in range(500)}
    shown = {"payload": {"message": "Stocks fell sharply today."}, "visibility": "publish", "createdAt": NOW}
    db.app.contents.insert_many({"_id": item, "author": {"id": author}} | shown for item, author in posts.items())
    db.app.contentinfo.insert_one({"contentId": written})
    some = list(posts)[:4]
    topics_classify({"contents": [], "time": NOW.isoformat()})  # indexes
    db.app.command("profile", 2)

    counts = topics_classify({"contents": [str(key) for key in some], "time": NOW.isoformat()})

    db.app.command("profile", 0)
    assert (counts["classified"], counts["removed"]) == (1, 1)
    assert [info["contentId"] for info in db.app.contentinfo.find()] == [other]
    work = [
        operation.get("keysExamined", 0) + operation.get("docsExamined", 0)
        for operation in db.app.system.profile.find()
    ]
    assert 0 < max(work) <= 4 * len(some)


def test_a_shard_of_members_leaves_out_who_was_forgotten_since_it_was_cut(town):
    db, *_ = town

    def trained(*buried):
        names = []
        open_gates(db)
        train_all_members(db, datetime.fromisoformat(TIME), names.append)
        add_tombstones(db, buried, NOW)
        counts = [personalize_content_worker({"shard": shard, "time": TIME}) for shard in names]
        assert sum(count["members"] for count in counts) > 0
        return db.analytics.mlArtifacts.distinct("account")

    accounts = trained()

    assert trained(accounts[0]) == accounts[1:]


def test_ids_are_found_in_every_form_and_the_rest_of_a_document_stays():
    one, other = ObjectId(), ObjectId()
    matches = id_matcher(frozenset({one}))
    document = {"a": one, "b": [one, other], "c": f"x{str(one).upper()}y", str(one): 1, "d": {"e": b"..." + one.binary}}

    assert all(
        matches(value) for value in (one, str(one), b"q" + one.binary, str(one).encode(), {"a": [one]}, {str(one): 1})
    )
    assert not matches({"a": [other, "x" * 50, None, 7, b"q"]})
    assert redacted(document, matches) == {"a": None, "b": [other], "c": "forgotten", "d": {"e": None}}
