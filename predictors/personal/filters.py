"""Filters of candidates: each returns which rows one viewer may see, in one table.

Whether a post is still published is not in the snapshot: `select_slate` in
predictors.jobs.personal reads it for the best few.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints
from features.milliseconds import HOUR_MS
from predictors.personal.request import Request
from predictors.snapshot.posting_lists import unique_in_order

MOST_OF_SOURCE = 300  # candidates
_LIVE_DAYS = 30.0
Filter = Callable[[Request, Ints], NDArray[np.bool_]]


def filter_pool(
    request: Request, pool: Mapping[str, Ints], filters: Mapping[str, Filter], most: int = MOST_OF_SOURCE
) -> dict[str, Ints]:
    """Returns the rows of each source that pass every filter, once each, at most `most` of a source, in their order.

    `pool`: rows of contents of the snapshot by source, (rows,) each, best first.
    """
    rows = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *pool.values()]))
    for allows in filters.values():
        rows = rows[allows(request, rows)]
    allowed = np.zeros(len(request.snapshot.contents.id), dtype=np.bool_)
    allowed[rows] = True
    return {source: unique_in_order(found[allowed[found]])[:most] for source, found in pool.items()}


def recent(request: Request, rows: Ints) -> NDArray[np.bool_]:
    """Removes contents older than 30 days at the request's clock."""
    oldest_ms = request.now_ms - int(_LIVE_DAYS * 24 * HOUR_MS)
    return np.asarray(request.snapshot.contents.created_ms[rows] >= oldest_ms)


def not_engaged(request: Request, rows: Ints) -> NDArray[np.bool_]:
    """Removes contents that the viewer engaged with."""
    return ~np.isin(rows, request.viewer.engagements.content)


def not_seen(request: Request, rows: Ints) -> NDArray[np.bool_]:
    """Removes contents that the viewer has seen."""
    return ~np.isin(rows, request.viewer.exposures.content)


def not_blocked(request: Request, rows: Ints) -> NDArray[np.bool_]:
    """Removes contents of blocked authors."""
    return ~np.isin(request.snapshot.contents.author[rows], request.viewer.blocked)


def not_own(request: Request, rows: Ints) -> NDArray[np.bool_]:
    """Removes contents that the viewer wrote."""
    return ~np.isin(request.snapshot.contents.author[rows], request.viewer.users)


FILTERS: Final[Mapping[str, Filter]] = {
    "too old": recent,
    "engaged": not_engaged,
    "seen": not_seen,
    "blocked": not_blocked,
    "own": not_own,
}
