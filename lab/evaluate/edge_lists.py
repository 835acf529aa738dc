"""A reshare tree from a list of edges as found in the wild: what stays, what is mended, what goes."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from features.cascades.forest import without_cycles

Edge = tuple[Hashable, Hashable, float]
_First = dict[Hashable, tuple[Hashable, float]]  # child → parent, minutes


@dataclass(frozen=True)
class Tree:
    """One tree; node 0 is the root."""

    ids: list[Hashable]  # (n,)
    parent: Ints  # (n,) index, -1 at the root
    minutes: Floats  # (n,) since the root, at least 0


def tree_from_edges(edges: Sequence[Edge]) -> tuple[Tree, dict[str, int]]:
    """The tree of (parent, child, minutes since the root), and how many edges were set right, by reason.

    Rules: a negative time is 0. An edge from a node to itself or into the root goes. Of a repeated child the
    first appearance by time wins, then by place in the list. A child before its parent stays where it is. A
    parent that is nobody's child, and the earliest node of a cycle, hang under the root.

    >>> tree, mended = tree_from_edges([(0, 1, 1.0), (1, 2, 3.0), (0, 2, 4.0), (1, 3, -2.0)])
    >>> tree.ids, tree.parent.tolist(), mended
    ([0, 3, 1, 2], [-1, 2, 0, 2], {'negative': 1, 'repeated': 1})
    """
    clamped = [(parent, child, max(float(minutes), 0.0)) for parent, child, minutes in edges]
    clamped.sort(key=lambda edge: edge[2])  # stable: the place in the list decides among equals
    root = _root(clamped)
    first: dict[Hashable, tuple[Hashable, float]] = {}
    mended = Counter(negative=sum(minutes < 0 for _, _, minutes in edges))
    for parent, child, minutes in clamped:
        reason = _fault(parent, child, root, first)
        if reason:
            mended[reason] += 1
        else:
            first[child] = (parent, minutes)
    mended["orphans"] = _adopt_orphans(first, root, clamped)
    tree, mended["cycles"] = _indexed(root, first)
    return tree, {reason: count for reason, count in mended.items() if count}


def _fault(parent: Hashable, child: Hashable, root: Hashable, first: Mapping[Hashable, Any]) -> str | None:
    if parent == child:
        return "self"
    if child == root:
        return "intoRoot"
    return "repeated" if child in first else None


def _root(edges: Sequence[Edge]) -> Hashable:
    """The earliest parent that is nobody's child; when all are somebody's, the parent named most often."""
    if not edges:
        raise ValueError("edges: a tree needs at least one")
    children = {child for parent, child, _ in edges if parent != child}
    named = Counter(parent for parent, child, _ in edges if parent != child)
    most = named.most_common(1)[0][0] if named else edges[0][0]
    return next((parent for parent, _, _ in edges if parent not in children), most)


def _adopt_orphans(first: _First, root: Hashable, edges: Sequence[Edge]) -> int:
    orphans = {parent: minutes for parent, _, minutes in reversed(edges) if parent != root and parent not in first}
    first.update({orphan: (root, minutes) for orphan, minutes in orphans.items()})
    return len(orphans)


def _indexed(root: Hashable, first: dict[Hashable, tuple[Hashable, float]]) -> tuple[Tree, int]:
    ids = [root, *sorted(first, key=lambda node: first[node][1])]
    number = {node: at for at, node in enumerate(ids)}
    parent = np.array([-1, *(number[first[node][0]] for node in ids[1:])], dtype=np.int64)
    minutes = np.array([0.0, *(first[node][1] for node in ids[1:])])
    opened = without_cycles(parent, np.arange(len(ids)))
    cut = np.flatnonzero(opened != parent)
    opened[cut] = 0
    return Tree(ids, opened, minutes), len(cut)
