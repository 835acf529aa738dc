import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

import store
from store.outputs import models
from store.outputs.models import Artifact, ArtifactError

NAME, MODEL, FEATURES = "mlArtifacts_country", "guest", ("likeCount", "ageScore")
FIRST = datetime(2026, 1, 15, tzinfo=UTC)
FINGERPRINT = "0123456789abcdef"
THAILAND = Artifact("th", MODEL, b"one", "ubj", FEATURES, FINGERPRINT, "asia", {"rows": 7})


def save(db, artifact=THAILAND, day=0):
    return models.save(db, NAME, [artifact], FIRST + timedelta(days=day))


def load(db, features=FEATURES, fingerprint=FINGERPRINT, **condition):
    return list(models.load(db, NAME, MODEL, features, fingerprint, condition))


def current(db):
    (found,) = load(db)
    return found.artifact, found.version


def test_what_was_saved_comes_back(db):
    assert save(db) == 1

    assert load(db) == [replace(THAILAND, version=1, trained_at=FIRST)]


def test_accounts_and_models_stand_beside_each_other(db):
    member = ObjectId()
    several = [
        THAILAND,
        replace(THAILAND, account="la"),
        replace(THAILAND, model="other"),
        replace(THAILAND, account=member),
    ]

    saved = models.save(db, NAME, several, FIRST)

    assert saved == 4
    assert {each.account for each in load(db)} == {"th", "la", member}
    assert [each.account for each in load(db, account={"$in": ["la"]})] == ["la"]


def test_nothing_to_save_saves_nothing(db):
    assert models.save(db, NAME, [], FIRST) == 0


def test_more_than_a_batch_is_saved(db):
    many = [replace(THAILAND, account=f"{number}") for number in range(2_001)]

    assert models.save(db, NAME, many, FIRST) == 2_001
    assert len(load(db)) == 2_001


@pytest.mark.parametrize(
    "change",
    [{"artifact": b"two"}, {"artifact": None}, {"artifact": "text"}, {"checksum": "0" * 64}, {"checksum": None}],
    ids=str,
)
def test_bytes_that_do_not_fit_their_checksum_are_refused(db, change):
    save(db)
    db.analytics[NAME].update_one({}, {"$set": change})

    with pytest.raises(ArtifactError, match="guest of th: the checksum"):
        load(db)


@pytest.mark.parametrize("features", [("ageScore", "likeCount"), ("likeCount",), (*FEATURES, "new"), ()], ids=str)
def test_a_model_of_other_columns_is_refused(db, features):
    save(db)

    with pytest.raises(ArtifactError, match="guest of th: trained on other columns"):
        load(db, features)


def test_a_model_of_columns_with_another_fingerprint_is_refused_with_the_remedy(db):
    save(db)

    with pytest.raises(ArtifactError, match=r"guest of th: .*0123456789abcdef, they have new now; train again: feed"):
        load(db, fingerprint="new")


def test_a_model_without_a_fingerprint_is_refused_with_the_remedy(db):
    save(db)
    db.analytics[NAME].update_one({}, {"$unset": {"fingerprint": ""}})

    with pytest.raises(ArtifactError, match=r"guest of th: .*fingerprint unknown.*train again: feedpulse run daily"):
        load(db)


@pytest.mark.parametrize("before", ["of before", None])
def test_a_rollback_brings_the_fingerprint_of_the_version_back(db, before):
    save(db, replace(THAILAND, fingerprint="of before"))
    save(db, replace(THAILAND, artifact=b"two"), day=1)
    if before is None:  # stored before there were fingerprints
        db.analytics[NAME].update_one({}, {"$unset": {"previous.fingerprint": ""}})

    models.roll_back(db, NAME, {})
    back = db.analytics[NAME].find_one()
    models.roll_back(db, NAME, {})

    assert back["fingerprint"] == before
    assert back["artifact"] == b"one"
    assert current(db) == (b"two", 2)


@given(artifact=st.binary(min_size=1, max_size=40), data=st.data())
def test_every_change_of_a_byte_is_refused(artifact, data):
    (pipeline,) = [models._stored(replace(THAILAND, artifact=artifact), FIRST)]
    document = {**pipeline[1]["$set"], "account": "th", "model": MODEL, "artifact": artifact, "version": 1}
    document["features"] = list(FEATURES)
    place = data.draw(st.integers(0, len(artifact) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != artifact[place]))

    changed = artifact[:place] + bytes([other]) + artifact[place + 1 :]

    assert models.check(document, FEATURES, FINGERPRINT).artifact == artifact
    for wrong in (changed, artifact[:-1], artifact + b"\0"):
        with pytest.raises(ArtifactError):
            models.check({**document, "artifact": wrong}, FEATURES, FINGERPRINT)


def test_the_same_training_again_replaces_itself(db):
    save(db)
    before = list(db.analytics[NAME].find())

    save(db)
    assert list(db.analytics[NAME].find()) == before

    save(db, replace(THAILAND, artifact=b"mended"))
    assert current(db) == (b"mended", 1)
    assert models.roll_back(db, NAME, {}) == 0  # there is nothing before it


def test_a_later_training_keeps_the_one_before_it(db):
    save(db)
    save(db, replace(THAILAND, artifact=b"two"), day=1)
    save(db, replace(THAILAND, artifact=b"two, mended"), day=1)

    assert current(db) == (b"two, mended", 2)
    assert models.roll_back(db, NAME, {}) == 1
    assert current(db) == (b"one", 1)


def test_rolling_back_twice_goes_forward_again(db):
    save(db)
    save(db, replace(THAILAND, artifact=b"two", parent="global"), day=1)
    before = list(db.analytics[NAME].find())

    models.roll_back(db, NAME, {})
    models.roll_back(db, NAME, {})

    assert list(db.analytics[NAME].find()) == before


def test_only_the_accounts_asked_for_are_rolled_back(db):
    laos = replace(THAILAND, account="la")
    for day in (0, 1):
        models.save(
            db, NAME, [replace(each, artifact=bytes([day])) for each in (THAILAND, laos)], FIRST + timedelta(day)
        )

    assert models.roll_back(db, NAME, {"account": "la"}) == 1
    assert {each.account: each.artifact for each in load(db)} == {"th": b"\1", "la": b"\0"}


def test_a_training_after_a_rollback_has_a_version_of_its_own(db):
    save(db)
    save(db, replace(THAILAND, artifact=b"two"), day=1)
    models.roll_back(db, NAME, {})

    save(db, replace(THAILAND, artifact=b"three"), day=2)

    assert current(db) == (b"three", 3)
    models.roll_back(db, NAME, {})
    assert current(db) == (b"one", 1)


def test_reports_and_names_that_look_like_operators_are_kept_as_they_are(db):
    odd = replace(THAILAND, report={"why": "$version", "list": ["$$ROOT"]}, parent="$account", features=("$likeCount",))

    save(db, odd)

    (found,) = models.load(db, NAME, MODEL, ("$likeCount",), FINGERPRINT, {})
    assert (found.report, found.parent) == ({"why": "$version", "list": ["$$ROOT"]}, "$account")


def test_nothing_in_the_project_unpickles():
    root = Path(store.__file__).parents[1]
    stages = ("store", "features", "trainers", "predictors", "fraud", "handlers", "ops", "panel")
    code = [path.read_text() for stage in stages for path in (root / stage).rglob("*.py")]
    imported = {
        name.split(".")[0]
        for text in code
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }

    assert imported & {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"} == set()
    assert not any("allow_pickle=True" in text for text in code)
