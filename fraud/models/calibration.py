"""From a raw score to 0-1: the share of likely people who look less suspicious with about as many readings."""

from dataclasses import dataclass

import numpy as np

from fraud.arrays import Floats, Ints

BUCKETS = (75, 150, 350)  # readings at which the next bucket begins
_FEWEST = 100  # people a bucket needs for a calibration of its own
_KEPT = 2000  # scores kept per bucket
_SMOOTHED = 500  # people under which the tail is smoothed
_TAIL = 0.1  # of people give the slope of the tail


@dataclass(frozen=True)
class Calibration:
    """Scores of likely people per bucket, padded with NaN."""

    people: Floats  # (buckets, kept) ascending
    size: Ints  # (buckets,) people behind each

    def suspicion(self, score: Floats, count: Ints) -> Floats:
        """1 - the p-value of each score in the bucket of its readings, shape (rows,), 0-1.

        With 500 people or more p is conformal, (1 + people with such a score or a higher one)/(1 + people)
        (Vovk 2005). With fewer the highest tenth is smoothed by an exponential tail (peaks over threshold), so
        that a threshold of 1 % hangs on ten people in a hundred and not on one.
        """
        bucket = np.searchsorted(BUCKETS, count, side="right")
        result = np.empty(len(score))
        for each in np.unique(bucket):
            rows = bucket == each
            result[rows] = 1.0 - self._chance(score[rows], int(each))
        return result

    def _chance(self, score: Floats, bucket: int) -> Floats:
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
    """The calibration by the scores of likely people whom the detector has not learnt from.

    A bucket with fewer than 100 people takes everybody's scores.

    Raises:
        ValueError: for no people.
    """
    if not len(score):
        raise ValueError("people: 0 scores, none to calibrate on")
    bucket = np.searchsorted(BUCKETS, count, side="right")
    parts = [score[bucket == each] for each in range(len(BUCKETS) + 1)]
    chosen = [np.sort(part if len(part) >= _FEWEST else score) for part in parts]
    kept = min(_KEPT, max(len(part) for part in chosen))
    people = np.full((len(chosen), kept), np.nan)
    for row, part in enumerate(chosen):
        thinned = part if len(part) <= kept else part[np.linspace(0, len(part) - 1, kept).round().astype(int)]
        people[row, : len(thinned)] = thinned
    return Calibration(people, np.array([len(part) for part in chosen]))
