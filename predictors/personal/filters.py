"""Filters of candidates: each returns which rows one viewer may see, in one table.

Whether a post is still published is not in the snapshot: `select_slate` in
predictors.jobs.personal reads it for the best few.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from features.arrays import Flags, Ints, positions
from features.milliseconds import HOUR_MS
from features.ranking.posts import representatives
from predictors.personal.request import Request
from predictors.snapshot.posting_lists import unique_in_order

MOST_OF_SOURCE = 300  # candidates
_LIVE_DAYS = 30.0
Filter = Callable[[Request, Ints], Flags]


def filter_pool(
    request: Request, pool: Mapping[str, Ints], filters: Mapping[str, Filter], most: int = MOST_OF_SOURCE
) -> dict[str, Ints]:
    """Returns the rows of each source that pass every filter, once each, at most `most` of a source, in their order.

    An original replaces its bare reshares while it is live. `pool`: rows of contents of the snapshot by source,
    (rows,) each, best first.
    """
    pool = {source: representatives_of(request, rows) for source, rows in pool.items()}
    rows = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *pool.values()]))
    for allows in filters.values():
        rows = rows[allows(request, rows)]
    allowed = np.zeros(len(request.snapshot.contents.id), dtype=np.bool_)
    allowed[rows] = True
    return {source: unique_in_order(found[allowed[found]])[:most] for source, found in pool.items()}


def representatives_of(request: Request, rows: Ints) -> Ints:
    """Returns the content that represents each content of the snapshot in a list; shape (rows,)."""
    contents = request.snapshot.contents
    return representatives(contents.post, contents.created_ms, _oldest_ms(request), rows)


def seen_again(request: Request, filters: Mapping[str, Filter], most: int) -> Ints:
    """Returns contents that the viewer saw and that pass all other filters, those seen the longest ago first.

    Returns rows of the snapshot, at most `most`.
    """
    contents, (seen, time_ms) = request.snapshot.contents, request.seen_posts
    place = positions(seen, contents.post[request.snapshot.live])
    rows = request.snapshot.live[place >= 0]
    rows = rows[np.argsort(time_ms[place[place >= 0]], kind="stable")]
    others = {name: allows for name, allows in filters.items() if name != "seen"}
    return filter_pool(request, {"seen": rows}, others, most)["seen"]


def why_empty(request: Request, filters: Mapping[str, Filter]) -> str:
    """Returns why there is nothing to show: how many live posts each filter but "seen" removes."""
    rows = np.unique(representatives_of(request, request.snapshot.live))
    live = request.count_posts(rows)
    if not live:
        return "nothing to show: there are no live posts"
    counts = {}
    for name, allows in filters.items():
        if name != "seen":
            before, rows = request.count_posts(rows), rows[allows(request, rows)]
            counts[name] = before - request.count_posts(rows)
    counts["no longer public"] = live - sum(counts.values())
    return f"nothing to show: of {live} live posts {', '.join(f'{n} {name}' for name, n in counts.items() if n)}"


def blocked(request: Request, rows: Ints) -> Flags:
    """Marks contents that a block hides from the viewer's feed; rows below 0 are none. Shape (rows,)."""
    hidden = np.zeros(len(rows), dtype=np.bool_)
    if len(request.viewer.blocked):
        hidden[rows >= 0] = ~not_blocked(request, rows[rows >= 0])
    return hidden


def recent(request: Request, rows: Ints) -> Flags:
    """Removes contents older than 30 days at the request's clock."""
    return np.asarray(request.column("created_ms", rows) >= _oldest_ms(request))


def not_engaged(request: Request, rows: Ints) -> Flags:
    """Removes posts that the viewer engaged with, in the original or in a bare reshare."""
    return ~np.isin(request.column("post", rows), request.engaged_posts)


def not_seen(request: Request, rows: Ints) -> Flags:
    """Removes posts that the viewer has seen, in the original or in a bare reshare."""
    return ~np.isin(request.column("post", rows), request.seen_posts[0])


def not_blocked(request: Request, rows: Ints) -> Flags:
    """Removes contents of blocked and blocking authors, and reshares of their contents."""
    blocked = request.viewer.blocked
    return ~(np.isin(request.author(rows), blocked) | np.isin(request.column("original_author", rows), blocked))


def not_own(request: Request, rows: Ints) -> Flags:
    """Removes posts that the viewer wrote, also as bare reshares by others."""
    is_copy = request.column("post", rows) != rows
    writer = np.where(is_copy, request.column("original_author", rows), -1)
    return ~(np.isin(request.author(rows), request.viewer.users) | np.isin(writer, request.viewer.users))


def _oldest_ms(request: Request) -> int:
    return request.now_ms - int(_LIVE_DAYS * 24 * HOUR_MS)


FILTERS: Final[Mapping[str, Filter]] = {
    "too old": recent,
    "engaged": not_engaged,
    "seen": not_seen,
    "blocked": not_blocked,
    "own": not_own,
}
