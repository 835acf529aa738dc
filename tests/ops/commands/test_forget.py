"""feedpulse forget: nothing that we write names the person, now or after the next run of every job."""

import io
import json
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from bson.raw_bson import RawBSONDocument

from handlers.features import topics_classify
from handlers.fraud import feature_extractor as fraud_feature_extractor
from handlers.manifest import everything
from handlers.predictors import friend_to_follow, recommend_friends, start_analysis
from handlers.trainers import personalize_content_worker
from lab.bench.work import open_gates
from ops.cli import execute
from ops.commands.run import backfill, run_all
from store import audit
from store.erasure import OURS_IN_APP, add_tombstones
from store.ids import ObjectId
from store.outputs import experiments
from store.person import person_of
from store.redaction import id_matcher, redacted
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
    assert execute(["forget", *arguments, "--yes", "--json"]) == 0
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


@pytest.fixture
def empty_home(monkeypatch, tmp_path):
    monkeypatch.setenv("FEEDPULSE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def member(db, empty_home):
    """A person whom app-db, statistics, features and moods name: account, user, post, device."""
    account, user, content, device = (ObjectId() for _ in range(4))
    db.app.accounts.insert_one({"_id": account})
    profile = {"ownerAccount": account, "displayId": "tom", "displayName": "Tom Ünal"}
    db.app.users.insert_one({"_id": user, **profile})
    db.app.contents.insert_one({"_id": content, "author": {"id": user}, "createdAt": NOW, "visibility": "publish"})
    db.app.credentials.insert_one({"_id": device, "account": account})
    seen = {"content": content, "seenCredential": device, "offScreenAt": NOW}
    db.app.feeditems.insert_many([{"_id": place, "viewer": account, "seenAt": NOW, **seen} for place in range(9)])
    fraud_feature_extractor({"time": TIME})
    db.analytics.creatorStats.insert_one({"_id": user, **profile})
    db.app.contentinfo.insert_one({"contentId": content, "emotions": {"joy": 0.9}})
    db.app.suspiciouscredentials.insert_one({"seenCredential": device})
    db.analytics.karma.insert_one({"userId": user, "category": "global"})
    db.analytics.moods.insert_one({"_id": user, "userId": user})
    db.analytics.mlArtifacts.insert_one({"account": account, "model": "x"})
    return SimpleNamespace(account=account, user=user, content=content, device=device)


def contents_of(db):
    ours = [(db.analytics, name) for name in db.analytics.list_collection_names()]
    return {
        (database.name, name): list(database[name].find().sort("_id", 1))
        for database, name in [*ours, *((db.app, name) for name in db.app.list_collection_names())]
    }


@pytest.mark.parametrize("words", ["user", "USER", "account", "tom", "@tom"])
def test_a_users_id_and_a_handle_stand_for_the_account(db, member, capsys, words):
    words = str(getattr(member, words.lower(), words))

    assert execute(["forget", words.upper() if len(words) == 24 else words, "--yes", "--json"]) == 0

    output = capsys.readouterr()
    report = json.loads(output.out)
    assert report["account"] == str(member.account)
    assert report["ids"] == {"accounts": 1, "users": 1, "contents": 1, "credentials": 1}
    assert (f"is a user of account {member.account}" in output.err) == (words != str(member.account))
    assert named(db, frozenset(vars(member).values()), OURS_IN_APP) == Counter()


@pytest.mark.parametrize("words", ["0123456789abcdef01234567", "nobody", "@nobody", "", "topic", "run"])
@pytest.mark.parametrize("option", ["--json", "--yes", "--dry-run"])
def test_nobody_is_said_with_status_1_and_changes_nothing(db, member, capsys, words, option):
    own = {"topic": db.analytics.topics.insert_one({"slug": "x"}), "run": db.analytics.runs.insert_one({})}
    before = contents_of(db)

    assert execute(["forget", str(own[words].inserted_id) if words in own else words, option]) == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.endswith("no such account, and nothing of ours names it\n")
    assert contents_of(db) == before


@pytest.mark.parametrize("kind", ["content", "device"])
def test_the_id_of_a_post_or_a_device_erases_nobody(db, member, capsys, kind):
    before = contents_of(db)

    assert execute(["forget", str(getattr(member, kind)), "--yes"]) == 2

    assert "give that id" in capsys.readouterr().err
    assert contents_of(db) == before


def test_without_a_terminal_yes_is_needed_and_a_terminal_asks(db, member, capsys, monkeypatch):
    before = contents_of(db)

    assert execute(["forget", str(member.account)]) == 2
    assert "--yes" in capsys.readouterr().err
    for answer, status in (("n\n", 130), ("y\n", 0)):
        assert contents_of(db) == before
        terminal = io.StringIO(answer)
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        assert execute(["forget", str(member.account), "--json"]) == status
        assert f"Erase account {member.account} (1 users, 1 posts, 1 devices)?" in capsys.readouterr().err

    assert contents_of(db) != before


@pytest.mark.parametrize("options", [[], ["--from-app"]])
def test_a_dry_run_lists_what_would_go_and_changes_nothing(db, member, capsys, empty_home, options):
    (empty_home / "x.jsonl").write_text(f"{member.user}\n")
    (empty_home / "x.log").write_text(f"{member.user}\n")
    before = contents_of(db)

    assert execute(["forget", str(member.account), "--dry-run", "--json", *options]) == 0
    listed = json.loads(capsys.readouterr().out)

    assert contents_of(db) == before
    assert (empty_home / "x.log").read_text() == (empty_home / "x.jsonl").read_text() == f"{member.user}\n"
    report = forget(capsys, str(member.account), *options)
    same = ("account", "ids", "found", "removedFromApp", "files")
    assert {name: report[name] for name in same} == {name: listed[name] for name in same}
    assert (listed["dryRun"], listed["tombstones"], report["tombstones"]) == (True, 0, 4)


@pytest.mark.parametrize("kept", [(), ("creatorStats",)])
def test_a_person_is_erased_after_the_app_deleted_everything(db, member, capsys, kept):
    for name in ("accounts", "users", "contents", "credentials", "feeditems"):
        db.app[name].delete_many({})
    if not kept:
        db.analytics.creatorStats.delete_many({})  # as its job does

    assert execute(["forget", str(member.account), "--dry-run", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    report = forget(capsys, str(member.account))

    assert report["found"] == listed["found"]
    assert {"contentinfo", "credentialfeatures", "suspiciouscredentials", "karma", "moods"} <= set(report["found"])
    assert named(db, frozenset(vars(member).values()), OURS_IN_APP) == Counter()
    assert forget(capsys, str(member.account))["found"] == {}


def test_documents_of_living_people_are_no_orphans(db, member, capsys):
    other, user, device = (ObjectId() for _ in range(3))
    db.app.accounts.insert_one({"_id": other})
    db.app.feeditems.insert_one({"viewer": other, "seenUUID": device})  # an app without credentials
    post = db.app.contents.insert_one({"author": {"id": user}}).inserted_id  # and without that user
    db.app.contentinfo.insert_one({"contentId": post})
    db.analytics.karma.insert_one({"userId": user, "category": "global"})
    db.analytics.mlArtifacts.insert_one({"account": other, "model": "x"})
    gone = ObjectId()  # whose account is known: it leaves with that account
    features = [{"seenCredential": device, "lastSeenAt": NOW}, {"seenCredential": gone, "lastSeenAt": NOW}]
    db.analytics.credentialfeatures.insert_many([features[0], features[1] | {"account": ObjectId()}])
    db.app.suspiciouscredentials.insert_many([{"seenCredential": device}, {"seenCredential": gone}])

    forget(capsys, str(member.account))

    assert named(db, {user, other, device, gone, post}, OURS_IN_APP) == Counter(
        {"karma": 1, "mlArtifacts": 1, "credentialfeatures": 2, "suspiciouscredentials": 2, "contentinfo": 1}
    )


def test_names_leave_the_audit_log_and_rejected_lines(db, member, capsys, empty_home):
    audit.write(db, "operator", "look", "mood of @tom", NOW, {"who": ["Tom Ünal", "tomorrow"]}, 3)
    audit.write(db, "operator", "look", "mood of @ann", NOW, None, "shown")
    (empty_home / "rejected").mkdir()
    lines = [json.dumps({"line": 1, "document": json.dumps({"a": text})}) for text in ("by @Tom", "TOM ünal", "atom")]
    (empty_home / "rejected" / "users.jsonl").write_text("\n".join(lines) + "\n")

    report = forget(capsys, "tom")

    assert (report["found"]["audit"], report["files"]) == ({"names redacted": 1}, {"users.jsonl": 2})
    entries = list(db.analytics.audit.find({}, {"_id": 0, "subject": 1, "before": 1}).sort("_id", 1))
    assert entries == [
        {"subject": "mood of @forgotten", "before": {"who": ["forgotten", "tomorrow"]}},
        {"subject": "mood of @ann", "before": None},
    ]
    assert (empty_home / "rejected" / "users.jsonl").read_text() == lines[2] + "\n"


def test_no_request_writes_anything_about_an_erased_person(db, member, capsys):
    forget(capsys, str(member.account))
    newcomer = ObjectId()  # a user that the account got later
    db.app.users.insert_one({"_id": newcomer, "ownerAccount": member.account})
    before = contents_of(db)

    for user in (member.user, newcomer):
        answer = start_analysis({"userId": str(user), "consent": True, "time": TIME})
        assert (answer["mood"], answer["reason"]) == ("unknown", "this person was erased")
        assert start_analysis({"userId": str(user), "consent": False, "time": TIME})["deleted"] == 0
        recommend_friends({"userId": str(user), "time": TIME})
    friend_to_follow({"accountId": str(member.account), "time": TIME})
    drawn = [experiments.Exploration(member.content, 1, 0.5)]
    for account, explorations in ((member.account, [experiments.Exploration(ObjectId(), 1, 0.5)]), (ObjectId(), drawn)):
        experiments.record_explorations(db, account, NOW, explorations)

    assert contents_of(db) == before
    audit.write(db, "operator", "look", f"mood of {member.user}", NOW, None, None)
    assert db.analytics.audit.find_one()["subject"] == "forgotten"


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
