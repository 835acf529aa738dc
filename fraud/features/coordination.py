"""Coordination: credentials that replay the same sequence, or see the same contents at the same time."""

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints
from fraud.arrays import over
from fraud.features.sketches import NO_KEY

_EARLIEST = 3  # each key is traced to the first three credentials that have it
_COPY_SHARE = 0.2  # a credential that shares at least this part of another's keys is its copy
_FARM = 3  # with so many copies the original is suspicious too: it may be the recording


@dataclass(frozen=True)
class SketchOverlap:
    """How much of each credential's sketch is in the sketch of one earlier credential."""

    share: Floats  # (credentials,) 0-1
    copies: Ints  # (credentials,) credentials that share keys; 0 for an original with fewer than three copies


def sketch_overlap(keys: Ints, first_seen_ms: Ints) -> SketchOverlap:
    """Returns the overlap of sketches `keys` (credentials, k) with those of the earliest credentials that share them.

    The earlier of two is the original and counts as clean, unless it has three copies or more.

    >>> keys = np.array([[1, 2], [1, 2], [3, 4]])
    >>> sketch_overlap(keys, np.array([10, 20, 30])).share.tolist()
    [0.0, 1.0, 0.0]
    """
    later, earlier, common = _pairs(keys, first_seen_ms)
    size = (keys != NO_KEY).sum(axis=1)
    share = np.nan_to_num(over(common, np.minimum(size[later], size[earlier])))
    share = np.where(common > 1, share, 0.0)
    highest, copies = np.zeros(len(keys)), np.zeros(len(keys), np.int64)
    np.maximum.at(highest, later, share)
    is_copy = share >= _COPY_SHARE
    np.add.at(copies, earlier[is_copy], 1)
    farmed = is_copy & (copies[earlier] >= _FARM)
    np.maximum.at(highest, earlier[farmed], share[farmed])
    copies = np.where(copies >= _FARM, copies, 0)
    np.add.at(copies, later[is_copy], 1)
    return SketchOverlap(highest, copies)


def _pairs(keys: Ints, first_seen_ms: Ints) -> tuple[Ints, Ints, Ints]:
    """Returns pairs (later, earlier) of credentials and their number of common keys, shape (pairs,) each."""
    age = np.empty(len(keys), np.int64)  # rank by first exposure
    age[np.lexsort((np.arange(len(keys)), first_seen_ms))] = np.arange(len(keys))
    row, _ = np.nonzero(keys != NO_KEY)
    key = keys[keys != NO_KEY]
    order = np.lexsort((age[row], key))
    row, key = row[order], key[order]
    start = np.flatnonzero(np.diff(key, prepend=-2) != 0)
    group = np.repeat(start, np.diff(np.append(start, len(key))))  # where the group of each entry starts
    later, earlier = [], []
    for offset in range(_EARLIEST):
        owner = group + offset
        linked = np.flatnonzero(owner < np.arange(len(key)))
        later.append(row[linked])
        earlier.append(row[owner[linked]])
    pairs, common = np.unique(np.concatenate(later) * len(keys) + np.concatenate(earlier), return_counts=True)
    return pairs // max(len(keys), 1), pairs % max(len(keys), 1), common
