"""Infers the parents of reshares: candidates from the follow graph, and three policies that choose among them.

A candidate is earlier than the reshare, and its author is followed by the reshare's author. `earliest` chooses the
first candidate (for feeds that show only the first copy), `recent` the last, and `likelihood` the most probable one by
delay and tie (for feeds that show every copy). Equal times are ordered by id.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints, joined
from features.cascades.delays import Delays

POLICIES = ("earliest", "recent", "likelihood")


@dataclass(frozen=True)
class Nodes:
    """The posts of many trees, including the roots."""

    tree: Ints  # (n,) number of the tree
    user: Ints  # (n,) number of the author, -1 when unknown
    minutes: Floats  # (n,) time in minutes, with the same origin for all
    position: Ints  # (n,) order by time, then id; a root comes before the rest of its tree


@dataclass(frozen=True)
class Follows:
    """Follows of users, with time and strength."""

    follower: Ints  # (f,) user number
    followed: Ints  # (f,) user number
    since_minutes: Floats  # (f,) in the time of Nodes.minutes; -inf when unknown
    strength: Floats  # (f,) of the tie, above 0; 1 when unknown


@dataclass(frozen=True)
class Candidates:
    """Possible parents, sorted by child and then by position."""

    child: Ints  # (c,) node
    parent: Ints  # (c,) node
    minutes: Floats  # (c,) delay, at least 0
    strength: Floats  # (c,) of the tie of the child's user to the parent's


def find_candidates(nodes: Nodes, follows: Follows) -> Candidates:
    """Returns every earlier post of the same tree whose author the child's author followed at that time."""
    child, tie = joined(nodes.user, follows.follower)
    users = int(max(nodes.user.max(initial=0), follows.followed.max(initial=0))) + 1
    followed = nodes.tree[child] * users + follows.followed[tie]
    pair, parent = joined(followed, np.where(nodes.user < 0, -1, nodes.tree * users + nodes.user))
    child, tie = child[pair], tie[pair]
    valid = nodes.position[parent] < nodes.position[child]
    valid &= (follows.since_minutes[tie] <= nodes.minutes[child]) & (nodes.user[parent] != nodes.user[child])
    child, parent, tie = child[valid], parent[valid], tie[valid]
    order = np.lexsort((nodes.position[parent], child))
    delay = np.maximum(nodes.minutes[child] - nodes.minutes[parent], 0.0)
    return Candidates(child[order], parent[order], delay[order], follows.strength[tie][order])


def shares(candidates: Candidates, delays: Delays) -> Floats:
    """Returns the probability that each candidate is the parent, shape (c,); with "elsewhere" they sum to 1 per child.

    A sharer causes reshares of a follower at the rate strength · density(delay). The probability of a candidate is its
    share of the summed rates.
    """
    rate = candidates.strength * delays.density(candidates.minutes)
    return rate / (totals(candidates, rate) + delays.elsewhere)


def totals(candidates: Candidates, value: Floats) -> Floats:
    """Returns the sum of `value` over the candidates of the same child, shape (c,)."""
    if not len(value):
        return value
    total: Floats = np.bincount(candidates.child, weights=value)[candidates.child].astype(np.float64)
    return total


def choose_parents(candidates: Candidates, share: Floats, policy: str) -> NDArray[np.int64]:
    """Returns the index of one candidate per child by the policy; the earlier of equal shares.

    Raises:
        ValueError: if the policy is unknown.
    """
    if policy not in POLICIES:
        raise ValueError(f"policy: {policy!r} is none of {', '.join(POLICIES)}")
    number = np.arange(len(candidates.child))
    preference = {"earliest": number, "recent": -number, "likelihood": -share}[policy]
    order = np.lexsort((number, preference, candidates.child))
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = candidates.child[order][1:] != candidates.child[order][:-1]
    return order[is_first]
