"""Which candidate is served, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.cluster.vq import kmeans2

from fraud.arrays import Flags, Ints
from fraud.models.candidates import CANDIDATES, WITHOUT_LABELS, fit_candidates
from fraud.models.dataset import UNVERIFIED, Sample
from fraud.models.label_noise import likely_people_or_verified
from fraud.models.reference import fit_reference
from fraud.models.validation import Judge, figures, fit_judges, later, ranking

_KINDS = 4  # groups of like bots, each left out once
_FEWEST_BOTS = 20  # verified, under which nothing but people is learnt from
_FEWEST_EACH_SIDE = 8  # bots in training and in validation
_FEWEST_TAUGHT = 8  # bots left when a kind is left out
_FEWEST_TRUSTED = 50  # verified people in validation
_MERITS = ("auc", "tpr@1%fpr")


@dataclass(frozen=True)
class Verdict:
    """The judge to serve, the reason, and the report of every candidate."""

    served: str
    reason: str
    judges: Mapping[str, Judge]
    reports: Mapping[str, Mapping[str, Any]]


def choose(sample: Sample, alpha: float, validation_share: float) -> Verdict:
    """Fits every candidate, compares them on later credentials and on kinds of bots left out, takes the best.

    The merit is the mean of two recalls at 1 % false positives: of later bots, and of kinds never trained on.
    With too few verified bots nothing can be compared: the one class of people is served.
    """
    test = later(sample, validation_share)
    bots = [int((sample.bot & side).sum()) for side in (test, ~test)]
    if sum(bots) < _FEWEST_BOTS or min(bots) < _FEWEST_EACH_SIDE:
        return _without_labels(sample, sum(bots))
    reports = _reports(sample, test, alpha)
    merit = {model: (report["tpr@1%fpr"] + report["unseen"]["tpr@1%fpr"]) / 2 for model, report in reports.items()}
    served = max(merit, key=lambda model: (round(merit[model], 3), reports[model]["auc"]))
    ranked = ", ".join(f"{model} {merit[model]:.3f}" for model in sorted(merit, key=lambda each: -merit[each]))
    reason = f"best mean of recall at 1 % false positives on later bots and on kinds left out: {ranked}"
    return Verdict(served, reason, fit_judges(sample.at(likely_people_or_verified(sample))), reports)


def _without_labels(sample: Sample, bots: int) -> Verdict:
    reason = f"{bots} verified bots are too few to compare (needed: {_FEWEST_BOTS}): one class of people, no label used"
    report = {"bots": bots, "people": len(sample) - bots}
    return Verdict(WITHOUT_LABELS, reason, fit_judges(sample, labelled=False), {WITHOUT_LABELS: report})


def _reports(sample: Sample, test: Flags, alpha: float) -> dict[str, dict[str, Any]]:
    past = sample.at(~test)
    past, future = past.at(likely_people_or_verified(past)), _trusted(sample.at(test))
    unseen = _unseen(past, future)
    return {
        model: figures(judge.suspicion(future.X, future.count), future.bot, alpha) | {"unseen": unseen[model]}
        for model, judge in fit_judges(past).items()
    }


def _trusted(future: Sample) -> Sample:
    """The verified rows where there are people enough among them, else all: the unverified pass for people."""
    verified = future.label != UNVERIFIED
    return future.at(verified) if (verified & ~future.bot).sum() >= _FEWEST_TRUSTED else future


def _unseen(past: Sample, future: Sample) -> dict[str, dict[str, float]]:
    """By candidate the mean figures over kinds of past bots, each left out of training once, against later people."""
    people, kinds = future.X[~future.bot], _kinds(past)
    found: dict[str, list[dict[str, float]]] = {model: [] for model in CANDIDATES}
    for kind in range(_KINDS):
        left_out, taught = kinds == kind, past.at(kinds != kind)
        if taught.bot.sum() < _FEWEST_TAUGHT or not left_out.any():
            continue
        for model, detector in fit_candidates(taught).items():
            found[model].append(ranking(detector.score(people), detector.score(past.X[left_out])))
    return {
        model: {name: float(np.mean([each[name] for each in each_kind])) if each_kind else 0.0 for name in _MERITS}
        for model, each_kind in found.items()
    }


def _kinds(sample: Sample) -> Ints:
    """(rows,) the group of like bots that each verified bot belongs to, -1 for everyone else."""
    z = fit_reference(sample.X[~sample.bot]).gaussian(sample.X[sample.bot])
    _, kind = kmeans2(z, _KINDS, minit="++", rng=np.random.default_rng(0), missing="warn")
    kinds = np.full(len(sample), -1)
    kinds[sample.bot] = kind
    return kinds
