"""Seconds and memory of one reshare tree, found again by the ladder and measured: `python -m tests.bench.cascade`."""

import argparse
import json
from time import perf_counter

import numpy as np

from features.cascades.forest import Ints, roots_and_levels, structural_virality, subtree_sizes
from features.cascades.parents import Follows, Nodes
from features.cascades.ranks import ranks
from features.cascades.reconstruct import Ladder, Seen, rebuilt
from lab.evaluate.labelled import memory_mib

NOBODY = np.empty(0, dtype=np.int64)


def parents(nodes: int, chain: int) -> Ints:
    """A chain, and on it the other nodes, drawn as branches."""
    drawn = np.random.default_rng(1).integers(0, np.arange(chain, nodes))
    return np.concatenate([np.arange(-1, chain - 1), drawn])


def figures(nodes: int, chain: int) -> dict[str, float]:
    """Share of parents found, seconds and MiB; everybody follows the true parent and another of the sharers."""
    true, at = parents(nodes, chain), np.arange(nodes)
    others = np.random.default_rng(2).integers(0, nodes, nodes)
    follower, followed = np.tile(at[1:], 2), np.concatenate([true[1:], others[1:]])
    always, equal = np.full(len(follower), -np.inf), np.ones(len(follower))
    tree, nobody = Nodes(np.zeros(nodes, int), at, at.astype(float), at), Seen(NOBODY, NOBODY, np.empty(0))

    began = perf_counter()
    follows = Follows(follower, followed, always, equal)
    edges = rebuilt(tree, np.full(nodes, -1), np.full(nodes, -1), nobody, follows, None, Ladder())
    root, level = roots_and_levels(edges.parent)
    ranks(edges.parent, level)
    structural_virality(subtree_sizes(edges.parent, level), root)
    seconds = perf_counter() - began
    right = float((edges.parent == true)[1:].mean())
    return {"nodes": nodes, "depth": int(level.max()), "right": right, "seconds": seconds, "mib": memory_mib()}


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--nodes", type=int, default=100_000)
    arguments.add_argument("--chain", type=int, default=50_000)
    print(json.dumps(figures(**vars(arguments.parse_args()))))  # noqa: T201
