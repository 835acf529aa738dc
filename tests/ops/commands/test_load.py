import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest

from ops.cli import execute
from store.erasure import add_tombstones, erased_ids
from store.ids import ObjectId

FIRST, SECOND = ObjectId("0123456789abcdef01234567"), ObjectId("0123456789abcdef01234568")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FEEDPULSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def dump(tmp_path):
    folder = tmp_path / "dump"
    folder.mkdir()
    return folder


def load(dump, capsys, *options):
    assert execute(["load", str(dump), "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)["collections"]


def line(key, **fields):
    return json.dumps({"_id": {"$oid": str(key)}, **fields}) + "\n"


def at(day):
    return {"$date": f"2026-01-{day:02}T12:00:00.000Z"}


def everything(db):
    return {name: list(db.app[name].find().sort("_id", 1)) for name in db.app.list_collection_names()}


def rejected(home, name):
    return [json.loads(rejected) for rejected in (home / "rejected" / f"{name}.jsonl").read_text().splitlines()]


def test_extended_json_arrives_as_what_it_stands_for(db, dump, capsys):
    fields = {"createdAt": at(1), "targetRef": {"$ref": "content", "$id": {"$oid": str(SECOND)}}}
    (dump / "engagements.jsonl").write_text(line(FIRST, n={"$numberLong": "5"}, **fields))

    load(dump, capsys)

    (document,) = db.app.engagements.find()
    assert document["createdAt"] == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert document["targetRef"].id == SECOND
    assert document["n"] == 5


def test_loading_twice_changes_nothing(db, dump, capsys, shared_data):
    (dump / "users.jsonl.gz").write_bytes((shared_data / "dartpost" / "users.jsonl.gz").read_bytes())
    (dump / "contents.jsonl.gz").write_bytes((shared_data / "dartpost" / "contents.jsonl.gz").read_bytes())
    load(dump, capsys)
    first = everything(db)

    again = load(dump, capsys)

    assert everything(db) == first
    assert {name: counts["unchanged"] for name, counts in again.items()} == {"users": 478, "contents": 1070}
    assert not any(counts["inserted"] or counts["changed"] for counts in again.values())


def test_a_changed_line_replaces_its_document_and_no_other(db, dump, capsys):
    (dump / "users.jsonl").write_text(line(FIRST, displayId="a") + line(SECOND, displayId="b"))
    load(dump, capsys)
    (dump / "users.jsonl").write_text(line(FIRST, displayId="c") + line(SECOND, displayId="b"))

    counts = load(dump, capsys)["users"]

    assert (counts["changed"], counts["unchanged"]) == (1, 1)
    assert [user["displayId"] for user in db.app.users.find().sort("_id")] == ["c", "b"]


def test_the_last_of_several_lines_with_one_id_counts(db, dump, capsys):
    (dump / "users.jsonl").write_text(line(FIRST, displayId="a") + line(FIRST, displayId="b"))

    counts = load(dump, capsys)["users"]

    assert (counts["inserted"], counts["repeated"]) == (1, 1)
    assert db.app.users.find_one()["displayId"] == "b"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{nonsense", "not extended JSON"),
        ("[1, 2]", "not an object but list"),
        ('{"displayId": "a"}', "not storable"),
        ('{"_id": [1], "a": 2}', "not storable"),
        ('{"_id": {"$oid": "12"}}', "not extended JSON"),
        ('{"_id": 1, "createdAt": {"$date": "yesterday"}}', "not extended JSON"),
        ('{"_id": 1, "$set": {"a": 1}}', "not storable"),
        ('{"_id": 1, "n": 9223372036854775808}', "not storable"),
        ('{"_id": 1, "a": ' + '{"a":' * 190 + "1" + "}" * 190 + "}", "the server refuses it"),
        ('{"_id": 1, "a\\u0000b": 1}', "not storable"),
        (b'{"_id": 1, "a": "\xff"}', "not extended JSON"),
        ('{"_id": 1, "a": "' + "x" * (16 * 2**20) + '"}', "longer than 16 MB"),
    ],
)
def test_an_invalid_line_is_rejected_with_its_reason_and_the_rest_is_loaded(db, dump, capsys, home, bad, reason):
    good = line(FIRST, displayId="a").encode(), line(SECOND, displayId="b").encode()
    text = bad if isinstance(bad, bytes) else bad.encode()
    (dump / "users.jsonl").write_bytes(good[0] + text + b"\n\n" + good[1])

    counts = load(dump, capsys)["users"]

    assert counts["rejected"] == {reason: 1}
    assert {user["displayId"] for user in db.app.users.find()} == {"a", "b"}
    (aside,) = rejected(home, "users")
    assert aside["line"] == 2
    assert aside["reason"].startswith(reason)
    assert aside["document"][:10] == text[:10].decode()


def test_numbers_that_json_does_not_have_are_kept(db, dump, capsys):
    (dump / "users.jsonl").write_text('{"_id": 1, "followerCount": NaN, "followedCount": -1}')

    load(dump, capsys)

    document = db.app.users.find_one()
    assert document["followerCount"] != document["followerCount"]
    assert document["followedCount"] == -1


def test_of_a_broken_gzip_file_what_was_read_is_kept(db, dump, capsys, home):
    keys = [ObjectId() for _ in range(5_000)]
    whole = gzip.compress("".join(line(key, name=str(key)) for key in keys).encode())
    (dump / "users.jsonl.gz").write_bytes(whole[: len(whole) // 2])

    counts = load(dump, capsys)["users"]

    assert 1_000 < db.app.users.count_documents({}) < 5_000
    assert counts["rejected"]["the file breaks off"] == 1
    assert "after line" in rejected(home, "users")[-1]["reason"]


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_is_an_empty_collection(db, dump, capsys, content):
    (dump / "users.jsonl").write_bytes(content)

    assert load(dump, capsys)["users"]["read"] == 0


def test_rejects_of_an_earlier_load_do_not_stay(db, dump, capsys, home):
    (dump / "users.jsonl").write_text("{")
    load(dump, capsys)
    (dump / "users.jsonl").write_text(line(FIRST))

    load(dump, capsys)

    assert not (home / "rejected" / "users.jsonl").exists()


def test_other_files_are_named_and_left_out(db, dump, capsys):
    (dump / "users.jsonl").write_text(line(FIRST))
    (dump / "passwords.jsonl").write_text(line(FIRST))

    assert execute(["load", str(dump), "--json"]) == 0

    output = capsys.readouterr()
    assert json.loads(output.out)["others"] == ["passwords.jsonl"]
    assert "passwords.jsonl: not a collection of app-db" in output.err
    assert db.app.list_collection_names() == ["users"]


def test_drop_empties_the_collections_of_both_databases_first(db, dump, capsys):
    db.app.users.insert_one({"_id": SECOND})
    db.analytics.creatorStats.insert_one({"_id": SECOND})
    (dump / "users.jsonl").write_text(line(FIRST))

    load(dump, capsys, "--drop", "--yes-drop", db.app.name)

    assert [document["_id"] for document in db.app.users.find()] == [FIRST]
    assert db.analytics.creatorStats.count_documents({}) == 0


def test_drop_keeps_tombstones_and_collections_that_are_not_ours(db, dump, capsys):
    for database in (db.app, db.analytics):
        database.ownthings.insert_one({"_id": 1})
    add_tombstones(db, [SECOND], datetime(2026, 1, 1, tzinfo=UTC))
    (dump / "accounts.jsonl").write_text(line(SECOND))

    load(dump, capsys, "--drop", "--yes-drop", db.app.name)

    assert [database.ownthings.count_documents({}) for database in (db.app, db.analytics)] == [1, 1]
    assert erased_ids(db) == [SECOND]


@pytest.mark.parametrize("name", [None, "app-db", ""])
@pytest.mark.parametrize("command", ["load", "simulate"])
def test_a_server_that_is_not_embedded_is_changed_only_by_its_databases_name(db, dump, capsys, name, command):
    db.app.users.insert_one({"_id": SECOND})
    (dump / "users.jsonl").write_text(line(FIRST))
    called = {"load": ["load", str(dump), "--drop"], "simulate": ["simulate", "--users", "20", "--days", "1"]}[command]
    options = [] if name is None else ["--yes-drop", name]

    assert execute([*called, *options]) == 2

    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f"--yes-drop {db.app.name}" in message
    assert [user["_id"] for user in db.app.users.find()] == [SECOND]
    assert db.app.list_collection_names() == ["users"]


def test_until_leaves_later_documents_out_and_counts_engagements_again(db, dump, capsys):
    counters = {"like": {"count": 9, "refs": []}, "comment": {"count": 9}, "recast": 7}
    (dump / "contents.jsonl").write_text(
        line(FIRST, createdAt=at(1), engagements=counters) + line(SECOND, createdAt=at(20)) + line(ObjectId())
    )
    target = {"$ref": "content", "$id": {"$oid": str(FIRST)}}
    acts = [("like", 2, "publish"), ("like", 3, "deleted"), ("report", 3, "publish"), ("like", 20, "publish")]
    (dump / "engagements.jsonl").write_text(
        "".join(line(ObjectId(), targetRef=target, type=t, createdAt=at(d), visibility=v) for t, d, v in acts)
    )
    (dump / "feeditems.jsonl").write_text(
        line(FIRST, createdAt=at(2), seenAt=at(20)) + line(SECOND, createdAt=at(20), seenAt=at(2))
    )

    counts = load(dump, capsys, "--until", "2026-01-10T00:00:00Z")

    assert {name: count["later"] for name, count in counts.items()} == {"contents": 1, "engagements": 1, "feeditems": 1}
    engaged = db.app.contents.find_one({"_id": FIRST})["engagements"]
    assert engaged["like"] == {"count": 1, "refs": []}
    assert [engaged[kind]["count"] for kind in ("comment", "recast", "quote")] == [0, 0, 0]
    assert [document["_id"] for document in db.app.feeditems.find()] == [SECOND]


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({}, "has no <collection>.jsonl"),
        ({"truth.jsonl": ""}, "has no <collection>.jsonl"),
        ({"users.jsonl": "", "users.jsonl.gz": ""}, "are the same collection"),
    ],
)
def test_a_folder_that_is_no_dump_is_a_wrong_call(db, dump, capsys, files, complaint):
    for name, text in files.items():
        (dump / name).write_text(text)

    assert execute(["load", str(dump)]) == 2

    output = capsys.readouterr()
    assert complaint in output.err
    assert output.err.count("\n") == 1
    assert output.out == ""


def test_45_thousand_exposures_load_in_seconds(db, dump, capsys, shared_data):
    (dump / "feeditems.jsonl.gz").write_bytes((shared_data / "deskdrop" / "feeditems.jsonl.gz").read_bytes())
    started = process_time()

    counts = load(dump, capsys)["feeditems"]

    assert counts["inserted"] == 45_147
    assert process_time() - started < 8  # 2 s on a free machine; the wall clock knows other work too


def test_simulated_files_load_back_as_the_simulated_database(db, tmp_path: Path, capsys):
    options = ["--users", "60", "--days", "2", "--seed", "4"]
    assert execute(["simulate", *options, "--out", str(tmp_path / "out")]) == 0
    assert execute(["load", str(tmp_path / "out")]) == 0
    loaded = everything(db)

    assert execute(["simulate", *options, "--drop", "--yes-drop", db.app.name]) == 0

    assert everything(db) == loaded
    assert len(loaded["feeditems"]) > 100


def test_same_seed_writes_the_same_files(tmp_path: Path, capsys):
    options = ["--users", "40", "--days", "1", "--seed", "4"]
    for name in ("a", "b"):
        assert execute(["simulate", *options, "--out", str(tmp_path / name)]) == 0

    first = {file.name: file.read_bytes() for file in (tmp_path / "a").iterdir()}
    assert first == {file.name: file.read_bytes() for file in (tmp_path / "b").iterdir()}
    assert "truth.jsonl" in first
