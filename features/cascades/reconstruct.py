"""Trees rebuilt by the ladder: named copy, impression log, likelihood over followed sharers, root."""

from dataclasses import dataclass, replace

import numpy as np

from features.arrays import Floats, Ints, joined
from features.cascades.delays import lognormal_delays
from features.cascades.forest import without_cycles
from features.cascades.parents import Candidates, Follows, Nodes, candidates, chosen, shares
from features.ranking.point_in_time import PairIndex

METHODS = ("root", "explicit", "impression", "follow", "unattributed")
ROOT, EXPLICIT, IMPRESSION, FOLLOW, UNATTRIBUTED = range(5)


LIKELIHOOD = "likelihood"  # the policy with all evidence; "earliest" and "recent" take a followed earlier sharer alone
IMPRESSION_CONFIDENCE = 0.95  # share of right parents by the log, in simulated communities
FOLLOW_CONFIDENCE = 0.98  # of the design's rules, where only the first copy is shown
TIE_DAYS = 30.0  # engagements with the candidate's posts that make the tie
DELAYS = lognormal_delays(180.0, 2.0, elsewhere=1e-6)


@dataclass(frozen=True)
class Seen:
    """Impressions of copies by accounts that reshared."""

    account: Ints  # (s,) number
    node: Ints  # (s,) the copy that was on the screen
    minutes: Floats  # (s,)


@dataclass(frozen=True)
class Edges:
    """The parent of each node, and how it was found."""

    parent: Ints  # (n,) -1 at the roots
    method: Ints  # (n,) index into METHODS
    confidence: Floats  # (n,) chance that the parent is right; 0 when nothing is known
    candidates: Candidates
    share: Floats  # (c,) chance of each candidate


def rebuilt(
    nodes: Nodes,
    named: Ints,
    account: Ints,
    seen: Seen,
    follows: Follows,
    ties: PairIndex | None,
    policy: str = LIKELIHOOD,
) -> Edges:
    """The edges of all trees at once.

    Args:
        nodes: the posts; of each tree the root has the lowest position.
        named: shape (n,), the copy that the post names, -1 when it names none.
        account: shape (n,), number of the author's account, -1 when unknown.
        ties: engagements by pair of users (who engaged, whose post); None takes all ties as equal.
    """
    root = _root_of(nodes)
    parent, method, confidence = root.copy(), np.full(len(root), UNATTRIBUTED), np.zeros(len(root))
    found = _with_ties(candidates(nodes, follows), nodes, ties)
    share = shares(found, DELAYS)
    best = chosen(found, share, policy)
    whole = policy == LIKELIHOOD
    sure = share[best] if whole else FOLLOW_CONFIDENCE
    _put(parent, method, confidence, found.child[best], found.parent[best], FOLLOW, sure)
    if whole:
        child, copy = last_seen(nodes, account, seen)
        _put(parent, method, confidence, child, copy, IMPRESSION, IMPRESSION_CONFIDENCE)
        child = np.flatnonzero(named >= 0)
        _put(parent, method, confidence, child, named[child], EXPLICIT, 1.0)
    _put(parent, method, confidence, np.unique(root), np.full(len(np.unique(root)), -1), ROOT, 1.0)
    cut = np.flatnonzero(without_cycles(parent, nodes.position) != parent)
    _put(parent, method, confidence, cut, root[cut], UNATTRIBUTED, 0.0)
    return Edges(parent, method, confidence, found, share)


def last_seen(nodes: Nodes, account: Ints, seen: Seen) -> tuple[Ints, Ints]:
    """Reshares whose author had another copy on the screen before, and the last of those copies."""
    accounts = int(max(account.max(initial=0), seen.account.max(initial=0))) + 1
    owner = np.where(account < 0, -1, nodes.tree * accounts + account)
    row, child = joined(nodes.tree[seen.node] * accounts + seen.account, owner)
    copy, minutes = seen.node[row], seen.minutes[row]
    fits = (minutes <= nodes.minutes[child]) & (nodes.position[copy] < nodes.position[child])
    child, copy, minutes = child[fits], copy[fits], minutes[fits]
    order = np.lexsort((nodes.position[copy], minutes, child))
    last = np.append(child[order][1:] != child[order][:-1], True)[: len(order)]
    return child[order][last], copy[order][last]


def _root_of(nodes: Nodes) -> Ints:
    order = np.lexsort((nodes.position, nodes.tree))
    new = np.append(True, nodes.tree[order][1:] != nodes.tree[order][:-1])[: len(order)]
    roots = np.empty(int(nodes.tree.max(initial=-1)) + 1, dtype=np.int64)
    roots[nodes.tree[order][new]] = order[new]
    return roots[nodes.tree]


def _with_ties(found: Candidates, nodes: Nodes, ties: PairIndex | None) -> Candidates:
    """Strength 1 + the engagements with the candidate's posts in the days before the reshare, where there is a choice.

    Without one the strength is 1: whose ties are at hand then goes by what other trees are rebuilt beside this one.
    """
    if ties is None:
        return found
    pair = ties.key(nodes.user[found.child], nodes.user[found.parent])
    time_ms = np.rint(nodes.minutes[found.child] * 60_000).astype(np.int64)
    engaged = ties.index.within(pair, time_ms, TIE_DAYS * 24).astype(np.float64)
    several = np.bincount(found.child, minlength=len(nodes.tree))[found.child] > 1
    return replace(found, strength=1.0 + np.where(several, engaged, 0.0))


def _put(
    parent: Ints, method: Ints, confidence: Floats, child: Ints, above: Ints, how: int, sure: Floats | float
) -> None:
    parent[child], method[child], confidence[child] = above, how, sure
