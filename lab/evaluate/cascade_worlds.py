"""Worlds in which the parents of reshares are known: simulated diffusion, and follows round given trees.

A feed that shows `first` copies puts a post before a reader once; one that shows `every` copy puts it there
again with each followed reshare, and each time may be the one that moves the reader.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.arrays import Floats, Ints
from features.cascades.parents import Follows, Nodes
from lab.evaluate.edge_lists import Tree

FEEDS = ("first", "every")
USERS, TREES, MOST_NODES = 3_000, 60, 600  # of a simulated world; nodes per tree
FOLLOWS_MEAN = 15.0
TIE_SIGMA = 1.2  # of the log tie: readers are moved by few of those whom they follow
MEDIAN_MINUTES, DELAY_SIGMA = 30.0, 1.3  # delay between a copy and the reshare
REACH = 1.2  # mean number of reshares that a copy would cause among fresh readers
ELSEWHERE = 0.01  # share of reshares that come from search and profiles


@dataclass(frozen=True)
class World:
    """Trees with true parents, and the follow graph that a rebuilder may see."""

    nodes: Nodes
    parent: Ints  # (n,) true parent, -1 at the roots
    follows: Follows


def diffused(feed: str, seed: int) -> World:
    """A follow graph with ties, and posts that spread over it."""
    rng = np.random.default_rng([seed, FEEDS.index(feed)])
    ties = _ties(rng)
    readers: list[list[tuple[int, float]]] = [[] for _ in range(USERS)]
    for follower, followed, strength in zip(*ties, strict=True):
        readers[int(followed)].append((int(follower), float(strength)))
    spread = [_spread(readers, feed, rng) for _ in range(TREES)]
    nodes, parent = _together(spread)
    follower, followed, strength = ties
    return World(nodes, parent, Follows(follower, followed, np.full(len(follower), -np.inf), strength))


def followed_trees(
    trees: list[Tree], feed: str, seed: int, extra_mean: float = 1.5, tie_sigma: float = TIE_SIGMA
) -> World:
    """Given trees with a simulated follow graph round them.

    Everyone follows the true parent, and besides `extra_mean` other earlier sharers of the tree on average,
    drawn by their audience (reshares caused + ½): under `every` any of them, under `first` only those who
    shared after the parent (else their copy would have been the one shown). Ties are log-normal, and that to
    the true parent is size-biased: who reshares does so from a strong tie.
    """
    rng = np.random.default_rng([seed, FEEDS.index(feed)])
    nodes, parent = _together([(tree.minutes, np.arange(len(tree.ids)), tree.parent) for tree in trees], apart=True)
    child = np.flatnonzero(parent >= 0)
    start = np.flatnonzero(parent < 0)[nodes.tree[child]]
    low = start if feed == "every" else parent[child] + 1
    room = np.maximum(child - low, 0)
    extra = np.repeat(np.arange(len(child)), np.minimum(rng.poisson(extra_mean, len(child)), room))
    audience = np.cumsum(0.5 + np.bincount(parent[child], minlength=len(parent)))
    floor = np.where(low > 0, audience[low - 1], 0.0)[extra]
    ceiling = audience[child - 1][extra]
    other = np.searchsorted(audience, floor + rng.random(len(extra)) * (ceiling - floor), "right")
    pairs = np.concatenate([np.stack([child, parent[child]]), np.stack([child[extra], other])], axis=1)
    true = np.concatenate([np.ones(len(child), bool), np.zeros(len(extra), bool)])
    return World(nodes, parent, _follow_graph(pairs, true, tie_sigma, rng))


def _follow_graph(pairs: Ints, true: Any, tie_sigma: float, rng: np.random.Generator) -> Follows:
    order = np.lexsort((~true, pairs[1], pairs[0]))
    pairs, true = pairs[:, order], true[order]
    new = np.concatenate([[True], (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)])
    pairs, true = pairs[:, new], true[new]
    strength = np.exp(rng.normal(0.0, tie_sigma, len(true)) + tie_sigma**2 * true)
    return Follows(pairs[0], pairs[1], np.full(len(true), -np.inf), strength)


def _ties(rng: np.random.Generator) -> tuple[Ints, Ints, Floats]:
    draws = int(USERS * FOLLOWS_MEAN)
    popularity = rng.pareto(1.6, USERS) + 0.2
    follower = rng.integers(0, USERS, draws)
    followed = rng.choice(USERS, draws, p=popularity / popularity.sum())
    pairs = np.unique(np.stack([follower, followed])[:, follower != followed], axis=1)
    return pairs[0], pairs[1], np.exp(rng.normal(0.0, TIE_SIGMA, pairs.shape[1]))


def _spread(readers: list[list[tuple[int, float]]], feed: str, rng: np.random.Generator) -> tuple[Floats, Ints, Ints]:
    """Minutes, users and parents of one tree, in order of time."""
    weights = np.array([len(each) for each in readers], dtype=float)
    mean_tie = float(np.exp(TIE_SIGMA**2 / 2))
    chance = REACH / FOLLOWS_MEAN / mean_tie
    origin = int(rng.choice(len(readers), p=weights / weights.sum()))
    waiting: list[tuple[float, int, int]] = [(0.0, origin, -1)]
    shared: dict[int, int] = {}
    shown: set[int] = {origin}
    times: list[float] = []
    parents: list[int] = []
    while waiting and len(times) < MOST_NODES:
        minutes, user, parent = heapq.heappop(waiting)
        if user in shared:
            continue
        shared[user] = len(times)
        times.append(minutes)
        parents.append(parent)
        fresh = [each for each in readers[user] if each[0] not in shared and (feed == "every" or each[0] not in shown)]
        shown.update(each[0] for each in fresh)
        for moved in _moved(fresh, chance, rng):
            delay = MEDIAN_MINUTES * float(np.exp(rng.normal(0.0, DELAY_SIGMA)))
            source = 0 if rng.random() < ELSEWHERE else shared[user]
            heapq.heappush(waiting, (minutes + delay, moved, source))
    return np.array(times), np.array(list(shared), dtype=np.int64), np.array(parents, dtype=np.int64)


def _moved(readers: list[tuple[int, float]], chance: float, rng: np.random.Generator) -> list[int]:
    draw = rng.random(len(readers))
    return [reader for (reader, tie), each in zip(readers, draw, strict=True) if each < min(chance * tie, 0.9)]


def _together(spread: list[tuple[Floats, Ints, Ints]], apart: bool = False) -> tuple[Nodes, Ints]:
    """The trees as one forest; `apart` gives every node of every tree a user of its own."""
    sizes = [len(minutes) for minutes, _, _ in spread]
    start = np.cumsum([0, *sizes[:-1]])
    tree = np.repeat(np.arange(len(sizes)), sizes)
    parent = np.concatenate(
        [np.where(parents < 0, -1, parents + at) for (_, _, parents), at in zip(spread, start, strict=True)]
    )
    user = np.arange(len(tree)) if apart else np.concatenate([users for _, users, _ in spread])
    minutes = np.concatenate([minutes for minutes, _, _ in spread])
    return Nodes(tree, user, minutes, np.arange(len(tree))), parent


def given_follows(named: list[tuple[Any, Tree]], lines: Iterable[Any]) -> World:
    """Given trees with the follow graph of a file; node ids stand for users.

    A line is {"tree", "follows": [[follower, followed], …]} for one tree, or [follower, followed], or
    {"follower", "followed"}, for all of them; a third element or "strength" is the tie (default 1).
    """
    nodes, parent = _together([(tree.minutes, np.arange(len(tree.ids)), tree.parent) for _, tree in named], apart=True)
    start = dict(zip((name for name, _ in named), np.flatnonzero(parent < 0).tolist(), strict=True))
    number = {name: {each: start[name] + at for at, each in enumerate(tree.ids)} for name, tree in named}
    rows = [
        (ids[follow[0]], ids[follow[1]], float(follow[2]) if len(follow) > 2 else 1.0)
        for name, follow in _read_follows(lines, list(number))
        if (ids := number.get(name, {})) and follow[0] in ids and follow[1] in ids
    ]
    table = np.array(sorted(rows), dtype=float).reshape(-1, 3)
    follower, followed = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    return World(nodes, parent, Follows(follower, followed, np.full(len(table), -np.inf), table[:, 2]))


def _read_follows(lines: Iterable[Any], trees: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    for line in lines:
        if isinstance(line, dict) and "follows" in line:
            yield from ((line["tree"], follow) for follow in line["follows"])
        else:
            follow = [line["follower"], line["followed"], line.get("strength", 1.0)] if isinstance(line, dict) else line
            yield from ((tree, follow) for tree in trees)
