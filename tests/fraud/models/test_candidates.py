"""Detectors, calibration, gate and artifacts on readers whose truth is known."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from features.arrays import Floats
from fraud.audit_sample import review_sample
from fraud.fingerprint import fingerprint
from fraud.models.artifacts import pack, unpack
from fraud.models.calibration import calibrate
from fraud.models.candidates import Combined
from fraud.models.dataset import BOT, HUMAN, UNVERIFIED, Sample
from fraud.models.label_noise import likely_people_or_verified
from fraud.models.reference import fit_reference
from fraud.models.selection import select_detector
from fraud.models.validation import classification_metrics, fit_calibrated_detectors, latest_groups, ranking_metrics
from fraud.reasons import reasons
from lab.evaluate.fraud_worlds import sample_of
from tests.fraud.conftest import community


@pytest.fixture(scope="module")
def taught() -> Sample:
    readers = community(260, 24, 150)
    return sample_of(readers, np.full(len(readers), 150), np.random.default_rng(1), verified=0.5)


@pytest.fixture(scope="module")
def tested() -> Sample:
    readers = community(200, 16, 150, seed=6)
    return sample_of(readers, np.full(len(readers), 150), np.random.default_rng(2))


def test_what_is_served_finds_later_attackers_and_spares_people(taught: Sample, tested: Sample) -> None:
    selection = select_detector(taught, 0.01, 0.3)

    suspicion = selection.detectors[selection.served].suspicion(tested.X, tested.count)

    found = classification_metrics(suspicion, tested.bot, 0.01)
    assert selection.served in ("combined", "supervised", "one_class")
    assert found["auc"] > 0.99
    assert found["recall"] > 0.9
    assert found["fpr"] < 0.04


def test_every_candidate_is_reported_with_its_figures(taught: Sample) -> None:
    reports = select_detector(taught, 0.01, 0.3).reports

    assert set(reports) == {"design_pca", "one_class", "supervised", "combined"}
    for report in reports.values():
        assert {"accuracy", "precision", "recall", "f1", "auc", "tpr@1%fpr", "unseen"} <= set(report)


def test_without_verdicts_one_class_of_people_serves_and_says_why(taught: Sample) -> None:
    unlabelled = replace(taught, label=np.full(len(taught), UNVERIFIED)).at(~taught.bot)

    selection = select_detector(unlabelled, 0.01, 0.3)

    assert selection.served == "one_class"
    assert "0 verified bots are too few" in selection.reason


def test_a_packed_detector_scores_the_same_to_the_bit(taught: Sample, tested: Sample) -> None:
    detectors = fit_calibrated_detectors(taught)

    assert len(detectors) == 4
    for model, detector in detectors.items():
        again = unpack({"model": model} | pack(detector))

        np.testing.assert_array_equal(
            again.suspicion(tested.X, tested.count), detector.suspicion(tested.X, tested.count)
        )
        assert pack(again)["checksum"] == pack(detector)["checksum"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"artifact": b"cos\nsystem\n"}, "checksum"),
        ({"format": "pickle"}, "format"),
        ({"features": ["count"]}, "other features.*train again"),
        ({"fingerprint": "0123456789abcdef"}, "fingerprint 0123456789abcdef, .*train again: feedpulse run"),
        ({"fingerprint": None}, "fingerprint unknown, .*train again: feedpulse run daily"),
        ({"model": "guess"}, "not one of"),
    ],
)
def test_a_changed_artifact_is_refused(taught: Sample, change: dict[str, object], message: str) -> None:
    document = {"model": "one_class"} | pack(fit_calibrated_detectors(taught, labelled=False)["one_class"])

    with pytest.raises(ValueError, match=message):
        unpack(document | change)


def test_pickled_arrays_are_refused() -> None:
    import hashlib
    import io

    from fraud.models.dataset import COLUMNS

    buffer = io.BytesIO()
    np.savez(buffer, people=np.array([object()], dtype=object))
    content = buffer.getvalue()
    document = {"artifact": content, "checksum": hashlib.sha256(content).hexdigest(), "format": "npz"}

    with pytest.raises(ValueError, match="allow_pickle"):
        unpack(document | {"features": list(COLUMNS), "fingerprint": fingerprint(), "model": "one_class"})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=200), st.lists(st.floats(-80, 80), min_size=2, max_size=20))
def test_suspicion_rises_with_the_score_and_stays_within_0_and_1(people: list[float], scores: list[float]) -> None:
    calibration = calibrate(np.array(people), np.full(len(people), 60))

    found = calibration.suspicion(np.sort(scores), np.full(len(scores), 60))

    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


def test_one_person_in_a_hundred_is_over_the_threshold() -> None:
    rng = np.random.default_rng(0)
    count = rng.choice([40, 100, 200, 500], 20_000)
    calibration = calibrate(rng.normal(count / 100, 1, 20_000), count)

    found = calibration.suspicion(rng.normal(count / 100, 1, 20_000), count)

    for each in (40, 100, 200, 500):
        assert (found[count == each] >= 0.99).mean() == pytest.approx(0.01, abs=0.004)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.lists(st.integers(0, 6), min_size=1, max_size=30))
def test_auc_is_that_of_scikit_learn(people: list[int], bots: list[int]) -> None:
    truth, scores = [0] * len(people) + [1] * len(bots), [*people, *bots]

    found = ranking_metrics(np.array(people, float), np.array(bots, float))

    assert found["auc"] == pytest.approx(roc_auc_score(truth, scores))


def test_the_reference_makes_people_gaussian() -> None:
    rng = np.random.default_rng(3)
    people = np.column_stack([rng.lognormal(0, 2, 4000), rng.integers(0, 2, 4000).astype(float)])

    z = fit_reference(people).gaussian(people)

    assert abs(z[:, 0].mean()) < 0.05
    assert z[:, 0].std() == pytest.approx(1, abs=0.05)


def test_unknown_numbers_say_nothing() -> None:
    people = np.random.default_rng(3).normal(size=(100, 4))

    z = fit_reference(people).gaussian(np.full((1, 4), np.nan))

    assert z.tolist() == [[0.0, 0.0, 0.0, 0.0]]


def test_a_group_never_stands_on_both_sides_of_the_split() -> None:
    rng = np.random.default_rng(1)
    group = rng.integers(0, 30, 200)
    label = np.where(group < 10, BOT, HUMAN)
    sample = Sample(np.zeros((200, 1)), np.full(200, 50), label, group, rng.integers(0, 1000, 200))

    test = latest_groups(sample, 0.3)

    assert not set(group[test]) & set(group[~test])
    assert test[sample.bot].any()


def test_most_bots_among_the_unverified_do_not_pass_for_people(taught: Sample) -> None:
    hidden = np.flatnonzero(taught.bot)[::2]
    label = taught.label.copy()
    label[hidden] = UNVERIFIED

    kept = likely_people_or_verified(replace(taught, label=label))

    assert (~kept)[hidden].mean() > 0.5
    assert kept[~taught.bot].mean() > 0.98


def test_reasons_are_words_and_the_strangest_comes_first(taught: Sample) -> None:
    reference = fit_reference(taught.X[~taught.bot])

    told = reasons(taught.X[taught.bot], reference)

    assert {len(each) for each in told} <= {1, 2, 3}
    assert len(told) == taught.bot.sum() > 0
    assert any("times from post to post repeat to the millisecond" in each for each in told)


def test_the_lot_falls_the_same_way_all_period_long() -> None:
    ids = np.array([index.to_bytes(12, "big") for index in range(20_000)], dtype="S12")

    first, again, next_period = (review_sample(np.zeros(20_000), ids, 0.99, 0.01, period).drawn for period in (7, 7, 8))

    assert first.mean() == pytest.approx(0.01, abs=0.003)
    assert (first == again).all()
    assert (first & next_period).sum() < 20


@dataclass(frozen=True)
class Scores:
    """A detector whose score is one of the columns."""

    column: int

    def score(self, X: Floats) -> Floats:
        return X[:, self.column]


def test_both_parts_count_in_spreads_of_people_up_to_twelve() -> None:
    combined = Combined(Scores(0), Scores(1), np.array([[1.0, 2.0], [2.0, 4.0]]))

    # (3 - 1)/2 + (10 - 2)/4, then 12 + 0 and 12 - 12
    assert combined.score(np.array([[3.0, 10.0], [1e9, 2.0], [1e9, -1e9]])).tolist() == [3.0, 12.0, 0.0]
