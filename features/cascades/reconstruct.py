"""Reconstructs reshare trees: the parent is the declared copy, else the last impression, else inferred from follows."""

from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Floats, Ints, joined
from features.cascades.delays import lognormal_delays
from features.cascades.forest import without_cycles
from features.cascades.parents import Candidates, Follows, Nodes, choose_parents, find_candidates, shares
from features.ranking.point_in_time import PairIndex

METHODS = ("root", "explicit", "impression", "follow", "unattributed")
ROOT, EXPLICIT, IMPRESSION, FOLLOW, UNATTRIBUTED = range(5)

LIKELIHOOD = "likelihood"  # the policy that uses declared parents, impressions and follows; the others use follows only
IMPRESSION_CONFIDENCE = 0.95  # share of correct parents by impression, in simulated communities
FOLLOW_CONFIDENCE = 0.98  # of the design's rules, where only the first copy is shown
TIE_DAYS = 30.0  # window of the engagements that count as tie strength
DELAYS = lognormal_delays(180.0, 2.0, elsewhere=1e-6)


@dataclass(frozen=True)
class Impressions:
    """Impressions of copies by accounts that reshared."""

    account: Ints  # (s,) number
    node: Ints  # (s,) the copy that was on the screen
    minutes: Floats  # (s,)


@dataclass(frozen=True)
class Edges:
    """The parent of each node, and the method that found it."""

    parent: Ints  # (n,) -1 at the roots
    method: Ints  # (n,) index into METHODS
    confidence: Floats  # (n,) probability that the parent is correct; 0 when unknown
    candidates: Candidates
    share: Floats  # (c,) probability of each candidate


def reconstruct(
    nodes: Nodes,
    declared_parent: Ints,
    account: Ints,
    impressions: Impressions,
    follows: Follows,
    ties: PairIndex | None,
    policy: str = LIKELIHOOD,
) -> Edges:
    """Returns the edges of all trees.

    Args:
        nodes: the posts; the root of each tree has its lowest position.
        declared_parent: shape (n,), the copy that the app recorded, -1 without one.
        account: shape (n,), number of the author's account, -1 when unknown.
        ties: engagements by pair of users (engager, author); None makes all ties equal.
    """
    root = _root_of(nodes)
    edges = root.copy(), np.full(len(root), UNATTRIBUTED), np.zeros(len(root))  # parent, method, confidence
    candidates = _with_ties(find_candidates(nodes, follows), nodes, ties)
    share = shares(candidates, DELAYS)
    best = choose_parents(candidates, share, policy)
    by_likelihood = policy == LIKELIHOOD
    probability = share[best] if by_likelihood else FOLLOW_CONFIDENCE
    _put(*edges, candidates.child[best], candidates.parent[best], FOLLOW, probability)
    if by_likelihood:
        child, copy = last_impressions(nodes, account, impressions)
        _put(*edges, child, copy, IMPRESSION, IMPRESSION_CONFIDENCE)
        child = np.flatnonzero(declared_parent >= 0)
        _put(*edges, child, declared_parent[child], EXPLICIT, 1.0)
    _put(*edges, np.unique(root), -1, ROOT, 1.0)
    on_cycle = np.flatnonzero(without_cycles(edges[0], nodes.position) != edges[0])
    _put(*edges, on_cycle, root[on_cycle], UNATTRIBUTED, 0.0)
    return Edges(*edges, candidates, share)


def last_impressions(nodes: Nodes, account: Ints, impressions: Impressions) -> tuple[Ints, Ints]:
    """Returns the reshares whose author had another copy on the screen before, and the last of those copies."""
    accounts = int(max(account.max(initial=0), impressions.account.max(initial=0))) + 1
    owner = np.where(account < 0, -1, nodes.tree * accounts + account)
    row, child = joined(nodes.tree[impressions.node] * accounts + impressions.account, owner)
    copy, minutes = impressions.node[row], impressions.minutes[row]
    valid = (minutes <= nodes.minutes[child]) & (nodes.position[copy] < nodes.position[child])
    child, copy, minutes = child[valid], copy[valid], minutes[valid]
    order = np.lexsort((nodes.position[copy], minutes, child))
    last = np.append(child[order][1:] != child[order][:-1], True)[: len(order)]
    return child[order][last], copy[order][last]


def _root_of(nodes: Nodes) -> Ints:
    order = np.lexsort((nodes.position, nodes.tree))
    is_first = np.append(True, nodes.tree[order][1:] != nodes.tree[order][:-1])[: len(order)]
    roots = np.empty(int(nodes.tree.max(initial=-1)) + 1, dtype=np.int64)
    roots[nodes.tree[order][is_first]] = order[is_first]
    return roots[nodes.tree]


def _with_ties(candidates: Candidates, nodes: Nodes, ties: PairIndex | None) -> Candidates:
    """Sets the strength to 1 + the engagements with the candidate's posts in the days before the reshare.

    The strength of a child's only candidate is 1: its ties may not have been read, depending on the batch.
    """
    if ties is None:
        return candidates
    pair = ties.key(nodes.user[candidates.child], nodes.user[candidates.parent])
    time_ms = np.rint(nodes.minutes[candidates.child] * 60_000).astype(np.int64)
    engaged = ties.index.within(pair, time_ms, TIE_DAYS * 24).astype(np.float64)
    has_choice = np.bincount(candidates.child, minlength=len(nodes.tree))[candidates.child] > 1
    return replace(candidates, strength=1.0 + np.where(has_choice, engaged, 0.0))


def _put(
    parent: Ints,
    method: Ints,
    confidence: Floats,
    child: Ints,
    new_parent: Ints | int,
    new_method: int,
    new_confidence: Floats | float,
) -> None:
    parent[child], method[child], confidence[child] = new_parent, new_method, new_confidence
