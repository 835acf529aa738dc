"""Bots among the unverified: how many there must be, and which rows are not to pass for people."""

import numpy as np

from fraud.arrays import Flags, Floats
from fraud.models.dataset import HUMAN, UNVERIFIED, Sample
from fraud.models.supervised import fit_supervised
from fraud.models.validation import folds

_FEWEST_BOTS = 20  # verified, under which nobody is left out
_FEWEST_HUMANS = 30  # verified, under which nobody is left out
_ROUNDS = 5
_SETTLED = 0.005  # of the rows: fewer new ones end the rounds


def likely_people_or_verified(sample: Sample) -> Flags:
    """(rows,) False for the unverified that are most like verified bots, as many as there are too many of them.

    Too many: the share of the unverified that a booster which has not seen them calls bots, less the share of
    verified people that it wrongly calls so (Wilson's centre). Without enough verdicts everybody stays.
    """
    kept = np.ones(len(sample), np.bool_)
    if sample.bot.sum() < _FEWEST_BOTS or (sample.label == HUMAN).sum() < _FEWEST_HUMANS:
        return kept
    for _ in range(_ROUNDS):
        before, kept = kept, _without_excess(sample, _log_odds(sample, kept))
        if before.sum() - kept.sum() <= _SETTLED * len(sample):
            break
    return kept


def _log_odds(sample: Sample, kept: Flags) -> Floats:
    """The log odds of a bot, by boosters that learnt from the kept rows of other groups, shape (rows,)."""
    fold, odds = folds(sample.group), np.empty(len(sample))
    for each in np.unique(fold):
        taught = sample.at(kept & (fold != each))
        odds[fold == each] = fit_supervised(taught).score(sample.X[fold == each])
    return odds


def _without_excess(sample: Sample, odds: Floats) -> Flags:
    human, unverified = sample.label == HUMAN, np.flatnonzero(sample.label == UNVERIFIED)
    wrongly = ((odds[human] > 0).sum() + 2) / (human.sum() + 4)
    excess = max(0.0, float((odds[unverified] > 0).mean()) - float(wrongly)) if len(unverified) else 0.0
    worst = unverified[np.argsort(-odds[unverified], kind="stable")[: int(excess * len(unverified))]]
    kept = np.ones(len(sample), np.bool_)
    kept[worst] = False
    return kept
