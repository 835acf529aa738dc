"""All reshares of the app as a forest: which tree each belongs to, and which copy it names."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints, positions
from features.cascades.forest import without_cycles

Ids = NDArray[np.bytes_]  # S12


@dataclass(frozen=True)
class Reshares:
    """Every published reshare, sorted by tree, then time, then id."""

    id: Ids  # (n,)
    author: Ids  # (n,)
    time_ms: Ints  # (n,)
    tree: Ints  # (n,) index into `roots`
    named: Ints  # (n,) the reshare that it names as its original, -1 when that is the root
    roots: Ids  # (t,) contents at the roots
    first: Ints  # (t + 1,) the reshares of tree i are first[i]:first[i + 1]


def grouped(id: Ids, original: Ids, author: Ids, time: Ints, published: Ints) -> Reshares:
    """The reshares by tree, from columns of shape (n,) in any order.

    Rules: a reshare of a reshare belongs to that one's tree. What names a copy that is no longer published
    hangs on the nearest published copy above it, or on the root. A cycle is opened at its earliest member,
    which becomes the root of a tree.
    """
    order = np.lexsort((id, time))
    id, original, author = id[order], original[order], author[order]
    time, published = time[order], published[order]
    named = without_cycles(_row_of(original, id), np.arange(len(id)))
    top = _last(np.where(named < 0, np.arange(len(id)), named))
    opened = (named < 0) & (_row_of(original, id) >= 0)
    roots, tree = np.unique(np.where(opened[top], id[top], original[top]), return_inverse=True)
    kept = np.flatnonzero((published == 1) & ~opened)
    kept = kept[np.argsort(tree[kept], kind="stable")]
    row = np.full(len(id) + 1, -1)
    row[kept] = np.arange(len(kept))
    used, number = np.unique(tree[kept], return_inverse=True)
    first = np.searchsorted(number, np.arange(len(used) + 1))
    above = row[_published_above(named, (published == 1) & ~opened)[kept]]
    return Reshares(id[kept], author[kept], time[kept], number, above, roots[used], first)


def fingerprints(reshares: Reshares, salt: str) -> list[str]:
    """A number for each tree's members that changes when one comes or goes, or when the salt (settings) does.

    The hash of a set is the sum of the hashes of its members, so that the order does not matter.
    """
    words = np.frombuffer(reshares.id.tobytes(), dtype="<u4").reshape(-1, 3).astype(np.uint64)
    mixed = words @ np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    total = np.add.reduceat(mixed, reshares.first[:-1]) if len(mixed) else mixed
    return [f"{int(each):016x}{salt}" for each in total]


def _row_of(wanted: Ids, ids: Ids) -> Ints:
    order = np.argsort(ids, kind="stable")
    at = positions(ids[order], wanted)
    return np.where(at < 0, -1, order[at]) if len(order) else at


def _published_above(named: Ints, published: NDArray[np.bool_]) -> Ints:
    """The nearest published row above each, -1 when there is none; row n stands for none."""
    n = len(named)
    above = np.append(np.where(named < 0, n, named), n)
    stop = np.append(published, True)
    nearest = _last(np.where(stop, np.arange(n + 1), above))
    return np.where(nearest[above[:n]] == n, -1, nearest[above[:n]])


def _last(step: Ints) -> Ints:
    """Where each row ends when steps are followed until they stand still."""
    for _ in range(len(step).bit_length()):
        step = step[step]
    return step
