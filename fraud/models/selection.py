"""Model selection: compares the candidates and chooses the one that is served."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.cluster.vq import kmeans2

from features.arrays import Flags, Ints
from fraud.models.candidates import CANDIDATES, WITHOUT_LABELS, fit_candidates
from fraud.models.dataset import UNVERIFIED, Sample
from fraud.models.label_noise import likely_people_or_verified
from fraud.models.reference import fit_reference
from fraud.models.validation import (
    CalibratedDetector,
    classification_metrics,
    fit_calibrated_detectors,
    latest_groups,
    ranking_metrics,
)

_KINDS = 4  # clusters of similar bots, each left out once
_FEWEST_BOTS = 20  # verified; below it only one class is trained
_FEWEST_EACH_SIDE = 8  # bots in training and in validation
_FEWEST_TRAINED = 8  # bots that remain when a kind is left out
_FEWEST_TRUSTED = 50  # verified people in validation; below it unverified rows count as people
_METRICS = ("auc", "tpr@1%fpr")


@dataclass(frozen=True)
class Selection:
    """The detector to serve, why, and the report of every candidate."""

    served: str  # a key of `detectors`
    reason: str
    detectors: Mapping[str, CalibratedDetector]
    reports: Mapping[str, Mapping[str, Any]]


def select_detector(sample: Sample, alpha: float, validation_share: float) -> Selection:
    """Fits every candidate, compares them on later credentials and on unseen kinds of bots, and selects the best.

    The criterion is the mean of two recalls at 1 % false positives: on later bots, and on kinds left out of training.
    Too few verified bots allow no comparison; then the one-class detector is served.
    """
    test = latest_groups(sample, validation_share)
    bots = [int((sample.bot & side).sum()) for side in (test, ~test)]
    if sum(bots) < _FEWEST_BOTS or min(bots) < _FEWEST_EACH_SIDE:
        return _without_labels(sample, sum(bots))
    reports = _reports(sample, test, alpha)
    recall = {model: (report["tpr@1%fpr"] + report["unseen"]["tpr@1%fpr"]) / 2 for model, report in reports.items()}
    served = max(recall, key=lambda model: (round(recall[model], 3), reports[model]["auc"]))
    ranked = ", ".join(f"{model} {recall[model]:.3f}" for model in sorted(recall, key=lambda model: -recall[model]))
    reason = f"best mean of recall at 1 % false positives on later bots and on kinds left out: {ranked}"
    return Selection(served, reason, fit_calibrated_detectors(sample.at(likely_people_or_verified(sample))), reports)


def _without_labels(sample: Sample, bots: int) -> Selection:
    reason = f"{bots} verified bots are too few to compare (needed: {_FEWEST_BOTS}): one class of people, no label used"
    report = {"bots": bots, "people": len(sample) - bots}
    return Selection(WITHOUT_LABELS, reason, fit_calibrated_detectors(sample, labelled=False), {WITHOUT_LABELS: report})


def _reports(sample: Sample, test: Flags, alpha: float) -> dict[str, dict[str, Any]]:
    past = sample.at(~test)
    past, future = past.at(likely_people_or_verified(past)), _trusted(sample.at(test))
    unseen = _unseen(past, future)
    return {
        model: classification_metrics(detector.suspicion(future.X, future.count), future.bot, alpha)
        | {"unseen": unseen[model]}
        for model, detector in fit_calibrated_detectors(past).items()
    }


def _trusted(future: Sample) -> Sample:
    """Returns the verified rows if they hold at least 50 people, else all rows: unverified ones count as people."""
    verified = future.label != UNVERIFIED
    return future.at(verified) if (verified & ~future.bot).sum() >= _FEWEST_TRUSTED else future


def _unseen(past: Sample, future: Sample) -> dict[str, dict[str, float]]:
    """Returns for each candidate the mean metrics on kinds of past bots that training left out, with later people."""
    people, kinds = future.X[~future.bot], _kinds(past)
    by_kind: dict[str, list[dict[str, float]]] = {model: [] for model in CANDIDATES}
    for kind in range(_KINDS):
        left_out, training = kinds == kind, past.at(kinds != kind)
        if training.bot.sum() < _FEWEST_TRAINED or not left_out.any():
            continue
        for model, detector in fit_candidates(training).items():
            by_kind[model].append(ranking_metrics(detector.score(people), detector.score(past.X[left_out])))
    return {
        model: {name: float(np.mean([row[name] for row in rows])) if rows else 0.0 for name in _METRICS}
        for model, rows in by_kind.items()
    }


def _kinds(sample: Sample) -> Ints:
    """Returns (rows,) the cluster of similar bots of each verified bot, -1 for other rows."""
    z = fit_reference(sample.X[~sample.bot]).gaussian(sample.X[sample.bot])
    _, kind = kmeans2(z, _KINDS, minit="++", rng=np.random.default_rng(0), missing="warn")
    kinds = np.full(len(sample), -1)
    kinds[sample.bot] = kind
    return kinds
