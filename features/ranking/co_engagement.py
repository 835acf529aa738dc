"""Co-engagement: how similar the accounts that acted on a content are to a member, point in time.

co_engagement(u, c, t) = Σ cos(u, v) over the accounts v ≠ u that acted on c before t. The similarity cos(u, v) compares
what both accounts viewed and engaged with before the UTC day of t.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from features.arrays import Floats, Ints, spans
from features.milliseconds import DAY_MS
from features.ranking.history import Events, History

_TIME_BITS = 42  # 139 years of milliseconds; the contents use the other 21 bits
_WEIGHT_VIEW, _WEIGHT_ENGAGEMENT = 1.0, 3.0
_MOST_ACTS = 5.0  # weight of one member's acts on one content from which further acts add nothing
_MEMBERS = 256  # members per sparse product; bounds memory
_MOST_SIMILARITIES = 2_000_000  # entries of the dense array, at least one member's row; bounds memory
_MOST_ACTORS = 200  # the latest of a content; bounds the work for posts that everybody saw


@dataclass(frozen=True)
class ByContent:
    """Acts sorted by content, then time."""

    start: Ints  # (contents + 1,)
    time_ms: Ints  # (acts,)
    account: Ints  # (acts,)

    @classmethod
    def of(cls, events: Events, contents: int) -> "ByContent":
        """Sorts the events by their content."""
        order = np.lexsort((events.time_ms, events.content))
        start = np.searchsorted(events.content[order], np.arange(contents + 1))
        return cls(start, events.time_ms[order], events.account[order])

    def actors_before(self, content: Ints, time_ms: Ints) -> tuple[Ints, Ints]:
        """Returns row and account of each act on the content before the time, the latest _MOST_ACTORS."""
        return self.actors(content, self.before(content, time_ms))

    def before(self, content: Ints, time_ms: Ints) -> Ints:
        """Returns the position after each content's last act before the time; shape (rows,)."""
        origin = int(self.time_ms.min()) if len(self.time_ms) else 0
        key = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start)) << _TIME_BITS | (self.time_ms - origin)
        return np.searchsorted(key, content << _TIME_BITS | np.clip(time_ms - origin, 0, (1 << _TIME_BITS) - 1))

    def actors(self, content: Ints, end: Ints) -> tuple[Ints, Ints]:
        """Returns row and account of each act on the content before a position, the latest _MOST_ACTORS."""
        count = np.minimum(end - self.start[content], _MOST_ACTORS)
        row, act = spans(end - count, count)
        return row, self.account[act]


def acts_before(history: History, before_ms: int, view: float, engagement: float) -> sp.csr_array[Any]:
    """Returns the summed weights of each account's views and engagements before a time; shape (accounts, contents)."""
    engagements, views = history.engagements, history.exposures
    engaged = engagements.is_engagement & (engagements.time_ms < before_ms)
    viewed = views.time_ms < before_ms
    weight = np.concatenate([np.full(viewed.sum(), view), np.full(engaged.sum(), engagement)])
    account = np.concatenate([views.account[viewed], engagements.account[engaged]])
    content = np.concatenate([views.content[viewed], engagements.content[engaged]])
    shape = (len(history.account_id), len(history.contents.id))
    return sp.coo_array((weight, (account, content)), shape=shape).tocsr()


def interests(history: History, before_ms: int) -> sp.csr_array[Any]:
    """Returns the vector of each account's acts before a time, each of unit length; shape (accounts, contents).

    The weight of a content that n accounts acted on is ln(1 + weighted acts)/√n.
    """
    acts = acts_before(history, before_ms, _WEIGHT_VIEW, _WEIGHT_ENGAGEMENT)
    acts.data = np.log1p(np.minimum(acts.data, _MOST_ACTS))
    popularity = np.bincount(acts.indices, minlength=acts.shape[1])
    acts.data /= np.sqrt(popularity[acts.indices])
    norm = np.sqrt(np.asarray(acts.multiply(acts).sum(axis=1))).ravel()
    acts.data /= np.repeat(np.maximum(norm, 1e-12), np.diff(acts.indptr))
    return acts


def co_engagement_columns(
    history: History, engagers: ByContent, viewers: ByContent, account: Ints, content: Ints, time_ms: Ints
) -> dict[str, Floats]:
    """Returns the summed similarity of engagers and of viewers, and the mean over viewers; each has shape (rows,)."""
    engaged, viewed, count = (np.zeros(len(content)) for _ in range(3))
    engaged_end, viewed_end = (acts.before(content, time_ms) for acts in (engagers, viewers))
    day_of = np.where(account >= 0, time_ms // DAY_MS, -1)
    for day in np.unique(day_of[day_of >= 0]).tolist():
        rows = np.flatnonzero(day_of == day)
        rows = rows[np.argsort(account[rows], kind="stable")]
        for part, member, similarity in _similarities(interests(history, day * DAY_MS), account[rows]):
            at = rows[part]
            engaged[at], _ = _sums(similarity, member, *engagers.actors(content[at], engaged_end[at]))
            viewed[at], count[at] = _sums(similarity, member, *viewers.actors(content[at], viewed_end[at]))
    return {"tasteEngaged": engaged, "tasteViewed": viewed, "tasteMean": viewed / np.maximum(count, 1)}


def _similarities(acts: sp.csr_array[Any], account: Ints) -> Iterator[tuple[slice, Ints, Floats]]:
    """Yields parts of the rows: a slice, each row's member as a row of the similarities, and those (members, accounts).

    `account`: (rows,), ascending. All parts share one array: only the entries above 0 are written and reset.
    """
    members, first = np.unique(account, return_index=True)
    first, acts_by_content = np.append(first, len(account)), acts.T.tocsr()
    similarity = np.zeros((max(min(_MOST_SIMILARITIES // max(acts.shape[0], 1), _MEMBERS), 1), acts.shape[0]))
    for begin in range(0, len(members), _MEMBERS):
        cosines = acts[members[begin : begin + _MEMBERS]] @ acts_by_content
        for low in range(0, cosines.shape[0], len(similarity)):
            block = members[begin + low : begin + low + len(similarity)][: cosines.shape[0] - low]
            start = cosines.indptr[low : low + len(block) + 1]
            entries, member = slice(start[0], start[-1]), np.repeat(np.arange(len(block)), np.diff(start))
            position = member * similarity.shape[1] + cosines.indices[entries]
            similarity.ravel()[position] = cosines.data[entries]
            similarity[np.arange(len(block)), block] = 0.0
            rows = slice(first[begin + low], first[begin + low + len(block)])
            yield rows, np.searchsorted(block, account[rows]), similarity
            similarity.ravel()[position] = 0.0


def _sums(similarity: Floats, member: Ints, row: Ints, actor: Ints) -> tuple[Floats, Floats]:
    """Returns each row's summed similarity of actors to its member, and the number of actors; both (rows,)."""
    values = similarity.ravel()[(member * similarity.shape[1])[row] + actor]
    total = np.bincount(row, weights=values, minlength=len(member)).astype(np.float64)
    return total, np.bincount(row, minlength=len(member)).astype(np.float64)
