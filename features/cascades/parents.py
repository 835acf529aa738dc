"""Who passed a post on to whom: candidates from the follow graph, and three policies that choose among them.

Rules: a parent is earlier than its child, and its user is followed by the child's. Of several, `earliest`
takes the first (right where a feed shows only the first copy), `recent` the last, `likelihood` the one whose
delay and tie explain the reshare best (right where a feed shows every copy). Equal times are ordered by id.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints, joined
from features.cascades.delays import Delays

POLICIES = ("earliest", "recent", "likelihood")


@dataclass(frozen=True)
class Nodes:
    """The posts of many trees; the roots are among them."""

    tree: Ints  # (n,) number of the tree
    user: Ints  # (n,) number of the author, -1 when unknown
    minutes: Floats  # (n,) time in minutes, on one scale for all
    position: Ints  # (n,) order by time, then id; a root stands before the rest of its tree


@dataclass(frozen=True)
class Follows:
    """Who follows whom since when."""

    follower: Ints  # (f,) user number
    followed: Ints  # (f,) user number
    since_minutes: Floats  # (f,) on the scale of Nodes.minutes; -inf when it always was
    strength: Floats  # (f,) tie, above 0; 1 when nothing is known


@dataclass(frozen=True)
class Candidates:
    """Possible parents, sorted by child and then by position."""

    child: Ints  # (c,) node
    parent: Ints  # (c,) node
    minutes: Floats  # (c,) delay, at least 0
    strength: Floats  # (c,) tie of the child's user to the parent's


def candidates(nodes: Nodes, follows: Follows) -> Candidates:
    """Every earlier post of the same tree whose author the child's author followed by then."""
    child, tie = joined(nodes.user, follows.follower)
    users = int(max(nodes.user.max(initial=0), follows.followed.max(initial=0))) + 1
    wanted = nodes.tree[child] * users + follows.followed[tie]
    pair, parent = joined(wanted, np.where(nodes.user < 0, -1, nodes.tree * users + nodes.user))
    child, tie = child[pair], tie[pair]
    fits = nodes.position[parent] < nodes.position[child]
    fits &= (follows.since_minutes[tie] <= nodes.minutes[child]) & (nodes.user[parent] != nodes.user[child])
    child, parent, tie = child[fits], parent[fits], tie[fits]
    order = np.lexsort((nodes.position[parent], child))
    delay = np.maximum(nodes.minutes[child] - nodes.minutes[parent], 0.0)
    return Candidates(child[order], parent[order], delay[order], follows.strength[tie][order])


def shares(found: Candidates, delays: Delays) -> Floats:
    """Chance of each candidate to be the parent, shape (c,), summing with "elsewhere" to 1 within a child.

    Each sharer whom the child follows offers the post at the rate strength · density(delay); given that the
    child reshared now, the chance of each is its part in the sum of the rates.
    """
    rate = found.strength * delays.density(found.minutes)
    return rate / (totals(found, rate) + delays.elsewhere)


def totals(found: Candidates, value: Floats) -> Floats:
    """Sum of `value` over the candidates of the same child, shape (c,)."""
    if not len(value):
        return value
    summed: Floats = np.bincount(found.child, weights=value)[found.child].astype(np.float64)
    return summed


def chosen(found: Candidates, share: Floats, policy: str) -> NDArray[np.int64]:
    """Index of one candidate per child that has any, by the policy; equal shares go to the earlier candidate.

    Raises:
        ValueError: for an unknown policy.
    """
    if policy not in POLICIES:
        raise ValueError(f"policy: {policy!r} is none of {', '.join(POLICIES)}")
    at = np.arange(len(found.child))
    preference = {"earliest": at, "recent": -at, "likelihood": -share}[policy]
    order = np.lexsort((at, preference, found.child))
    new = np.ones(len(order), dtype=bool)
    new[1:] = found.child[order][1:] != found.child[order][:-1]
    return order[new]
