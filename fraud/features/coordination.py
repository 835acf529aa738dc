"""What credentials have in common: the same sequence replayed, the same contents at the same time."""

from dataclasses import dataclass

import numpy as np

from fraud.arrays import Floats, Ints, over
from fraud.features.sketches import NO_KEY

_EARLIEST = 3  # each piece is traced to the first three credentials that had it
_COPY_SHARE = 0.2  # a credential with more of another's pieces is its copy
_FARM = 3  # with so many copies even the earliest is looked at: it may be the original that was recorded


@dataclass(frozen=True)
class SketchOverlap:
    """How much of each credential stands in one other, earlier credential."""

    share: Floats  # (credentials,) 0-1
    copies: Ints  # (credentials,) others alike; 0 for an original with fewer copies than a farm


def sketch_overlap(keys: Ints, first_seen_ms: Ints) -> SketchOverlap:
    """Traces the sketches `keys` (credentials, k) to the earliest credentials that share them.

    The earlier of two alike is the original and stays clean, unless it has three copies or more.

    >>> keys = np.array([[1, 2], [1, 2], [3, 4]])
    >>> sketch_overlap(keys, np.array([10, 20, 30])).share.tolist()
    [0.0, 1.0, 0.0]
    """
    later, earlier, common = _pairs(keys, first_seen_ms)
    size = (keys != NO_KEY).sum(axis=1)
    share = np.nan_to_num(over(common, np.minimum(size[later], size[earlier])))
    share = np.where(common > 1, share, 0.0)
    best, copies = np.zeros(len(keys)), np.zeros(len(keys), np.int64)
    np.maximum.at(best, later, share)
    alike = share >= _COPY_SHARE
    np.add.at(copies, earlier[alike], 1)
    farmed = alike & (copies[earlier] >= _FARM)
    np.maximum.at(best, earlier[farmed], share[farmed])
    copies = np.where(copies >= _FARM, copies, 0)
    np.add.at(copies, later[alike], 1)
    return SketchOverlap(best, copies)


def _pairs(keys: Ints, first_seen_ms: Ints) -> tuple[Ints, Ints, Ints]:
    """Pairs (later, earlier) of credentials and the number of keys in common."""
    age = np.empty(len(keys), np.int64)  # rank by first reading
    age[np.lexsort((np.arange(len(keys)), first_seen_ms))] = np.arange(len(keys))
    row, _ = np.nonzero(keys != NO_KEY)
    key = keys[keys != NO_KEY]
    order = np.lexsort((age[row], key))
    row, key = row[order], key[order]
    start = np.flatnonzero(np.diff(key, prepend=-2) != 0)
    group = np.repeat(start, np.diff(np.append(start, len(key))))  # where the group of each entry begins
    later, earlier = [], []
    for place in range(_EARLIEST):
        mate = group + place
        linked = np.flatnonzero(mate < np.arange(len(key)))
        later.append(row[linked])
        earlier.append(row[mate[linked]])
    pair = np.concatenate(later) * len(keys) + np.concatenate(earlier)
    found, common = np.unique(pair, return_counts=True)
    return found // max(len(keys), 1), found % max(len(keys), 1), common
