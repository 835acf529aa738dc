"""Honest figures: later credentials judged by what was learnt from earlier ones."""

from dataclasses import dataclass

import numpy as np

from features.arrays import average_ranks
from fraud.arrays import Flags, Floats, Ints
from fraud.models.calibration import Calibration, calibrate
from fraud.models.candidates import Detector, fit_candidates
from fraud.models.dataset import Sample
from fraud.models.one_class import OneClass
from fraud.models.reference import Reference

Report = dict[str, float | int]
_FOLDS = 3
_FOLDS_OF_FEW = 10  # without labels fits cost little, and few people should all but one in ten be seen by each
_FEW = 500


@dataclass(frozen=True)
class Judge:
    """A detector with its calibration, and the reference of people that its reasons are told by."""

    model: str
    detector: Detector
    calibration: Calibration
    reference: Reference

    def suspicion(self, X: Floats, count: Ints) -> Floats:
        """The calibrated score of each row, shape (rows,), 0-1."""
        return self.calibration.suspicion(self.detector.score(X), count)


def fit_judges(sample: Sample, labelled: bool = True) -> dict[str, Judge]:
    """Every candidate fitted on the whole sample, calibrated on people scored by fits that left them out."""
    people = ~sample.bot
    held_out, candidates = cross_scores(sample, labelled), fit_candidates(sample, labelled)
    one_class = candidates["one_class"]
    assert isinstance(one_class, OneClass)
    return {
        model: Judge(model, detector, calibrate(held_out[model][people], sample.count[people]), one_class.reference)
        for model, detector in candidates.items()
    }


def cross_scores(sample: Sample, labelled: bool) -> dict[str, Floats]:
    """By candidate the score of each row by a fit that has not seen its group, shape (rows,)."""
    fold = folds(sample.group, _FOLDS if labelled or len(sample) > _FEW else _FOLDS_OF_FEW)
    scores: dict[str, Floats] = {}
    for each in np.unique(fold):
        rows = fold == each
        for model, detector in fit_candidates(sample.at(~rows), labelled).items():
            scores.setdefault(model, np.empty(len(sample)))[rows] = detector.score(sample.X[rows])
    return scores


def later(sample: Sample, share: float) -> Flags:
    """(rows,) the groups whose first evidence is the latest: `share` of all bots, and people from then on."""
    _, member = np.unique(sample.group, return_inverse=True)
    first = np.full(member.max(initial=0) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, member, sample.time_ms)
    moment = first[member]
    cut = np.quantile(moment[sample.bot] if sample.bot.any() else moment, 1 - share)
    after: Flags = moment > cut
    return after


def figures(suspicion: Floats, bot: Flags, alpha: float) -> Report:
    """Accuracy, precision, recall, F1 and false-positive rate at 1 - alpha; AUC; recall at 1 % false positives."""
    flagged = suspicion >= 1 - alpha
    hit, false = int((flagged & bot).sum()), int((flagged & ~bot).sum())
    missed, clean = int((~flagged & bot).sum()), int((~flagged & ~bot).sum())
    return {
        "accuracy": (hit + clean) / max(len(bot), 1),
        "precision": hit / max(hit + false, 1),
        "recall": hit / max(hit + missed, 1),
        "f1": 2 * hit / max(2 * hit + false + missed, 1),
        "fpr": false / max(false + clean, 1),
        "bots": hit + missed,
        "people": false + clean,
        **ranking(suspicion[~bot], suspicion[bot]),
    }


def ranking(people: Floats, bots: Floats) -> dict[str, float]:
    """AUC (ties count half) and the share of bots above the 99th percentile of people.

    >>> ranking(np.array([0.1, 0.2]), np.array([0.3, 0.1]))
    {'auc': 0.625, 'tpr@1%fpr': 0.5}
    """
    if not len(people) or not len(bots):
        return {"auc": float("nan"), "tpr@1%fpr": float("nan")}
    rank = average_ranks(np.concatenate([people, bots]))[len(people) :]
    above = (rank.sum() - len(bots) * (len(bots) + 1) / 2) / (len(people) * len(bots))
    return {"auc": float(above), "tpr@1%fpr": float((bots > np.quantile(people, 0.99)).mean())}


def folds(group: Ints, parts: int = _FOLDS) -> Ints:
    """(rows,) a fold for each row, the same for a whole group, by lot."""
    _, member = np.unique(group, return_inverse=True)
    order = np.random.default_rng(0).permutation(member.max(initial=0) + 1)
    return np.asarray(order[member] % parts, np.int64)
