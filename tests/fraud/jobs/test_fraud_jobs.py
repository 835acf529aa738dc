"""The four jobs on a real database."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from fraud.features.behaviour import FEATURES
from fraud.fingerprint import fingerprint
from fraud.jobs.extraction import Extraction, _since, extract_features
from fraud.jobs.prediction import Prediction, _period, predict_fraud
from fraud.jobs.training import Training, _thinned, train_detectors
from fraud.jobs.verdicts import copy_verdicts
from fraud.models.dataset import Sample
from handlers import fraud
from lab.evaluate.attacks import people
from lab.simulate.reading import Reading
from store.client import Databases
from store.ids import ObjectId
from store.inputs.dwell_log import latest_exposures
from store.outputs.fraud_cases import likely_bot_accounts
from tests.fraud.conftest import NEW_YEAR, NOW, Insert, community, of_seconds

DESIGN_FEATURES = (
    "postReadingTimeAbsSkew",
    "postReadingTimeAbsKurt",
    "postReadingTimeNormStd",
    "postReadingTimeDifferenceNormStd",
)
DAY = timedelta(days=1)
BOT, HUMAN, UNVERIFIED = 1, 0, -1


def stream(*pairs: tuple[float, float]) -> Reading:
    return Reading(np.array([seen for seen, _ in pairs]), np.array([stayed for _, stayed in pairs]))


def steady(n: int, begin: float = 0.0) -> Reading:
    return stream(*((begin + 10.0 * place, 1.0 + place % 7) for place in range(n)))


def contents(db: Databases, name: str, without: tuple[str, ...] = ("_id", "createdAt", "updatedAt")) -> list[Any]:
    """Every document, in order, without the fields that tell when it was written."""
    documents = db.analytics[name].find().sort([("seenCredential", 1), ("lastSeenAt", 1)])
    return [{key: value for key, value in each.items() if key not in without} for each in documents]


def cut(readings: Reading, share: float) -> Reading:
    n = int(len(readings.seen_seconds) * share)
    return Reading(readings.seen_seconds[:n], readings.duration_seconds[:n])


def test_extraction_writes_the_named_numbers_of_the_latest_500_readings(db: Databases, insert: Insert) -> None:
    (credential,) = insert([steady(620)])

    counts = extract_features(db, NOW)

    document = db.analytics.credentialfeatures.find_one({"seenCredential": credential})
    latest = of_seconds(([10.0 * place for place in range(120, 620)], [1.0 + place % 7 for place in range(120, 620)]))
    from fraud.features.design import design_features

    expected = design_features(latest)
    assert counts["readings"] == document["count"] == 500
    numbers = [expected[name][0] for name in DESIGN_FEATURES]
    assert [document[name] for name in DESIGN_FEATURES] == pytest.approx(numbers, rel=1e-9, abs=1e-9)
    assert document["lastSeenAt"] == NEW_YEAR + timedelta(seconds=6190)


def test_under_thirty_readings_a_credential_is_kept_marked_and_never_judged(db: Databases, insert: Insert) -> None:
    insert([*people(60, 40, np.random.default_rng(1)).streams, steady(29), steady(1)])
    extract_features(db, NOW)
    train_detectors(db, NOW)

    counts = predict_fraud(db, NOW)

    few = list(db.analytics.credentialfeatures.find({"judged": False}))
    assert sorted(each["count"] for each in few) == [1, 29]
    assert not any("fraudScore" in each for each in few)
    assert counts["tooFew"] == 2


def test_readings_that_end_before_they_begin_are_left_out_and_counted(db: Databases, insert: Insert) -> None:
    (credential,) = insert([stream(*((10.0 * place, -5.0 if place in (3, 9) else 2.0) for place in range(40)))])

    counts = extract_features(db, NOW, Extraction(most=35))

    assert counts["rejected"] == {"offScreenAt before seenAt": 1}
    assert latest_exposures(db, [credential], NOW, 500).counts.tolist() == [38]
    assert db.analytics.credentialfeatures.find_one({})["count"] == 35


def test_what_is_mistyped_or_later_than_the_clock_is_no_reading(db: Databases, insert: Insert) -> None:
    (credential,) = insert([steady(40)])
    bad: list[dict[str, Any]] = [
        {"seenAt": "now"},
        {"offScreenAt": None},
        {"seenAt": NOW + DAY, "offScreenAt": NOW + 2 * DAY},
    ]
    base = {"seenCredential": credential, "seenAt": NEW_YEAR, "offScreenAt": NEW_YEAR}
    db.app.feeditems.insert_many([base | each for each in bad] + [{"seenAt": NEW_YEAR}, {"seenCredential": "x"}])

    extract_features(db, NOW)

    assert [each["count"] for each in contents(db, "credentialfeatures")] == [40]


def test_older_spellings_of_the_fields_are_read_too(db: Databases, insert: Insert) -> None:
    names = [
        None,
        {"seenCredential": "seenUUID"},
        {"offScreenAt": "offViewAt"},
        {"seenCredential": "seenUUID", "offScreenAt": "offViewAt"},
    ]
    for each in names:
        insert([steady(40)], each)

    extract_features(db, NOW)

    found = contents(db, "credentialfeatures")
    assert len(found) == 4
    assert len({tuple(each[name] for name in DESIGN_FEATURES) for each in found}) == 1


def test_a_change_of_spelling_in_between_does_not_split_a_credential(db: Databases, insert: Insert) -> None:
    (credential,) = insert([steady(40)])
    (older,) = insert([steady(30, begin=-1000.0)], {"seenCredential": "seenUUID"})
    db.app.feeditems.update_many({"seenUUID": older}, {"$set": {"seenUUID": credential}})

    extract_features(db, NOW, Extraction(most=50))

    assert [each["count"] for each in contents(db, "credentialfeatures")] == [50]


def test_incremental_equals_full(db: Databases, insert: Insert) -> None:
    readers = people(12, 90, np.random.default_rng(3)).streams
    insert(readers)
    ends = sorted(float(each.seen_seconds[-1]) for each in readers)
    clocks = [NEW_YEAR + timedelta(seconds=end + 3600) for end in (ends[3], ends[7])] + [NOW]
    for clock in clocks:
        extract_features(db, clock)
    newest = {each["seenCredential"]: each for each in contents(db, "credentialfeatures")}

    db.analytics.credentialfeatures.drop()
    db.analytics.watermarks.drop()
    extract_features(db, NOW)

    assert {each["seenCredential"]: each for each in contents(db, "credentialfeatures")} == newest


def test_an_unchanged_database_is_not_scanned(db: Databases, insert: Insert) -> None:
    insert([steady(60), steady(60, begin=86_400 * 3)])
    extract_features(db, NEW_YEAR + 10 * DAY)

    again = extract_features(db, NEW_YEAR + 20 * DAY)

    assert again["credentials"] == 0
    (sample,) = db.app.feeditems.aggregate(
        [{"$indexStats": {}}, {"$match": {"name": "offScreenAt_1_seenCredential_1"}}]
    )
    assert sample["accesses"]["ops"] > 0


def test_the_same_event_twice_writes_the_same_documents(db: Databases, insert: Insert) -> None:
    readers = community(70, 8, 60)
    insert(readers.streams)

    for job in (extract_features, train_detectors, predict_fraud):
        job(db, NOW)
    first = [contents(db, "credentialfeatures", ()), *detectors_and_cases(db)]
    for job in (extract_features, train_detectors, predict_fraud):
        job(db, NOW)

    assert [contents(db, "credentialfeatures", ()), *detectors_and_cases(db)] == first


def detectors_and_cases(db: Databases) -> list[Any]:
    detectors = list(db.analytics.frauddetectionmlartifacts.find().sort("_id", 1))
    return [detectors, list(db.app.suspiciouscredentials.find().sort("_id", 1))]


def test_an_empty_database_harms_nothing(db: Databases) -> None:
    assert extract_features(db, NOW)["credentials"] == 0
    assert train_detectors(db, NOW)["trained"] == 0
    assert predict_fraud(db, NOW)["judged"] == 0
    assert copy_verdicts(db, NOW)["bots"] == 0


@pytest.fixture
def moderated(db: Databases, insert: Insert) -> dict[ObjectId, bool]:
    """Features of people and bots, half of them under a moderator's verdict; gives who is a bot."""
    readers = community(160, 14, 80)
    credentials = insert(readers.streams)
    truth = dict(zip(credentials, (readers.family != "human").tolist(), strict=True))
    extract_features(db, NOW)
    verdicts = [
        {"seenCredential": each, "verificationStatus": truth[each], "verifiedAt": NOW} for each in credentials[::2]
    ]
    db.app.suspiciouscredentials.insert_many(verdicts)
    copy_verdicts(db, NOW)
    return truth


def test_the_loop_from_readings_to_cases_finds_unverified_bots(db: Databases, moderated: dict[ObjectId, bool]) -> None:
    trained = train_detectors(db, NOW)
    predict_fraud(db, NOW, Prediction(audit_share=0))

    suspects = list(db.app.suspiciouscredentials.find({"status": "open"}))
    right = [moderated[each["seenCredential"]] for each in suspects]
    unverified_bots = sum(moderated.values()) - trained["bots"]
    assert trained["trained"] == 4
    assert unverified_bots > 10
    assert sum(right) >= 0.5 * unverified_bots
    assert right.count(False) <= 3
    assert all(each["reasons"] and each["score"] >= 0.99 for each in suspects)
    served = db.analytics.frauddetectionmlartifacts.find_one({"served": True})
    assert served["reason"].startswith("best mean of recall")
    assert db.analytics.frauddetectionmlartifacts.find_one({"model": "design_pca"})["evaluationReport"]["auc"] > 0


def test_a_detector_with_another_fingerprint_scores_nobody_and_a_new_training_serves(
    db: Databases, moderated: dict[ObjectId, bool]
) -> None:
    train_detectors(db, NOW - DAY)
    detectors = db.analytics.frauddetectionmlartifacts
    detectors.update_many({}, {"$set": {"fingerprint": "0123456789abcdef"}})

    with pytest.raises(ValueError, match=r"fingerprint 0123456789abcdef, .*train again: feedpulse run daily"):
        predict_fraud(db, NOW)
    scored_before = db.analytics.credentialfeatures.count_documents({"fraudScore": {"$exists": True}})
    train_detectors(db, NOW)

    assert scored_before == 0
    assert predict_fraud(db, NOW)["scored"] > 0
    assert detectors.find_one({"served": True, "trainedAt": NOW})["fingerprint"] == fingerprint()


def test_a_second_run_opens_no_second_case(db: Databases, moderated: dict[ObjectId, bool]) -> None:
    train_detectors(db, NOW)
    first = predict_fraud(db, NOW)

    again = predict_fraud(db, NOW + timedelta(hours=1))

    assert first["opened"] > 0
    assert (again["opened"], again["scored"]) == (0, 0)


def test_a_fresh_verdict_opens_no_case_until_it_has_cooled_down(db: Databases, moderated: dict[ObjectId, bool]) -> None:
    train_detectors(db, NOW)
    early = predict_fraud(db, NOW + 29 * DAY, Prediction(audit_share=0))

    late = predict_fraud(db, NOW + 31 * DAY, Prediction(audit_share=0))

    assert early["coolingDown"] > 0
    assert late["coolingDown"] == 0
    reopened = db.app.suspiciouscredentials.count_documents({"status": "open", "createdAt": NOW + 31 * DAY})
    assert reopened == late["opened"] > 0


def test_the_audit_sample_is_marked_and_told_as_such(db: Databases, insert: Insert) -> None:
    insert(people(80, 60, np.random.default_rng(2)).streams)
    extract_features(db, NOW)
    train_detectors(db, NOW)

    counts = predict_fraud(db, NOW, Prediction(audit_share=0.2))

    drawn = list(db.app.suspiciouscredentials.find({"source": "audit"}))
    assert 5 <= len(drawn) <= 30
    assert counts["audits"] >= len(drawn)
    assert all(each["reasons"] == ["drawn by lot for a check, whatever its score"] for each in drawn)


def test_a_verdict_reaches_the_features_and_the_next_training(db: Databases, moderated: dict[ObjectId, bool]) -> None:
    bots = sum(list(moderated.values())[::2])

    counts = train_detectors(db, NOW)

    assert counts["bots"] == bots
    assert db.app.suspiciouscredentials.count_documents({"status": "closed"}) == len(moderated) / 2


def test_a_verdict_that_changes_is_copied_again(db: Databases, moderated: dict[ObjectId, bool]) -> None:
    case = db.app.suspiciouscredentials.find_one({"verificationStatus": True})
    changed = {"verificationStatus": False, "verifiedAt": NOW + DAY}
    db.app.suspiciouscredentials.update_one({"_id": case["_id"]}, {"$set": changed})

    counts = copy_verdicts(db, NOW + 2 * DAY)

    assert (counts["bots"], counts["humans"]) == (0, 1)
    features = db.analytics.credentialfeatures.find_one({"seenCredential": case["seenCredential"]})
    assert features["verificationStatus"] is False


@pytest.mark.parametrize("write", [1, 2, 3])
def test_a_run_killed_at_any_write_loses_no_verdict(db: Databases, insert: Insert, write: int) -> None:
    credentials = insert([steady(40), steady(41)])
    extract_features(db, NOW)
    verdicts = [{"seenCredential": each, "verificationStatus": True, "verifiedAt": NOW} for each in credentials]
    db.app.suspiciouscredentials.insert_many(verdicts)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(write)], env=os.environ, check=False, timeout=60)

    copy_verdicts(db, NOW)

    assert killed.returncode == 9
    assert db.analytics.credentialfeatures.count_documents({"verificationStatus": True}) == 2
    assert db.app.suspiciouscredentials.count_documents({"status": "closed"}) == 2


KILLED = """
import os, sys
from pymongo import monitoring

class Kill(monitoring.CommandListener):
    left = int(sys.argv[1])
    def started(self, event):
        if event.command_name == "update":
            Kill.left -= 1
            if Kill.left == 0:
                os._exit(9)
    def succeeded(self, event): pass
    def failed(self, event): pass

from datetime import UTC, datetime
from fraud.jobs.verdicts import copy_verdicts
from store.client import connect

db = connect(os.environ["MONGODB_URI"], os.environ["DB_PREFIX"], event_listeners=[Kill()])
copy_verdicts(db, datetime(2027, 2, 5, tzinfo=UTC))
"""


def test_a_verdict_without_features_waits_for_them(db: Databases, insert: Insert) -> None:
    credential = ObjectId()
    verdict = {"seenCredential": credential, "verificationStatus": True, "verifiedAt": NOW}
    db.app.suspiciouscredentials.insert_many([verdict, {"seenCredential": credential, "verificationStatus": "yes"}])

    counts = copy_verdicts(db, NOW)

    assert (counts["waiting"], counts["rejected"]) == (1, {"verificationStatus": 1})
    assert db.app.suspiciouscredentials.count_documents({"status": "closed"}) == 0


@pytest.mark.parametrize("shape", ["documentKey", "fullDocument"])
def test_a_change_event_copies_the_verdict_of_its_case_only(db: Databases, insert: Insert, shape: str) -> None:
    credentials = insert([steady(40), steady(41)])
    extract_features(db, NOW)
    verdicts = [{"seenCredential": each, "verificationStatus": False, "verifiedAt": NOW} for each in credentials]
    first, _ = db.app.suspiciouscredentials.insert_many(verdicts).inserted_ids
    event = {"time": NOW.isoformat(), "detail": {shape: {"_id": {"$oid": str(first)}}}}

    counts = fraud.feature_updater(event)

    assert counts["humans"] == 1
    assert fraud.feature_updater({"time": NOW.isoformat()})["humans"] == 1


def test_an_event_without_a_proper_id_is_refused_by_name(db: Databases) -> None:
    with pytest.raises(ValueError, match=r"documentKey\._id"):
        fraud.feature_updater({"detail": {"documentKey": {"_id": {"$gt": ""}}}})


def test_likely_bots_are_those_of_the_score_unless_a_moderator_says_otherwise(db: Databases) -> None:
    credentials, accounts = [ObjectId() for _ in range(4)], [ObjectId() for _ in range(4)]
    db.app.credentials.insert_many([{"_id": c, "account": a} for c, a in zip(credentials, accounts, strict=True)])
    verdict = {"verificationStatus": False, "verifiedAt": NOW}
    features = [
        {"likelyBot": True},
        {"likelyBot": False},
        {"likelyBot": True} | verdict,
        verdict | {"verificationStatus": True},
    ]
    rows = [{"seenCredential": c, "lastSeenAt": NOW} | each for c, each in zip(credentials, features, strict=True)]
    db.analytics.credentialfeatures.insert_many(rows)

    found = likely_bot_accounts(db)

    assert found == sorted([accounts[0], accounts[3]])


def test_superseded_features_leave_after_their_time_unless_verified(db: Databases, insert: Insert) -> None:
    insert([Reading(np.concatenate([np.arange(40) * 10.0, 86_400 * 20 + np.arange(40) * 10.0]), np.full(80, 2.0))])
    extract_features(db, NEW_YEAR + 5 * DAY)
    before = db.analytics.credentialfeatures.count_documents({})

    extract_features(db, NOW)

    assert before == 1
    assert [each["count"] for each in contents(db, "credentialfeatures")] == [80]


def test_the_handlers_give_small_counts(db: Databases, insert: Insert) -> None:
    insert(people(60, 40, np.random.default_rng(4)).streams)
    event = {"time": NOW.isoformat()}

    found = [entry(event) for entry in (fraud.feature_extractor, fraud.model_trainer, fraud.predictor)]

    assert found[0] == {"credentials": 60, "readings": 2400, "judged": 60, "tooFew": 0, "rejected": {}}
    assert found[1]["served"] == "one_class"
    assert found[2]["judged"] == 60
    assert db.analytics.runs.count_documents({"status": "done"}) == 3


def test_too_few_people_train_nothing(db: Databases, insert: Insert) -> None:
    insert(people(10, 40, np.random.default_rng(4)).streams)
    extract_features(db, NOW)

    counts = train_detectors(db, NOW, Training(fewest_people=50))

    assert counts["rejected"] == {"fewer than 50 people": 10}
    assert db.analytics.frauddetectionmlartifacts.count_documents({}) == 0


def test_every_feature_stands_in_the_document(db: Databases, insert: Insert) -> None:
    insert([steady(40)])

    extract_features(db, NOW)

    assert set(FEATURES) <= set(db.analytics.credentialfeatures.find_one({}))


def test_the_jobs_have_the_settings_that_the_documentation_names() -> None:
    assert vars(Extraction()) == {
        "most": 500,
        "fewest": 30,
        "chunk": 250,
        "late_hours": 2.0,
        "texts": 60,
        "history_days": 7.0,
    }
    assert vars(Training()) == {
        "false_positive_rate": 0.01,
        "validation_share": 0.3,
        "fewest_people": 50,
        "most_people": 20_000,
    }
    assert vars(Prediction()) == {
        "cooldown_days": 30.0,
        "audit_share": 0.01,
        "audit_days": 30.0,
        "reasons_from_score": 0.9,
    }


def test_a_new_training_scores_everybody_anew(db: Databases, insert: Insert) -> None:
    insert(people(60, 40, np.random.default_rng(3)).streams)
    extract_features(db, NOW)
    train_detectors(db, NOW)
    first = predict_fraud(db, NOW)
    train_detectors(db, NOW + DAY)

    again = predict_fraud(db, NOW + DAY)

    versions = db.analytics.frauddetectionmlartifacts.distinct("version")
    assert (first["scored"], again["scored"]) == (60, 60)
    assert len(versions) == 2
    assert db.analytics.credentialfeatures.distinct("scoredVersion") == [max(versions)]


def test_the_threshold_is_one_minus_the_accepted_rate_of_false_positives(db: Databases, insert: Insert) -> None:
    insert(people(60, 40, np.random.default_rng(3)).streams)
    extract_features(db, NOW)

    train_detectors(db, NOW, Training(false_positive_rate=0.05))

    assert db.analytics.frauddetectionmlartifacts.distinct("threshold") == [0.95]


def test_the_audit_sample_stays_for_thirty_days() -> None:
    begin = NEW_YEAR.replace(year=1970) + 30 * DAY

    periods = [_period(begin + hours, Prediction()) for hours in (0 * DAY, 30 * DAY - timedelta(seconds=1), 30 * DAY)]

    assert periods == [1, 1, 2]


def test_training_keeps_every_verdict_and_thins_the_rest_evenly() -> None:
    label = np.array([UNVERIFIED] * 9 + [BOT, HUMAN])
    rows = np.arange(11)

    kept = _thinned(Sample(rows[:, None] * 1.0, rows, label, rows, rows), 3)

    assert kept.count.tolist() == [0, 4, 8, 9, 10]


def test_a_verdict_that_is_later_than_the_clock_waits(db: Databases, insert: Insert) -> None:
    (credential,) = insert([steady(40)])
    extract_features(db, NOW)
    verdict = {"seenCredential": credential, "verificationStatus": True, "verifiedAt": NOW + timedelta(seconds=1)}
    db.app.suspiciouscredentials.insert_one(verdict)

    before, after = copy_verdicts(db, NOW), copy_verdicts(db, NOW + timedelta(seconds=1))

    assert (before["later"], before["bots"]) == (1, 0)
    assert (after["later"], after["bots"]) == (0, 1)


def test_text_lengths_are_looked_up_for_the_latest_readings_only(db: Databases, insert: Insert) -> None:
    insert([steady(40)])
    shown = list(db.app.feeditems.find().sort("seenAt", 1))
    texts = [
        {"_id": item["content"], "payload": {"message": "x" * (2 + place % 7 * 50)}} for place, item in enumerate(shown)
    ]
    db.app.contents.insert_many(texts)

    slopes = []
    for latest in (9, 10):
        db.analytics.credentialfeatures.drop()
        db.analytics.watermarks.drop()
        extract_features(db, NOW, Extraction(texts=latest))
        slopes.append(db.analytics.credentialfeatures.find_one({})["textSlope"])

    assert slopes[0] is None  # nine known lengths are too few
    assert slopes[1] > 0.9


@pytest.mark.parametrize(
    ("last", "since"), [(None, None), (NOW - DAY, NOW - DAY - timedelta(hours=2)), (NOW + DAY, None)]
)
def test_readings_are_read_from_two_hours_before_the_last_run_and_all_when_the_clock_went_back(
    last: datetime | None, since: datetime | None
) -> None:
    assert _since(last, NOW, Extraction()) == since
