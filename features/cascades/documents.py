"""Reshare trees as documents."""

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
MOST_NODES = 20_000  # of a document, which has at most 16 MB
MOST_CANDIDATES = 3  # per edge, the most probable
CHECKPOINTS = 8  # forecast at 1, 2, 4, … 2^(CHECKPOINTS-1) hours of age, and with each reshare


@dataclass(frozen=True)
class Measures:
    """Measures of every node of a forest; all arrays have shape (n,)."""

    root: Ints
    level: Ints
    rank: Floats
    virality: Floats  # at the roots

    @classmethod
    def of(cls, parent: Ints) -> "Measures":
        """Returns the measures of the forest."""
        root, level = roots_and_levels(parent)
        return cls(root, level, ranks(parent, level), structural_virality(subtree_sizes(parent, level), root))


def document_time(root: datetime, last: datetime, now: datetime) -> datetime:
    """Returns the time that a tree's document describes: its last reshare, or the last checkpoint since.

    A tree is written again only after a reshare or a checkpoint, and a full run writes the same documents.
    """
    ages = (timedelta(hours=2**checkpoint) for checkpoint in range(CHECKPOINTS))
    return max([root, last, *(root + age for age in ages if root + age <= now)])


def tree_document(members: Ints, nodes: Sequence[Document], measures: Measures) -> Document:
    """Returns the nodes and measures of one tree.

    Args:
        members: shape (m,), the tree's nodes, the root first, then by position.
        nodes: the documents of all nodes of the forest, from `node_documents`.
    """
    top = int(members[0])
    breadth = breadths(measures.root[members], measures.level[members], top)
    return {
        "size": len(members),
        "depth": len(breadth) - 1,
        "breadth": breadth,
        "structuralVirality": float(measures.virality[top]),
        "nodes": [nodes[node] for node in members[:MOST_NODES].tolist()],
    }


def forecast_document(minutes: Floats, followers: Floats, age_minutes: float) -> Document:
    """Returns the forecast of the final size; `minutes` and `followers` of the nodes, the root first."""
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
    """Returns the document of every node of the forest; the sequences have n items."""
    candidates = _candidates(edges, ids)
    columns = (edges.parent, measures.level, measures.rank, edges.method, edges.confidence.round(4))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        {
            "id": ids[node],
            "user": users[node],
            "parent": ids[parent] if parent >= 0 else None,
            "level": level,
            "time": times[node],
            "rank": rank,
            "method": METHODS[method],
            "confidence": confidence,
            "candidates": candidates.get(node, []),
        }
        for node, (parent, level, rank, method, confidence) in enumerate(rows)
    ]


def _candidates(edges: Edges, ids: Sequence[Any]) -> dict[int, list[Document]]:
    """Returns the most probable candidates of each node that has any."""
    by_node: dict[int, list[Document]] = {}
    child, parent = edges.candidates.child, edges.candidates.parent
    for row in np.lexsort((-edges.share, child)).tolist():
        candidates = by_node.setdefault(int(child[row]), [])
        if len(candidates) < MOST_CANDIDATES:
            candidates.append({"id": ids[int(parent[row])], "share": round(float(edges.share[row]), 4)})
    return by_node
