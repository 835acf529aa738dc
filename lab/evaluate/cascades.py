"""Evaluates ranks and measures of reshare trees against an oracle; hides parents and finds them again."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from features.arrays import Ints
from features.cascades.delays import fit_delays
from features.cascades.forest import roots_and_levels, structural_virality, subtree_sizes
from features.cascades.parents import POLICIES, choose_parents, find_candidates, shares
from features.cascades.ranks import ranks
from lab.evaluate.cascade_oracle import compared_nodes, expected_calibration_error, mean_distance, rank_of
from lab.evaluate.cascade_worlds import FEEDS, World, diffused, followed_trees, given_follows
from lab.evaluate.edge_lists import Tree, tree_from_edges

Report = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """One tree and what is measured of it."""

    level: Ints
    rank: Any
    virality: float


def read_trees(path: Path) -> list[tuple[Any, Tree, dict[str, int]]]:
    """Name, tree and mended edges of every line of the file."""
    return [(line["tree"], *tree_from_edges(line["edges"])) for line in _lines(path)]


def evaluate_known(named: list[tuple[Any, Tree, dict[str, int]]], nodes: bool = False) -> Report:
    """Ranks and measures of trees whose parents are known, and how far the oracle's are from them."""
    measured = [_measured(tree.parent) for _, tree, _ in named]
    pairs = [_rank_pairs(tree, each) for (_, tree, _), each in zip(named, measured, strict=True)]
    errors = [_virality_error(each.virality, tree) for (_, tree, _), each in zip(named, measured, strict=True)]
    report: Report = {
        "trees": len(named),
        "nodes": sum(len(tree.ids) for _, tree, _ in named),
        "rank_spearman": _spearman(np.concatenate(pairs, axis=1)) if pairs else 1.0,
        "virality_error": max(errors, default=0.0),
        "parent_accuracy": {"explicit": 1.0},
        "mended": _added(mended for _, _, mended in named),
    }
    return report | ({"nodes_detail": _detail(named, measured)} if nodes else {})


def evaluate_hidden(world: World) -> Report:
    """Share of right parents by policy, calibration of the likelihood, and the ranks from its parents."""
    found = find_candidates(world.nodes, world.follows)
    share = shares(found, fit_delays(found.child, found.minutes, found.strength))
    reshares = world.parent >= 0
    accuracy = {}
    for policy in POLICIES:
        best = choose_parents(found, share, policy)
        rebuilt = _under_root(world)
        rebuilt[found.child[best]] = found.parent[best]
        accuracy[policy] = float((rebuilt == world.parent)[reshares].mean())
    right = (found.parent[best] == world.parent[found.child[best]]).astype(float)  # of the last: likelihood
    return {
        "trees": int((~reshares).sum()),
        "nodes": len(world.parent),
        "parent_accuracy": accuracy,
        "calibration": expected_calibration_error(share[best], right),
        "attributed": len(best) / max(int(reshares.sum()), 1),
        "candidates_per_reshare": len(found.child) / max(int(reshares.sum()), 1),
        **_rebuilt_measures(world.parent, rebuilt),
    }


def evaluate_hidden_parents(named: list[tuple[Any, Tree, dict[str, int]]], follows: str, seed: int) -> Report:
    """Hides the parents of every reshare, finds them again with the follow graph, and compares.

    Raises:
        ValueError: when `follows` is neither `simulated` nor a readable file.
    """
    if follows != "simulated":
        path = Path(follows)
        if not path.exists():
            raise ValueError(f"--follows: there is no file {follows}; `simulated` makes a graph")
        return evaluate_hidden(given_follows([(name, tree) for name, tree, _ in named], _lines(path)))
    trees = [tree for _, tree, _ in named]
    worlds = {feed: followed_trees(trees, feed, seed) if trees else diffused(feed, seed) for feed in FEEDS}
    feeds = {feed: evaluate_hidden(world) for feed, world in worlds.items()}
    return feeds["every"] | {"feeds": feeds}


def _measured(parent: Ints) -> Measured:
    root, level = roots_and_levels(parent)
    return Measured(level, ranks(parent, level), float(structural_virality(subtree_sizes(parent, level), root)[0]))


def _rank_pairs(tree: Tree, measured: Measured) -> Any:
    nodes = compared_nodes(measured.level)
    return np.stack([measured.rank[nodes], rank_of(tree.parent, nodes)])


def _virality_error(virality: float, tree: Tree) -> float:
    expected = mean_distance(tree.parent)
    return abs(virality - expected) / expected if expected else abs(virality)


def _rebuilt_measures(true: Ints, rebuilt: Ints) -> Report:
    known, again = _whole(true), _whole(rebuilt)
    wide = known[1] > 0
    gap = np.abs(again[1] - known[1])[wide] / known[1][wide]
    pairs = np.stack([again[0], known[0]])
    return {"rank_spearman": _spearman(pairs), "virality_error": float(gap.mean()) if len(gap) else 0.0}


def _whole(parent: Ints) -> tuple[Any, Any]:
    """Rank of every node, and structural virality at every root."""
    root, level = roots_and_levels(parent)
    return ranks(parent, level), structural_virality(subtree_sizes(parent, level), root)


def _under_root(world: World) -> Ints:
    roots = np.flatnonzero(world.parent < 0)
    return np.where(world.parent < 0, -1, roots[world.nodes.tree])


def _spearman(pairs: Any) -> float:
    first, second = np.round(pairs, 9)  # sums in another order differ in the last digits
    if np.array_equal(first, second):
        return 1.0
    return float(spearmanr(first, second).statistic)


def _detail(named: list[tuple[Any, Tree, dict[str, int]]], measured: list[Measured]) -> list[Report]:
    return [
        {
            "tree": name,
            "id": tree.ids[at],
            "parent": tree.ids[above] if above >= 0 else None,
            "level": int(each.level[at]),
            "rank": round(float(each.rank[at]), 9),
        }
        for (name, tree, _), each in zip(named, measured, strict=True)
        for at, above in enumerate(tree.parent.tolist())
    ]


def _lines(path: Path) -> Iterator[Any]:
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            yield from (json.loads(line) for line in file if line.strip())
    except (FileNotFoundError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error


def _added(counts: Iterator[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        total |= {reason: total.get(reason, 0) + count for reason, count in each.items()}
    return total
