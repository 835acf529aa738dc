"""Co-engagement: how much the people who chose a content resemble this member, as of the row's time.

Members are compared by what they viewed and engaged with before the UTC day of the row; who chose the content is
counted up to the row's very time. taste(u, c, t) = Σ over accounts v that acted on c before t of cos(u, v), v ≠ u.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from features.arrays import Floats, Ints, spans
from features.milliseconds import DAY_MS
from features.ranking.history import Events, History

_TIME_BITS = 42  # 139 years of milliseconds; the contents have the other 21 bits
_WEIGHT_VIEW, _WEIGHT_ENGAGEMENT = 1.0, 3.0
_MOST_ACTS = 5.0  # more of one member on one content say nothing more
_MEMBERS = 256  # whose likeness to all others is found together; bounds memory
_MOST_LIKENESSES = 2_000_000  # spread out at a time, zeros too: those of one member if there are more
_MOST_ACTORS = 200  # of a content, the latest; bounds the work for what everybody saw


@dataclass(frozen=True)
class ByContent:
    """Acts by content, then time."""

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
        """The row and the account of each act on the row's content before its time, the latest _MOST_ACTORS."""
        return self.actors(content, self.before(content, time_ms))

    def before(self, content: Ints, time_ms: Ints) -> Ints:
        """The place after each content's last act before the time; shape (rows,)."""
        origin = int(self.time_ms.min()) if len(self.time_ms) else 0
        key = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start)) << _TIME_BITS | (self.time_ms - origin)
        return np.searchsorted(key, content << _TIME_BITS | np.clip(time_ms - origin, 0, (1 << _TIME_BITS) - 1))

    def actors(self, content: Ints, end: Ints) -> tuple[Ints, Ints]:
        """The row and the account of each act on the row's content before a place, the latest _MOST_ACTORS."""
        count = np.minimum(end - self.start[content], _MOST_ACTORS)
        row, act = spans(end - count, count)
        return row, self.account[act]


def acts_before(history: History, before_ms: int, view: float, engagement: float) -> sp.csr_array[Any]:
    """Returns the summed weights of each account's views and engagements before a time; shape (accounts, contents)."""
    engagements, views = history.engagements, history.exposures
    good = engagements.is_engagement & (engagements.time_ms < before_ms)
    seen = views.time_ms < before_ms
    weight = np.concatenate([np.full(seen.sum(), view), np.full(good.sum(), engagement)])
    account = np.concatenate([views.account[seen], engagements.account[good]])
    content = np.concatenate([views.content[seen], engagements.content[good]])
    shape = (len(history.account_id), len(history.contents.id))
    return sp.coo_array((weight, (account, content)), shape=shape).tocsr()


def interests(history: History, before_ms: int) -> sp.csr_array[Any]:
    """What each account had chosen before a time, each row of length 1; shape (accounts, contents).

    An act on a content that n accounts chose weighs log(1 + acts)/√n.
    """
    acts = acts_before(history, before_ms, _WEIGHT_VIEW, _WEIGHT_ENGAGEMENT)
    acts.data = np.log1p(np.minimum(acts.data, _MOST_ACTS))
    popularity = np.bincount(acts.indices, minlength=acts.shape[1])
    acts.data /= np.sqrt(popularity[acts.indices])
    norm = np.sqrt(np.asarray(acts.multiply(acts).sum(axis=1))).ravel()
    acts.data /= np.repeat(np.maximum(norm, 1e-12), np.diff(acts.indptr))
    return acts


def taste_columns(
    history: History, engagers: ByContent, viewers: ByContent, account: Ints, content: Ints, time_ms: Ints
) -> dict[str, Floats]:
    """tasteEngaged, tasteViewed: sums over who engaged, who viewed; tasteMean: the mean over viewers; shape (rows,)."""
    engaged, viewed, count = (np.zeros(len(content)) for _ in range(3))
    until_engaged, until_viewed = (acts.before(content, time_ms) for acts in (engagers, viewers))
    day = np.where(account >= 0, time_ms // DAY_MS, -1)
    for each in np.unique(day[day >= 0]).tolist():
        rows = np.flatnonzero(day == each)
        rows = rows[np.argsort(account[rows], kind="stable")]
        for some, mine, like in _likeness(interests(history, each * DAY_MS), account[rows]):
            asked = rows[some]
            engaged[asked], _ = _sums(like, mine, *engagers.actors(content[asked], until_engaged[asked]))
            viewed[asked], count[asked] = _sums(like, mine, *viewers.actors(content[asked], until_viewed[asked]))
    return {"tasteEngaged": engaged, "tasteViewed": viewed, "tasteMean": viewed / np.maximum(count, 1)}


def _likeness(chosen: sp.csr_array[Any], account: Ints) -> Iterator[tuple[slice, Ints, Floats]]:
    """For some rows at a time: which, the place of their member in the likeness, and it; shape (members, accounts).

    `account`: (rows,), ascending. The array is that of the next ones too: work grows with the likenesses above 0.
    """
    members, first = np.unique(account, return_index=True)
    first, of_contents = np.append(first, len(account)), chosen.T.tocsr()
    like = np.zeros((max(min(_MOST_LIKENESSES // max(chosen.shape[0], 1), _MEMBERS), 1), chosen.shape[0]))
    for begin in range(0, len(members), _MEMBERS):
        alike = chosen[members[begin : begin + _MEMBERS]] @ of_contents
        for low in range(0, alike.shape[0], len(like)):
            some = members[begin + low : begin + low + len(like)][: alike.shape[0] - low]
            start = alike.indptr[low : low + len(some) + 1]
            found, member = slice(start[0], start[-1]), np.repeat(np.arange(len(some)), np.diff(start))
            place = member * like.shape[1] + alike.indices[found]
            like.ravel()[place] = alike.data[found]
            like[np.arange(len(some)), some] = 0.0
            rows = slice(first[begin + low], first[begin + low + len(some)])
            yield rows, np.searchsorted(some, account[rows]), like
            like.ravel()[place] = 0.0


def _sums(like: Floats, member: Ints, row: Ints, actor: Ints) -> tuple[Floats, Floats]:
    """The summed likeness of each row's actors to its member, and their number; `like`: (members, accounts)."""
    each = like.ravel()[(member * like.shape[1])[row] + actor]
    total = np.bincount(row, weights=each, minlength=len(member)).astype(np.float64)
    return total, np.bincount(row, minlength=len(member)).astype(np.float64)
