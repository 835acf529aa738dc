"""Label noise: estimates how many unverified rows are bots, and removes them from the people."""

import numpy as np

from features.arrays import Flags, Floats
from fraud.models.dataset import HUMAN, UNVERIFIED, Sample
from fraud.models.supervised import fit_supervised
from fraud.models.validation import folds

_FEWEST_BOTS = 20  # verified; below it no row is removed
_FEWEST_HUMANS = 30  # verified; below it no row is removed
_ROUNDS = 5
_CONVERGED = 0.005  # share of rows: the rounds end when fewer are removed in one


def likely_people_or_verified(sample: Sample) -> Flags:
    """Returns (rows,) False for the unverified rows that are most like verified bots, True for all other rows.

    How many: the share of unverified rows that an out-of-fold booster classifies as bots, minus its false-positive
    rate on verified people (Wilson's centre). With too few verdicts all rows are True.
    """
    trusted = np.ones(len(sample), np.bool_)
    if sample.bot.sum() < _FEWEST_BOTS or (sample.label == HUMAN).sum() < _FEWEST_HUMANS:
        return trusted
    for _ in range(_ROUNDS):
        before, trusted = trusted, _without_excess(sample, _log_odds(sample, trusted))
        if before.sum() - trusted.sum() <= _CONVERGED * len(sample):
            break
    return trusted


def _log_odds(sample: Sample, trusted: Flags) -> Floats:
    """Returns the log-odds of a bot by boosters trained on the trusted rows of other groups, shape (rows,)."""
    fold_of_row, odds = folds(sample.group), np.empty(len(sample))
    for fold in np.unique(fold_of_row):
        held_out = fold_of_row == fold
        odds[held_out] = fit_supervised(sample.at(trusted & ~held_out)).score(sample.X[held_out])
    return odds


def _without_excess(sample: Sample, odds: Floats) -> Flags:
    human, unverified = sample.label == HUMAN, np.flatnonzero(sample.label == UNVERIFIED)
    fpr = ((odds[human] > 0).sum() + 2) / (human.sum() + 4)
    excess = max(0.0, float((odds[unverified] > 0).mean()) - float(fpr)) if len(unverified) else 0.0
    likely_bots = unverified[np.argsort(-odds[unverified], kind="stable")[: int(excess * len(unverified))]]
    trusted = np.ones(len(sample), np.bool_)
    trusted[likely_bots] = False
    return trusted
