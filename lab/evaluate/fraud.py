"""Evaluates detectors on known and unseen families of bots, and counts accused people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from fraud.models.dataset import Sample
from fraud.models.selection import select_detector
from fraud.models.validation import (
    CalibratedDetector,
    classification_metrics,
    fit_calibrated_detectors,
    latest_groups,
    ranking_metrics,
)
from lab.evaluate.attacks import FAMILIES, Readers, concat_readers
from lab.evaluate.fraud_worlds import (
    EXPOSURE_COUNTS,
    adaptive_attackers,
    loaded_sample,
    read_humans,
    read_labels,
    sample_of,
    world,
)
from store.client import Databases

Report = dict[str, Any]
_MIN_SCORED = 300  # people scored, counting repetitions
ALPHA = 0.01  # false-positive rate of the thresholds
_LATER_SHARE = 0.4  # of labelled bots: --labels tests on the latest ones


@dataclass(frozen=True)
class Size:
    """Numbers of simulated readers."""

    training_people: int = 2_000
    training_bots: int = 48  # of each family
    test_people: int = 800
    test_bots: int = 48  # of each family


def evaluate_worlds(seed: int, humans: Sequence[Path], size: Size = Size()) -> Report:
    """Trains detectors in one simulated world and tests them in another that shares no reader with it."""
    scripted = [family for family in FAMILIES if family != "adaptive"]
    dumps = {folder.name: read_humans(folder) for folder in humans}
    rng = np.random.default_rng(seed)
    readers = world(scripted, size.training_people, size.training_bots, rng)
    first = fit_calibrated_detectors(_training_sample(readers, rng))["combined"]
    readers = concat_readers([readers, adaptive_attackers(size.training_bots, first, rng)])
    sample = _training_sample(readers, rng)
    selection = select_detector(sample, ALPHA, 0.3)
    detector = selection.detectors[selection.served]

    test_readers = world(scripted, size.test_people, size.test_bots, rng)
    test_readers = concat_readers([test_readers, adaptive_attackers(size.test_bots, detector, rng)])
    tests = {count: sample_of(test_readers, np.full(len(test_readers), count), rng) for count in EXPOSURE_COUNTS}
    return {
        "families": _by_family(test_readers, tests, lambda family: detector),
        "unseen": _by_family(test_readers, tests, lambda family: _without(sample, readers, family, detector.model)),
        "human_fpr": {"simulated": _accused(detector, tests)}
        | {name: recalibrated(people) for name, people in dumps.items()},
        "design_pca": _design(selection.detectors["design_pca"], tests),
        "served": detector.model,
        "reason": selection.reason,
    }


def recalibrated(people: Sample) -> Report:
    """Returns the false-positive rate on unverified people by five-fold cross-validation."""
    rng = np.random.default_rng(0)
    repeats = max(1, _MIN_SCORED // len(people))  # repeated splits reduce the variance with few people
    rates = [_accused_share(people, rng.permutation(len(people)) % 5) for _ in range(repeats)]
    return {"fpr": float(np.mean(rates)), "n": len(people), "repeats": repeats}


def _accused_share(people: Sample, fold_of_row: Ints) -> float:
    """Returns the share of people accused by detectors that were trained without their fold."""
    accused = np.zeros(len(people), np.bool_)
    for fold in range(5):
        held_out = people.at(fold_of_row == fold)
        detector = fit_calibrated_detectors(people.at(fold_of_row != fold), labelled=False)["one_class"]
        accused[fold_of_row == fold] = detector.suspicion(held_out.X, held_out.count) >= 1 - ALPHA
    return float(accused.mean())


def evaluate_labels(db: Databases, now: datetime, path: Path) -> Report:
    """Trains detectors on earlier credentials of the loaded database and tests them on later ones, by the labels."""
    return evaluate_sample(loaded_sample(db, now, read_labels(path)))


def evaluate_sample(sample: Sample) -> Report:
    """Splits a labelled sample by time and group, and tests on labelled rows only."""
    test = latest_groups(sample, _LATER_SHARE)
    selection = select_detector(sample.at(~test), ALPHA, 0.3)
    future = sample.at(test & (sample.label >= 0))
    metrics = {
        model: classification_metrics(detector.suspicion(future.X, future.count), future.bot, ALPHA)
        for model, detector in selection.detectors.items()
    }
    served = metrics[selection.served]
    return {
        "families": {"labelled": served},
        "unseen": {"kinds left out": selection.reports[selection.served].get("unseen", {})},
        "human_fpr": {"labelled": {"fpr": served["fpr"], "n": served["people"]}},
        "design_pca": metrics.get("design_pca", {}),
        "served": selection.served,
        "reason": selection.reason,
    }


def _training_sample(readers: Readers, rng: np.random.Generator) -> Sample:
    """Returns all readers, each with a random number of exposures; half of the people are verified."""
    return sample_of(readers, rng.choice(EXPOSURE_COUNTS, len(readers)), rng, verified=0.5)


def _without(sample: Sample, readers: Readers, family: str, model: str) -> CalibratedDetector:
    return fit_calibrated_detectors(sample.at(readers.family != family))[model]


def _by_family(
    readers: Readers, tests: Mapping[int, Sample], detector_for: Callable[[str], CalibratedDetector]
) -> Report:
    report = {}
    for family in FAMILIES:
        detector = detector_for(family)
        by_readings = {
            str(count): ranking_metrics(*_suspicions(detector, test, readers, family)) for count, test in tests.items()
        }
        report[family] = by_readings[str(max(tests))] | {"by_readings": by_readings}
    return report


def _suspicions(detector: CalibratedDetector, test: Sample, readers: Readers, family: str) -> tuple[Floats, Floats]:
    """Returns the calibrated scores of the people and of the family."""
    score = detector.suspicion(test.X, test.count)
    return score[~test.bot], score[readers.family == family]


def _accused(detector: CalibratedDetector, tests: Mapping[int, Sample]) -> Report:
    accused = {count: detector.suspicion(test.X, test.count)[~test.bot] >= 1 - ALPHA for count, test in tests.items()}
    everybody = np.concatenate(list(accused.values()))
    return {
        "fpr": float(everybody.mean()),
        "n": len(everybody),
        "by_readings": {str(count): float(people.mean()) for count, people in accused.items()},
    }


def _design(detector: CalibratedDetector, tests: Mapping[int, Sample]) -> Report:
    by_readings = {
        str(count): classification_metrics(detector.suspicion(test.X, test.count), test.bot, ALPHA)
        for count, test in tests.items()
    }
    return by_readings[str(max(tests))] | {"by_readings": by_readings}
