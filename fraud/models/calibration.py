"""Calibrates raw scores to 0-1: the share of likely people with a lower score and a similar number of exposures."""

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints

BUCKETS = (75, 150, 350)  # exposures at which the next bucket begins
_FEWEST = 100  # people in a bucket; below it the bucket uses everybody's scores
_MAX_SCORES = 2000  # scores stored per bucket
_SMOOTHED = 500  # people below which the tail is smoothed
_TAIL = 0.1  # share of people that the slope of the tail is fitted on


@dataclass(frozen=True)
class Calibration:
    """Scores of likely people per bucket, padded with NaN."""

    people: Floats  # (buckets, scores) ascending
    size: Ints  # (buckets,) people of each

    def suspicion(self, score: Floats, count: Ints) -> Floats:
        """Returns 1 - the p-value of each score within the bucket of its exposures, shape (rows,), 0-1.

        With 500 people or more, p is conformal: (1 + people with at least this score)/(1 + people) (Vovk 2005).
        With fewer, an exponential tail smooths the highest tenth (peaks over threshold). So a threshold of 1 %
        depends on ten people in a hundred, not on one.
        """
        bucket_of_row = np.searchsorted(BUCKETS, count, side="right")
        result = np.empty(len(score))
        for bucket in np.unique(bucket_of_row):
            rows = bucket_of_row == bucket
            result[rows] = 1.0 - self._p_value(score[rows], int(bucket))
        return result

    def _p_value(self, score: Floats, bucket: int) -> Floats:
        people = self.people[bucket][np.isfinite(self.people[bucket])]
        size = float(self.size[bucket])
        above = 1.0 - np.searchsorted(people, score, side="left") / len(people)
        ranked = (1 + above * size) / (1 + size)
        start = float(np.quantile(people, 1 - _TAIL))
        slope = max(float(np.mean(people[people >= start] - start)), 1e-6)
        if size < _SMOOTHED:
            return np.where(
                score < start, np.maximum(ranked, _TAIL), _TAIL * np.exp(-np.maximum(score - start, 0.0) / slope)
            )
        beyond = np.exp(-np.maximum(score - people[-1], 0.0) / slope) / (1 + size)
        return np.where(above > 0, ranked, beyond)


def calibrate(score: Floats, count: Ints) -> Calibration:
    """Returns the calibration from scores of likely people that the detector was not trained on.

    A bucket with fewer than 100 people uses everybody's scores.

    Raises:
        ValueError: when there are no scores.
    """
    if not len(score):
        raise ValueError("people: 0 scores, at least 1 is needed")
    bucket_of_row = np.searchsorted(BUCKETS, count, side="right")
    parts = [score[bucket_of_row == bucket] for bucket in range(len(BUCKETS) + 1)]
    chosen = [np.sort(part if len(part) >= _FEWEST else score) for part in parts]
    width = min(_MAX_SCORES, max(len(part) for part in chosen))
    people = np.full((len(chosen), width), np.nan)
    for row, part in enumerate(chosen):
        thinned = part if len(part) <= width else part[np.linspace(0, len(part) - 1, width).round().astype(int)]
        people[row, : len(thinned)] = thinned
    return Calibration(people, np.array([len(part) for part in chosen]))
