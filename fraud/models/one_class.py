"""One class of people: how far from all of them a credential reads. Needs no label."""

from dataclasses import dataclass

import numpy as np

from fraud.arrays import Floats
from fraud.models.dataset import Sample
from fraud.models.reference import Reference, fit_reference

_TRIM = 0.02  # of the unverified that lie farthest are left out of the reference: bots hide there


@dataclass(frozen=True)
class OneClass:
    """The reference of people and the usual size of both its distances."""

    reference: Reference
    usual: Floats  # (2, 2) middle and spread over people of distance and of strangeness

    def score(self, X: Floats) -> Floats:
        """Distance and strangeness in spreads of people, added, shape (rows,)."""
        both = self.reference.distances(X)
        total: Floats = ((both - self.usual[0]) / self.usual[1]).sum(axis=1)
        return total


def fit_one_class(sample: Sample) -> OneClass:
    """Learns from everyone who is not a verified bot."""
    people = sample.X[~sample.bot]
    first = fit_reference(people)
    distance = first.distances(people)[:, 0]
    reference = fit_reference(people[distance <= np.quantile(distance, 1 - _TRIM)])
    both = reference.distances(people)
    spread = np.subtract(*np.quantile(both, [0.84, 0.5], axis=0))
    return OneClass(reference, np.stack([np.median(both, axis=0), np.maximum(spread, 1e-6)]))
