"""Calibrated detectors, splits by time and group, and metrics on held-out credentials."""

from dataclasses import dataclass

import numpy as np

from features.arrays import Flags, Floats, Ints, average_ranks
from fraud.models.calibration import Calibration, calibrate
from fraud.models.candidates import Detector, fit_candidates
from fraud.models.dataset import Sample
from fraud.models.one_class import OneClass
from fraud.models.reference import Reference

Report = dict[str, float | int]
_FOLDS = 3
_FOLDS_OF_FEW = 10  # fits without labels are cheap; with few people each fit should see nine in ten of them
_FEW = 500  # rows up to which a sample without labels uses more folds


@dataclass(frozen=True)
class CalibratedDetector:
    """A detector, its calibration, and the reference of people that explains its scores."""

    model: str
    detector: Detector
    calibration: Calibration
    reference: Reference

    def suspicion(self, X: Floats, count: Ints) -> Floats:
        """Returns the calibrated score of each row, shape (rows,), 0-1."""
        return self.calibration.suspicion(self.detector.score(X), count)


def fit_calibrated_detectors(sample: Sample, labelled: bool = True) -> dict[str, CalibratedDetector]:
    """Fits every candidate on the whole sample and calibrates it on out-of-fold scores of people."""
    people = ~sample.bot
    held_out, candidates = cross_scores(sample, labelled), fit_candidates(sample, labelled)
    one_class = candidates["one_class"]
    assert isinstance(one_class, OneClass)
    return {
        model: CalibratedDetector(
            model, detector, calibrate(held_out[model][people], sample.count[people]), one_class.reference
        )
        for model, detector in candidates.items()
    }


def cross_scores(sample: Sample, labelled: bool) -> dict[str, Floats]:
    """Returns for each candidate the score of each row by a fit without the row's group, shape (rows,)."""
    fold_of_row = folds(sample.group, _FOLDS if labelled or len(sample) > _FEW else _FOLDS_OF_FEW)
    scores: dict[str, Floats] = {}
    for fold in np.unique(fold_of_row):
        rows = fold_of_row == fold
        for model, detector in fit_candidates(sample.at(~rows), labelled).items():
            scores.setdefault(model, np.empty(len(sample)))[rows] = detector.score(sample.X[rows])
    return scores


def latest_groups(sample: Sample, share: float) -> Flags:
    """Returns (rows,) which groups come last by first evidence: `share` of all bots, and people from then on."""
    _, group = np.unique(sample.group, return_inverse=True)
    first_ms = np.full(group.max(initial=0) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first_ms, group, sample.time_ms)
    group_ms = first_ms[group]
    cut = np.quantile(group_ms[sample.bot] if sample.bot.any() else group_ms, 1 - share)
    after: Flags = group_ms > cut
    return after


def classification_metrics(suspicion: Floats, bot: Flags, alpha: float) -> Report:
    """Returns accuracy, precision, recall, F1 and FPR at 1 - alpha, the AUC, and recall at 1 % false positives."""
    flagged = suspicion >= 1 - alpha
    tp, fp = int((flagged & bot).sum()), int((flagged & ~bot).sum())
    fn, tn = int((~flagged & bot).sum()), int((~flagged & ~bot).sum())
    return {
        "accuracy": (tp + tn) / max(len(bot), 1),
        "precision": tp / max(tp + fp, 1),
        "recall": tp / max(tp + fn, 1),
        "f1": 2 * tp / max(2 * tp + fp + fn, 1),
        "fpr": fp / max(fp + tn, 1),
        "bots": tp + fn,
        "people": fp + tn,
        **ranking_metrics(suspicion[~bot], suspicion[bot]),
    }


def ranking_metrics(people: Floats, bots: Floats) -> dict[str, float]:
    """Returns the AUC (ties count half) and the share of bots above the 99th percentile of people.

    >>> ranking_metrics(np.array([0.1, 0.2]), np.array([0.3, 0.1]))
    {'auc': 0.625, 'tpr@1%fpr': 0.5}
    """
    if not len(people) or not len(bots):
        return {"auc": float("nan"), "tpr@1%fpr": float("nan")}
    rank = average_ranks(np.concatenate([people, bots]))[len(people) :]
    above = (rank.sum() - len(bots) * (len(bots) + 1) / 2) / (len(people) * len(bots))
    return {"auc": float(above), "tpr@1%fpr": float((bots > np.quantile(people, 0.99)).mean())}


def folds(group: Ints, parts: int = _FOLDS) -> Ints:
    """Returns (rows,) a random fold for each row, the same for all rows of a group."""
    _, member = np.unique(group, return_inverse=True)
    order = np.random.default_rng(0).permutation(member.max(initial=0) + 1)
    return np.asarray(order[member] % parts, np.int64)
