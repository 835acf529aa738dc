"""A rebuilt tree as the document that is kept of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from features.cascades.forecast import COVERAGE, forecast_size
from features.cascades.forest import breadths, roots_and_levels, structural_virality, subtree_sizes
from features.cascades.ranks import ranks
from features.cascades.reconstruct import METHODS, Edges

Document = dict[str, Any]
MOST_NODES = 20_000  # of a tree that are kept: a document has at most 16 MB
MOST_CANDIDATES = 3  # per edge, the likeliest
LOOKS = 8  # forecasts are made when a tree is 1, 2, 4, … 2^(looks-1) hours old, and with each reshare


@dataclass(frozen=True)
class Measures:
    """What is measured of every node of a forest."""

    root: Ints
    level: Ints
    rank: Floats
    virality: Floats  # at the roots

    @classmethod
    def of(cls, parent: Ints) -> "Measures":
        """The measures of the forest."""
        root, level = roots_and_levels(parent)
        return cls(root, level, ranks(parent, level), structural_virality(subtree_sizes(parent, level), root))


def as_of(root: datetime, last: datetime, now: datetime) -> datetime:
    """The moment that a tree's document is about: its last reshare, or the last of its looks since.

    So a tree is only made anew when a reshare comes or its age doubles, and a full run gives the same
    documents.
    """
    ages = (timedelta(hours=2**look) for look in range(LOOKS))
    return max([root, last, *(root + age for age in ages if root + age <= now)])


def tree_document(members: Ints, described: Sequence[Document], measures: Measures) -> Document:
    """Nodes and measures of one tree.

    Args:
        members: shape (m,), the tree's nodes, the root first, then by position.
        described: all nodes of the forest, as `node_documents` gives them.
    """
    top = int(members[0])
    breadth = breadths(measures.root[members], measures.level[members], top)
    return {
        "size": len(members),
        "depth": len(breadth) - 1,
        "breadth": breadth,
        "structuralVirality": float(measures.virality[top]),
        "nodes": [described[at] for at in members[:MOST_NODES].tolist()],
    }


def forecast_document(minutes: Floats, followers: Floats, age_minutes: float) -> Document:
    """The size in the end, as a document; `minutes` and `followers` of the nodes, the root first."""
    size = forecast_size(minutes, followers, age_minutes)
    interval = [round(size.low, 2), round(size.high, 2)]
    return {"size": round(size.size, 2), "interval": interval, "coverage": COVERAGE}


def node_documents(
    ids: Sequence[Any],
    users: Sequence[Any],
    times: Sequence[datetime],
    edges: Edges,
    measures: Measures,
) -> list[Document]:
    """Every node of the forest; the sequences are of its n nodes."""
    listed = _candidates(edges, ids)
    columns = (edges.parent, measures.level, measures.rank, edges.method, edges.confidence.round(4))
    rows = zip(*(each.tolist() for each in columns), strict=True)
    return [
        {
            "id": ids[at],
            "user": users[at],
            "parent": ids[above] if above >= 0 else None,
            "level": level,
            "time": times[at],
            "rank": rank,
            "method": METHODS[method],
            "confidence": confidence,
            "candidates": listed.get(at, []),
        }
        for at, (above, level, rank, method, confidence) in enumerate(rows)
    ]


def _candidates(edges: Edges, ids: Sequence[Any]) -> dict[int, list[Document]]:
    """The likeliest candidates of each node that has any."""
    found: dict[int, list[Document]] = {}
    possible = edges.candidates
    for at in np.lexsort((-edges.share, possible.child)).tolist():
        listed = found.setdefault(int(possible.child[at]), [])
        if len(listed) < MOST_CANDIDATES:
            listed.append({"id": ids[int(possible.parent[at])], "share": round(float(edges.share[at]), 4)})
    return found
