"""One-class detector: how far a credential is from all people. It needs no labels."""

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats
from fraud.models.dataset import Sample
from fraud.models.reference import Reference, fit_reference

_TRIM = 0.02  # share of the farthest rows that the reference leaves out: undetected bots are among them


@dataclass(frozen=True)
class OneClass:
    """The reference of people, and the median and spread of its two distances."""

    reference: Reference
    usual: Floats  # (2, 2) median and spread of both distances over people

    def score(self, X: Floats) -> Floats:
        """Returns the sum of both standardised distances, shape (rows,)."""
        both = self.reference.distances(X)
        total: Floats = ((both - self.usual[0]) / self.usual[1]).sum(axis=1)
        return total


def fit_one_class(sample: Sample) -> OneClass:
    """Fits all rows that are not verified bots."""
    people = sample.X[~sample.bot]
    first = fit_reference(people)
    distance = first.distances(people)[:, 0]
    reference = fit_reference(people[distance <= np.quantile(distance, 1 - _TRIM)])
    both = reference.distances(people)
    spread = np.subtract(*np.quantile(both, [0.84, 0.5], axis=0))
    return OneClass(reference, np.stack([np.median(both, axis=0), np.maximum(spread, 1e-6)]))
