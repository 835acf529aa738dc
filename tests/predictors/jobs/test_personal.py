"""Personal ranking on a real database: the columns of training, every id answered, levels that fail, variants."""

import io
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from bson import ObjectId

from features.countries import COUNTRIES
from features.fingerprint import fingerprint
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, Rows, build
from features.ranking.history import assemble
from features.ranking.indexes import build_index
from features.ranking.member_columns import EFFECT_COLUMNS
from handlers.predictors import personalize_content_predictor, serving_snapshot
from lab.simulate import Config as Community
from predictors.jobs import personal, snapshot
from predictors.jobs.viewer import build_request, no_late_posts, read_viewer_records
from predictors.personal.assignment import assign_variant
from predictors.snapshot.snapshot import from_bytes, to_bytes
from store.inputs import event_log, viewer
from store.outputs import models
from tests.golden.worlds import simulated
from trainers.boosters import Growth, fit

COMMUNITY = Community(users=150, days=5, seed=5)
NOW = COMMUNITY.until - timedelta(hours=6)
NOW_MS = int(NOW.timestamp() * 1000)
QUICK = Growth(rounds=6, depth=3, child_weight=1.0)


@pytest.fixture(scope="module")
def world(uri):
    """A community with its snapshot, its log, and what training knows of it."""
    with simulated(uri, COMMUNITY) as db:
        since = NOW - timedelta(days=60)
        snapshot.publish_snapshot(db, NOW)
        history = assemble(event_log.read_log(db, since, NOW, COUNTRIES), event_log.read_labels(db, since, NOW))
        accounts = [str(each["_id"]) for each in db.app.accounts.find({"isGuest": False}).sort("_id", 1)]
        contents = [str(each["_id"]) for each in db.app.contents.find({"visibility": "publish"}).sort("_id", 1)]
        community = snapshot.Community(snapshot.take_from_log(db, NOW)[0])
        yield SimpleNamespace(
            db=db, history=history, known=build_index(history), community=community, members=accounts, contents=contents
        )


@pytest.fixture
def trained(world):
    """The world with boosters of every level and the first member's own model; they go after the test."""
    for name, artifacts in ladder_of(world).items():
        models.save(world.db, name, artifacts, NOW)
    yield world
    for name in ("mlArtifacts", "mlArtifacts_country", "mlArtifacts_global", "configurations"):
        world.db.analytics.drop_collection(name)


def ladder_of(world):
    rows = rows_of(world, 0, np.arange(len(world.history.contents.id)))
    matrix = build(world.known, rows, MEMBER_COLUMNS)
    matrix = matrix + np.random.default_rng(1).random(matrix.shape, dtype=np.float32)
    label = (np.random.default_rng(2).random(len(matrix)) < 0.3).astype(np.float64)
    guest, member = (
        fit(np.ascontiguousarray(matrix[:, : len(columns)]), label, np.ones(len(label)), None, QUICK)
        for columns in (GUEST_COLUMNS, MEMBER_COLUMNS)
    )
    return {
        "mlArtifacts_global": [
            models.Artifact("global", "guest", guest, "ubj", GUEST_COLUMNS, fingerprint(GUEST_COLUMNS), None),
            *(
                models.Artifact(continent, "guest", guest, "ubj", GUEST_COLUMNS, fingerprint(GUEST_COLUMNS), "global")
                for continent in ("asia", "europe")
            ),
            models.Artifact("members", "member", member, "ubj", MEMBER_COLUMNS, fingerprint(MEMBER_COLUMNS), "global"),
        ],
        "mlArtifacts_country": [
            models.Artifact("th", "guest", guest, "ubj", GUEST_COLUMNS, fingerprint(GUEST_COLUMNS), "asia")
        ],
        "mlArtifacts": [own_model(world.members[0], np.linspace(-0.3, 0.3, len(EFFECT_COLUMNS)))],
    }


def own_model(account, weights):
    file = io.BytesIO()
    np.save(file, weights.astype(np.float32), allow_pickle=False)
    return models.Artifact(
        ObjectId(account), "personal", file.getvalue(), "npy", EFFECT_COLUMNS, fingerprint(EFFECT_COLUMNS), "members"
    )


def rows_of(world, account, content):
    size = len(content)
    country = world.history.country[account]
    return Rows(content, np.full(size, account), np.full(size, country), np.full(size, NOW_MS))


def row_of(world, account):
    return int(np.flatnonzero(world.history.account_id == bytes.fromhex(account))[0])


def ask(world, account, contents=None, **more):
    event = {"accountId": account, **({} if contents is None else {"contents": contents}), **more}
    return personal.rank(world.db, NOW, personal.parse_query(event))


def request_for(world, account):
    records = read_viewer_records(world.db, ObjectId(account), viewer.read_account(world.db, ObjectId(account)), NOW)
    return build_request(world.community, records, no_late_posts(world.community), NOW, as_guest=False)


def test_serving_has_the_columns_of_training(world):
    live = np.flatnonzero(world.history.contents.created_ms <= NOW_MS)
    compared = 0

    for account in world.members[::7]:
        request = request_for(world, account)
        served = request.matrix(live)
        trained = build(world.known, rows_of(world, row_of(world, account), live), MEMBER_COLUMNS)
        compared += int(trained[:, MEMBER_COLUMNS.index("userViewed")].any())

        for place, name in enumerate(MEMBER_COLUMNS):
            np.testing.assert_allclose(served[:, place], trained[:, place], rtol=1e-4, atol=1e-5, err_msg=name)

    assert compared > 10


def test_a_snapshot_survives_its_bytes(world):
    taken, _ = snapshot.take_from_log(world.db, NOW)

    again = from_bytes(to_bytes(taken))

    assert to_bytes(again) == to_bytes(taken)
    assert len(again.live) == len(taken.live) > 100


def test_every_id_gets_a_number(trained):
    unknown, known = str(ObjectId()), trained.contents[:20]
    asked = [*known, unknown, known[0]]

    result = ask(trained, trained.members[0], asked)["result"]

    assert set(result) == set(asked)
    assert all(isinstance(each, float) and 0 <= each <= 1 for each in result.values())
    assert result[unknown] == 0 < min(result[each] for each in known)


def test_a_content_after_the_snapshot_is_scored_from_its_document(trained):
    author = trained.db.app.users.find_one()["_id"]
    post = {"_id": ObjectId(), "author": {"id": author}, "visibility": "publish", "createdAt": NOW, "hashtags": ["New"]}
    trained.db.app.contents.insert_one(post)

    result = ask(trained, trained.members[0], [str(post["_id"]), trained.contents[0]], explain=True)

    assert result["result"][str(post["_id"])] > 0
    assert result["reasons"][str(post["_id"])]["sentences"]
    trained.db.app.contents.delete_one({"_id": post["_id"]})


def test_contents_that_were_deleted_since_the_training_leave_the_lists_and_keep_their_plain_score(trained):
    who = trained.members[0]
    gone = [each["content"] for each in ask(trained, who)["items"][:3]]
    before = ask(trained, who, gone)["result"]
    deleted = list(trained.db.app.contents.find({"_id": {"$in": [ObjectId(each) for each in gone]}}))
    trained.db.app.contents.delete_many({"_id": {"$in": [each["_id"] for each in deleted]}})

    listed, asked = ask(trained, who), ask(trained, who, gone)["result"]

    trained.db.app.contents.insert_many(deleted)
    assert not set(gone) & {each["content"] for each in listed["items"]}
    assert len(listed["items"]) == 20
    assert asked == pytest.approx(before)


def test_an_unknown_account_is_a_guest_of_the_world(trained):
    answer = ask(trained, str(ObjectId()), trained.contents[:5], explain=True)

    levels = {level for each in answer["reasons"].values() for level in each["levels"]}
    assert levels == {"world"}
    assert len(answer["result"]) == 5


def test_without_any_model_the_content_score_ranks(world):
    post = world.db.app.contents.find_one({"_id": ObjectId(world.contents[-5])})
    age_hours = (NOW - post["createdAt"]).total_seconds() / 3600

    answer = ask(world, world.members[0], [world.contents[-5]], explain=True)

    reasons = answer["reasons"][world.contents[-5]]
    engaged = next((e["value"] for e in reasons["contributions"] if e["column"] == "engagements"), 0.0)
    odds = (engaged + 1) * 2 ** (-age_hours / 24)
    assert answer["result"][world.contents[-5]] == pytest.approx(odds / (1 + odds), rel=1e-3)


def test_a_damaged_level_is_left_out_and_counted(trained):
    before = ask(trained, trained.members[1], trained.contents[:5])
    key = {"account": "members"}
    trained.db.analytics.mlArtifacts_global.update_one(key, {"$set": {"artifact": b"x", "checksum": "another"}})

    after = ask(trained, trained.members[1], trained.contents[:5])

    assert before["result"] != after["result"]
    assert "refused" not in before
    assert list(after["refused"].values()) == [1]


@pytest.mark.parametrize("stored", [{"$set": {"fingerprint": "0123456789abcdef"}}, {"$unset": {"fingerprint": ""}}])
@pytest.mark.parametrize(
    ("name", "key", "named"),
    [
        ("mlArtifacts_global", {"account": "global"}, "guest of global"),
        ("mlArtifacts_global", {"account": "members"}, "member of members"),
        ("mlArtifacts_country", {"account": "th"}, "guest of th"),
        ("mlArtifacts", {}, "personal of "),
    ],
)
def test_a_level_with_another_fingerprint_is_left_out_with_the_remedy(trained, name, key, named, stored):
    who = next(account for account in trained.members if country_of(trained, account) == "th")
    models.save(trained.db, "mlArtifacts", [own_model(who, np.linspace(-0.3, 0.3, len(EFFECT_COLUMNS)))], NOW)
    levels = trained.db.analytics[name]
    saved = levels.find_one({**key, **({} if key else {"account": ObjectId(who)})})

    levels.update_one({"_id": saved["_id"]}, stored)
    refused = ask(trained, who, trained.contents[-9:])
    levels.delete_one({"_id": saved["_id"]})
    missing = ask(trained, who, trained.contents[-9:])

    ((reason, count),) = refused["refused"].items()
    assert reason.startswith(named)
    assert reason.endswith("train again: feedpulse run daily")
    assert count == 1
    assert refused["result"] == missing["result"]  # the levels above answer


def country_of(world, account):
    document = world.db.app.accounts.find_one({"_id": ObjectId(account)})
    return (document.get("geolocation") or {}).get("countryCode")


def test_own_weights_of_another_shape_are_left_out_and_counted(trained):
    account = trained.members[2]
    models.save(trained.db, "mlArtifacts", [own_model(account, np.zeros(3))], NOW)

    answer = ask(trained, account, trained.contents[:5])

    assert len(answer["refused"]) == 1
    assert len(answer["result"]) == 5


def test_a_snapshot_of_after_the_clock_is_not_looked_at(world):
    earlier = NOW - timedelta(days=1)
    young = str(world.db.app.contents.find_one({"createdAt": {"$gt": earlier}})["_id"])

    answer = personal.rank(
        world.db, earlier, personal.parse_query({"accountId": world.members[0], "contents": [young]})
    )

    assert answer["result"] == {young: 0.0}


def test_a_variant_without_personal_levels_is_scored_as_its_country(trained):
    halves = [{"name": "a", "share": 0.5, "personal": True}, {"name": "b", "share": 0.5, "personal": False}]
    trained.db.analytics.configurations.insert_one({"_id": "ranking", "variants": halves})
    guests = [each for each in trained.members if assign_variant(each, "ranking", 0, halves)["name"] == "b"]

    answer = ask(trained, guests[0], trained.contents[:3], explain=True)

    assert answer["variant"] == "b"
    assert not {"members", "own"} & set(answer["reasons"][trained.contents[0]]["levels"])
    assert 0.3 < len(guests) / len(trained.members) < 0.7


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "accountId"),
        ({"accountId": "x"}, "accountId"),
        ({"contents": "abc"}, "contents"),
        ({"contents": [str(ObjectId()), "xyz"]}, r"contents\[1\]"),
        ({"limit": 0}, "limit"),
        ({"limit": True}, "limit"),
        ({"explain": "yes"}, "explain"),
    ],
)
def test_a_bad_event_names_its_field(event, field):
    account = {"accountId": str(ObjectId())} if event and "accountId" not in event else {}

    with pytest.raises(ValueError, match=field):
        personal.parse_query({**account, **event})


def test_an_empty_database_harms_nothing(db):
    counts = serving_snapshot({"time": NOW.isoformat()}, None)
    event = {"accountId": str(ObjectId()), "time": NOW.isoformat()}

    asked = personalize_content_predictor({**event, "contents": [str(ObjectId())]}, None)
    gathered = personalize_content_predictor(event, None)

    assert counts["live"] == 0
    assert list(asked["result"].values()) == [0.0]
    assert gathered["items"] == []
    assert db.analytics.servingSnapshot.count_documents({}) == 0


def test_a_broken_snapshot_is_made_good(world):
    expected = ask(world, world.members[3], world.contents[:20])["result"]
    header = world.db.analytics.servingSnapshot.find_one({"_id": 0})
    world.db.analytics.servingSnapshot.update_one({"_id": 0}, {"$set": {"version": "0" * 64}})

    answer = ask(world, world.members[3], world.contents[:20])

    world.db.analytics.servingSnapshot.replace_one({"_id": 0}, header)
    assert answer["result"] == pytest.approx(expected)


def test_shares_of_variants_are_kept():
    variants = [{"name": "a", "share": 1}, {"name": "b", "share": 3}]

    names = [assign_variant(str(number), "ranking", 1, variants)["name"] for number in range(4_000)]

    assert names.count("b") / len(names) == pytest.approx(0.75, abs=0.03)
    assert names == [assign_variant(str(number), "ranking", 1, variants)["name"] for number in range(4_000)]


def test_a_new_version_shares_the_accounts_anew():
    halves = [{"name": "a", "share": 1}, {"name": "b", "share": 1}]

    first, second = (
        [assign_variant(str(n), "ranking", version, halves)["name"] for n in range(4_000)] for version in (1, 2)
    )

    of_a = [name for before, name in zip(first, second, strict=True) if before == "a"]
    assert of_a.count("a") / len(of_a) == pytest.approx(0.5, abs=0.03)


def test_only_this_members_past_makes_a_difference_to_the_personal_columns(world):
    request = request_for(world, world.members[0])
    stranger = replace(request, viewer=replace(request.viewer, followed=request.viewer.followed[:0]))
    live = request.snapshot.live[:50]

    place = MEMBER_COLUMNS.index("follows")

    assert not stranger.matrix(live)[:, place].any()
    np.testing.assert_array_equal(stranger.matrix(live)[:, :place], request.matrix(live)[:, :place])


def test_ids_in_extended_json_answer_as_plain_ids(trained):
    content = trained.contents[0]

    written = ask(trained, trained.members[0], [{"$oid": content}])["result"]

    assert written == ask(trained, trained.members[0], [content])["result"]
    assert list(written) == [content]
