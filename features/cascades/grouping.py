"""Groups all reshares of the app by tree, with the copy that each declares as its original."""

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
    declared_parent: Ints  # (n,) the reshare that is stored as its original, -1 when that is the root
    roots: Ids  # (t,) contents at the roots
    first: Ints  # (t + 1,) the reshares of tree i are first[i]:first[i + 1]


def group_reshares(id: Ids, original: Ids, author: Ids, time: Ints, published: Ints) -> Reshares:
    """Groups reshares by tree, from columns of shape (n,) in any order.

    A reshare of a reshare belongs to the same tree. If its declared copy is no longer published, its parent is the
    nearest published copy above, or the root. A cycle is cut at its earliest reshare, which becomes the root of a tree.
    """
    order = np.lexsort((id, time))
    id, original, author = id[order], original[order], author[order]
    time, published = time[order], published[order]
    parent = without_cycles(_row_of(original, id), np.arange(len(id)))
    top = _last(np.where(parent < 0, np.arange(len(id)), parent))
    cut = (parent < 0) & (_row_of(original, id) >= 0)
    roots, tree = np.unique(np.where(cut[top], id[top], original[top]), return_inverse=True)
    valid = (published == 1) & ~cut
    rows = np.flatnonzero(valid)
    rows = rows[np.argsort(tree[rows], kind="stable")]
    new_row = np.full(len(id) + 1, -1)
    new_row[rows] = np.arange(len(rows))
    trees, number = np.unique(tree[rows], return_inverse=True)
    first = np.searchsorted(number, np.arange(len(trees) + 1))
    declared_parent = new_row[_published_above(parent, valid)[rows]]
    return Reshares(id[rows], author[rows], time[rows], number, declared_parent, roots[trees], first)


def fingerprints(reshares: Reshares, salt: str) -> list[str]:
    """Returns a hash for each tree that changes with its set of reshares and with the salt (settings).

    It is the sum of the hashes of the ids, so that their order does not matter.
    """
    words = np.frombuffer(reshares.id.tobytes(), dtype="<u4").reshape(-1, 3).astype(np.uint64)
    mixed = words @ np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    total = np.add.reduceat(mixed, reshares.first[:-1]) if len(mixed) else mixed
    return [f"{int(tree_hash):016x}{salt}" for tree_hash in total]


def _row_of(wanted: Ids, ids: Ids) -> Ints:
    order = np.argsort(ids, kind="stable")
    position = positions(ids[order], wanted)
    return np.where(position < 0, -1, order[position]) if len(order) else position


def _published_above(parent: Ints, published: NDArray[np.bool_]) -> Ints:
    """Returns the nearest published row above each row, -1 without one."""
    n = len(parent)  # also the row that means none
    above = np.append(np.where(parent < 0, n, parent), n)
    stop = np.append(published, True)
    nearest = _last(np.where(stop, np.arange(n + 1), above))
    return np.where(nearest[above[:n]] == n, -1, nearest[above[:n]])


def _last(step: Ints) -> Ints:
    """Follows the steps from each row until they no longer move."""
    for _ in range(len(step).bit_length()):
        step = step[step]
    return step
