"""Evaluates detectors on known and unseen families of bots, and counts accused people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from fraud.arrays import Floats, Ints
from fraud.models.dataset import Sample
from fraud.models.selection import choose
from fraud.models.validation import Judge, figures, fit_judges, later, ranking
from lab.evaluate.attacks import FAMILIES, Readers, together
from lab.evaluate.fraud_worlds import READINGS, adapted, loaded_sample, read_humans, read_labels, sample_of, world
from store.client import Databases

Report = dict[str, Any]
_JUDGED = 300  # people judged, counting repetitions
ALPHA = 0.01  # false-positive rate of the thresholds
_LATER_SHARE = 0.4  # of labelled bots, the latest, that --labels tests on


@dataclass(frozen=True)
class Size:
    """How many readers are simulated."""

    taught_people: int = 2_000
    taught_bots: int = 48  # of each family
    tested_people: int = 800
    tested_bots: int = 48


def evaluate_worlds(seed: int, humans: Sequence[Path], size: Size = Size()) -> Report:
    """Detectors taught in one simulated world and tested in another, with no reader in common."""
    scripted = [family for family in FAMILIES if family != "adaptive"]
    dumps = {each.name: read_humans(each) for each in humans}
    rng = np.random.default_rng(seed)
    taught = world(scripted, size.taught_people, size.taught_bots, rng)
    first = fit_judges(_taught(taught, rng))["combined"]
    taught = together([taught, adapted(size.taught_bots, first, rng)])
    sample = _taught(taught, rng)
    verdict = choose(sample, ALPHA, 0.3)
    judge = verdict.judges[verdict.served]

    tested = world(scripted, size.tested_people, size.tested_bots, rng)
    tested = together([tested, adapted(size.tested_bots, judge, rng)])
    tests = {count: sample_of(tested, np.full(len(tested), count), rng) for count in READINGS}
    return {
        "families": _by_family(tested, tests, lambda family: judge),
        "unseen": _by_family(tested, tests, lambda family: _without(sample, taught, family, judge.model)),
        "human_fpr": {"simulated": _accused(judge, tests)}
        | {name: recalibrated(people) for name, people in dumps.items()},
        "design_pca": _design(verdict.judges["design_pca"], tests),
        "served": judge.model,
        "reason": verdict.reason,
    }


def recalibrated(people: Sample) -> Report:
    """How many of people nobody has verified are accused by what is learnt from the others of them, in five parts."""
    rng = np.random.default_rng(0)
    repeats = max(1, _JUDGED // len(people))  # a few people are divided again and again, so that chance says less
    accused = [_held_out(people, rng.permutation(len(people)) % 5) for _ in range(repeats)]
    return {"fpr": float(np.mean(accused)), "n": len(people), "repeats": repeats}


def _held_out(people: Sample, part: Ints) -> float:
    """The share of people accused by judges that have not seen their part."""
    accused = np.zeros(len(people), np.bool_)
    for each in range(5):
        rest = people.at(part == each)
        judge = fit_judges(people.at(part != each), labelled=False)["one_class"]
        accused[part == each] = judge.suspicion(rest.X, rest.count) >= 1 - ALPHA
    return float(accused.mean())


def evaluate_labels(db: Databases, now: datetime, path: Path) -> Report:
    """Evaluates later credentials of the loaded database with detectors trained on earlier ones, by the labels."""
    return evaluate_sample(loaded_sample(db, now, read_labels(path)))


def evaluate_sample(sample: Sample) -> Report:
    """One labelled sample, split by time and group; only labelled rows are tested."""
    test = later(sample, _LATER_SHARE)
    verdict = choose(sample.at(~test), ALPHA, 0.3)
    future = sample.at(test & (sample.label >= 0))
    found = {
        model: figures(judge.suspicion(future.X, future.count), future.bot, ALPHA)
        for model, judge in verdict.judges.items()
    }
    served = found[verdict.served]
    return {
        "families": {"labelled": served},
        "unseen": {"kinds left out": verdict.reports[verdict.served].get("unseen", {})},
        "human_fpr": {"labelled": {"fpr": served["fpr"], "n": served["people"]}},
        "design_pca": found.get("design_pca", {}),
        "served": verdict.served,
        "reason": verdict.reason,
    }


def _taught(readers: Readers, rng: np.random.Generator) -> Sample:
    """Everybody with as many readings as there are to be tested, in turn; half of the people verified."""
    return sample_of(readers, rng.choice(READINGS, len(readers)), rng, verified=0.5)


def _without(sample: Sample, readers: Readers, family: str, model: str) -> Judge:
    return fit_judges(sample.at(readers.family != family))[model]


def _by_family(readers: Readers, tests: Mapping[int, Sample], judge_of: Callable[[str], Judge]) -> Report:
    report = {}
    for family in FAMILIES:
        judge = judge_of(family)
        by_readings = {str(count): ranking(*_suspicions(judge, test, readers, family)) for count, test in tests.items()}
        report[family] = by_readings[str(max(tests))] | {"by_readings": by_readings}
    return report


def _suspicions(judge: Judge, test: Sample, readers: Readers, family: str) -> tuple[Floats, Floats]:
    """Calibrated scores of the people and of the family."""
    score = judge.suspicion(test.X, test.count)
    return score[~test.bot], score[readers.family == family]


def _accused(judge: Judge, tests: Mapping[int, Sample]) -> Report:
    by_readings = {count: judge.suspicion(test.X, test.count)[~test.bot] >= 1 - ALPHA for count, test in tests.items()}
    everybody = np.concatenate(list(by_readings.values()))
    return {
        "fpr": float(everybody.mean()),
        "n": len(everybody),
        "by_readings": {str(count): float(accused.mean()) for count, accused in by_readings.items()},
    }


def _design(judge: Judge, tests: Mapping[int, Sample]) -> Report:
    by_readings = {
        str(count): figures(judge.suspicion(test.X, test.count), test.bot, ALPHA) for count, test in tests.items()
    }
    return by_readings[str(max(tests))] | {"by_readings": by_readings}
