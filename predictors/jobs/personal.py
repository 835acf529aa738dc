"""personalizeContentPredictor: scores the contents a request names, or chooses what its viewer should see.

`rank` runs the stages of a request from top to bottom; the functions follow in the same order.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.arrays import Floats, Ints
from features.matrix import Matrix
from predictors.jobs.model_stack import Refused, levels_of, read_model_stack
from predictors.jobs.snapshot import Community, current_community
from predictors.jobs.viewer import (
    UNKNOWN,
    build_request,
    country_of,
    read_guest_feed,
    read_named_contents,
    read_unlisted_posts,
    read_viewer_records,
)
from predictors.personal.assignment import assign_variant
from predictors.personal.explanations import explanations, with_diversity
from predictors.personal.filters import FILTERS, blocked, filter_pool, seen_again, why_empty
from predictors.personal.model_stack import ModelStack, guest_log_odds, member_log_odds
from predictors.personal.pool import BY_SCORE, IN_ORDER, SEEN, Pool
from predictors.personal.request import Request, anonymous_viewer
from predictors.personal.slate import Slate, best, plain_slate, seed_of, slot_pool, with_slots
from predictors.personal.sources import SOURCES, merge_sources, retrieve
from store.client import Databases
from store.columns import hex_ids, id_array, object_ids
from store.ids import ObjectId, object_id
from store.inputs import viewer as members
from store.inputs.visibility import read_public_posts
from store.outputs import experiments, snapshots

EXPERIMENT = "ranking"  # its configuration assigns accounts to variants
_SPARE = 50  # contents read beyond the limit, in case some are no longer published
_MOST_ITEMS = 500
_BACKGROUND = ThreadPoolExecutor(max_workers=4, thread_name_prefix="personal")
Answer = dict[str, Any]
GuestScores = tuple[Matrix, Floats]  # (contents, GUEST_COLUMNS), and their log-odds (contents,)


@dataclass(frozen=True)
class RankingQuery:
    """The parameters of an event."""

    account: ObjectId
    contents: Sequence[str] | None = None  # None: the predictor retrieves candidates itself
    ids: NDArray[np.bytes_] = field(default_factory=lambda: np.zeros(0, "S12"))  # (contents,)
    limit: int = 20  # items
    explain: bool = False
    explore: bool = False


@dataclass(frozen=True)
class ServedViewer:
    """A viewer with everything that serves one query."""

    account: ObjectId
    community: Community
    request: Request
    stack: ModelStack
    refused: Refused  # artifacts by reason
    variant: str | None
    guest_feed: Sequence[tuple[ObjectId, float]]  # of the country, with scores; empty for members
    rows: Ints  # (contents,) of those that the query names, else of the guest feed; UNKNOWN for those that do not exist
    guest_scores: Future[GuestScores] | None  # of the named contents that exist


def parse_query(event: Mapping[str, Any]) -> RankingQuery:
    """Reads {"accountId", "contents", "limit", "explain", "explore"}.

    Raises:
        ValueError: naming the field, and the position of an invalid id.
    """
    account, contents = object_id(event.get("accountId"), "accountId"), event.get("contents")
    if contents is not None and not isinstance(contents, list):
        raise ValueError(f"contents: a list of ids is needed, not {type(contents).__name__}")
    ids = members.parse_ids(contents or [], "contents")
    limit = event.get("limit", 20)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MOST_ITEMS:
        raise ValueError(f"limit: {str(limit)[:60]} is not a whole number of 1 to {_MOST_ITEMS}")
    flags = {name: event.get(name, False) for name in ("explain", "explore")}
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise ValueError(f"{name}: {str(value)[:60]} is neither true nor false")
    return RankingQuery(account, None if contents is None else _spelled(contents), ids, limit, **flags)


def rank(db: Databases, now: datetime, query: RankingQuery) -> Answer:
    """Returns {"code", "result", "remark"}, with `items`, `reasons`, `variant` and `refused` where they apply."""
    viewer = hydrate_viewer(db, now, query)
    pool = named(viewer, query) if query.contents is not None else choose(db, viewer, query.limit)
    pool = score(viewer, pool)
    pool = pool.folded(viewer.request.column("post", pool.row)) if query.contents is None else pool
    slate = select_slate(db, viewer, pool, query)
    record_exploration(db, now, viewer, pool, slate)
    return answer(viewer, pool, slate, query)


def hydrate_viewer(db: Databases, now: datetime, query: RankingQuery) -> ServedViewer:
    """Reads the account, its past, variant and models, the snapshot, and the named contents that the snapshot lacks.

    Two threads overlap with it: one reads the account's past, one scores the named contents as for guests.
    """
    record = members.read_account(db, query.account)
    records = _BACKGROUND.submit(read_viewer_records, db, query.account, record, now)
    country, is_guest = country_of(record), record is None or record.is_guest
    state = members.read_state(db, query.account, levels_of(country), EXPERIMENT)
    feed = (
        read_guest_feed(db, records.result(), 2 * query.limit + _SPARE) if is_guest and query.contents is None else []
    )
    variant = assign_variant(str(query.account), EXPERIMENT, state.version, state.variants)
    as_guest = is_guest or bool(variant and variant.get("personal") is False)
    stack, refused = read_model_stack(db, country, state, as_guest)
    community = current_community(db, now, snapshots.header_of(state.snapshot))
    ids = id_array([content for content, _ in feed]) if query.contents is None else query.ids
    rows, late_posts = read_named_contents(db, now, community, ids)
    guest = Request(community.snapshot, anonymous_viewer(country), int(now.timestamp() * 1000), late_posts)
    guest_scores = start_guest_scores(guest, stack, rows[rows != UNKNOWN]) if len(query.ids) else None
    unlisted = read_unlisted_posts(db, community, records.result()) if query.contents is None else {}
    request = build_request(community, records.result(), late_posts, now, as_guest, unlisted)
    name = str(variant.get("name")) if variant else None
    return ServedViewer(query.account, community, request, stack, refused, name, feed, rows, guest_scores)


def start_guest_scores(request: Request, stack: ModelStack, content: Ints) -> Future[GuestScores]:
    """Starts a thread that scores contents as for any guest of the viewer's country; `content`: (contents,) rows."""

    def scored() -> GuestScores:
        matrix = request.guest_matrix(content)
        return matrix, guest_log_odds(stack, matrix)

    return _BACKGROUND.submit(scored)


def named(viewer: ServedViewer, query: RankingQuery) -> Pool:
    """Returns the contents that the query names, without a filter: every id gets a score."""
    return Pool.of(query.ids, viewer.rows, "named", IN_ORDER)


def choose(db: Databases, viewer: ServedViewer, limit: int) -> Pool:
    """Returns the unseen contents: of the guest feed, for members and where it runs out of all sources.

    Where they do not fill the slate, contents that the viewer has seen follow.
    """
    listed = guest_feed(db, viewer)
    if len(listed.row) >= limit:
        return listed
    pool = listed.then(candidates(viewer, limit))
    missing = limit + _SPARE - viewer.request.count_posts(pool.row)
    return pool.then(again(viewer, missing)) if missing > 0 else pool


def guest_feed(db: Databases, viewer: ServedViewer) -> Pool:
    """Returns the guest feed of the viewer's country that passes all FILTERS; nothing for members."""
    ids = id_array([content for content, _ in viewer.guest_feed])
    points = np.array([score for _, score in viewer.guest_feed])
    pool = replace(Pool.of(ids, viewer.rows, "guest feed", IN_ORDER), score=points)
    pool = pool.take(pool.row != UNKNOWN)
    for allows in FILTERS.values():
        pool = pool.take(allows(viewer.request, pool.row))
    (places,) = _published(db, pool.id, np.arange(len(pool.row)))
    return pool.take(places)


def candidates(viewer: ServedViewer, limit: int) -> Pool:
    """Returns the contents of all SOURCES that pass all FILTERS, with the newest where those are few."""
    request = viewer.request
    pool = filter_pool(request, retrieve(request, SOURCES), FILTERS)
    if request.count_posts(merge_sources(pool)[0]) < limit:
        pool |= filter_pool(request, {"newest": request.snapshot.live[::-1]}, FILTERS)
    rows, source = merge_sources(pool)
    return Pool.of(request.snapshot.contents.id[rows], rows, source, BY_SCORE)


def again(viewer: ServedViewer, most: int) -> Pool:
    """Returns contents that the viewer saw and did not engage with, those seen the longest ago first."""
    rows = seen_again(viewer.request, FILTERS, most)
    return Pool.of(viewer.request.snapshot.contents.id[rows], rows, "seen", SEEN)


def score(viewer: ServedViewer, pool: Pool) -> Pool:
    """Returns the pool with the probability of an engagement, 0 for a content that does not exist.

    The member's columns are built while a thread scores the candidates as for guests. The guest feed has scores.
    """
    missing = np.isnan(pool.score)
    exists = missing & (pool.row != UNKNOWN)
    probability = np.where(missing, 0.0, pool.score)
    if exists.any():
        probability[exists] = expit(_log_odds(viewer, pool.row[exists]))
    return replace(pool, score=probability)


def _log_odds(viewer: ServedViewer, content: Ints) -> Floats:
    request = viewer.request
    guest_scores = viewer.guest_scores or start_guest_scores(request, viewer.stack, content)
    own = None if request.viewer.guest else request.member_matrix(content)  # (contents, MEMBER_COLUMNS − GUEST_COLUMNS)
    guest, log_odds = guest_scores.result()
    if own is None:
        return log_odds
    return np.asarray(log_odds + member_log_odds(viewer.stack, np.concatenate([guest, own], axis=1)))


def select_slate(db: Databases, viewer: ServedViewer, pool: Pool, query: RankingQuery) -> Slate:
    """Chooses the slate: author diversity, published contents only, explored slots on request, seen contents last."""
    if query.contents is not None:
        return plain_slate(np.arange(len(pool.row)), pool.score, len(pool.row))
    listed, by_score, seen = (np.flatnonzero(pool.turn == turn) for turn in (IN_ORDER, BY_SCORE, SEEN))
    fresh, author = pool.take(by_score), viewer.request.author(pool.row[by_score])
    order, _ = best(fresh.score, author, query.limit + _SPARE)
    slots = slot_pool(order, query.limit, fresh.source == "new authors", author) if query.explore else order[:0]
    order, slots, seen = _published(db, pool.id, by_score[order], by_score[slots], seen)
    order, slots = (np.searchsorted(by_score, places) for places in (order, slots))
    place, diverse = best(fresh.score[order], author[order], query.limit)
    places = np.concatenate([listed, by_score[order[place]], seen])
    scores = np.concatenate([pool.score[listed], diverse, pool.score[seen]])
    slate = plain_slate(places, scores, query.limit)
    seed = seed_of(str(viewer.account), viewer.request.now_ms)
    return with_slots(slate, by_score[slots], pool.score, query.limit, seed) if query.explore else slate


def record_exploration(db: Databases, now: datetime, viewer: ServedViewer, pool: Pool, slate: Slate) -> None:
    """Writes the explored items with their propensity: the only write of a request."""
    places = np.flatnonzero(~np.isnan(slate.propensity))
    contents = object_ids(pool.id[slate.position[places]])
    columns = zip(contents, places.tolist(), slate.propensity[places].tolist(), strict=True)
    drawn = [experiments.Exploration(content, place, propensity) for content, place, propensity in columns if content]
    if drawn:
        experiments.record_explorations(db, viewer.account, now, drawn)


def answer(viewer: ServedViewer, pool: Pool, slate: Slate, query: RankingQuery) -> Answer:
    """Returns the response body."""
    names = hex_ids(pool.id[slate.position]) if query.contents is None else query.contents
    remark = "OK" if len(names) or query.contents is not None else why_empty(viewer.request, FILTERS)
    body: Answer = {"code": 200, "remark": remark, "result": dict(zip(names, slate.score.tolist(), strict=True))}
    if query.contents is None:
        body["items"] = _items(names, pool, slate)
    elif hidden := [
        name for name, is_hidden in zip(names, blocked(viewer.request, pool.row).tolist(), strict=True) if is_hidden
    ]:
        body["hidden"] = hidden
    if query.explain and len(names):
        body["reasons"] = dict(zip(names, explain(viewer, pool, slate), strict=True))
    if viewer.variant is not None:
        body["variant"] = viewer.variant
    return body | ({"refused": viewer.refused} if viewer.refused else {})


def explain(viewer: ServedViewer, pool: Pool, slate: Slate) -> list[Answer]:
    """Returns why each item of the slate has its score."""
    row = pool.row[slate.position]
    matrix = viewer.request.matrix(row[row != UNKNOWN])
    known = explanations(viewer.stack, matrix, viewer.request.viewer.country)
    reasons = [next(known) if exists else _NO_CONTENT for exists in (row != UNKNOWN).tolist()]
    reasons = [
        reason | {"sentences": [*reason["sentences"], _HIDDEN]} if is_hidden else reason
        for reason, is_hidden in zip(reasons, blocked(viewer.request, row).tolist(), strict=True)
    ]
    diverse = logit(np.maximum(slate.score, 1e-300)).tolist()
    by_score = (pool.turn[slate.position] == BY_SCORE).tolist()
    return [
        with_diversity(reason, log_odds) if changed else reason
        for reason, log_odds, changed in zip(reasons, diverse, by_score, strict=True)
    ]


_HIDDEN = "the feed does not show it, because of a block"
_NO_CONTENT: Answer = {"score": 0.0, "sentences": ["there is no such content"]}


def _spelled(contents: Sequence[Any]) -> list[str]:
    """Returns the ids as the caller wrote them: they are the keys of the answer."""
    return [content if isinstance(content, str) else str(object_id(content, "contents")) for content in contents]


def _items(names: Sequence[str], pool: Pool, slate: Slate) -> list[Answer]:
    source = pool.source[slate.position].tolist()
    items = []
    for name, points, origin, propensity in zip(names, slate.score.tolist(), source, slate.propensity, strict=True):
        drawn = {} if np.isnan(propensity) else {"propensity": float(propensity)}
        items.append({"content": name, "score": points, "source": "exploration" if drawn else origin, **drawn})
    return items


def _published(db: Databases, ids: NDArray[np.bytes_], *several: Ints) -> list[Ints]:
    """Returns, of each array of positions in `ids`, those of published contents."""
    positions = np.unique(np.concatenate(several))
    content = dict(zip(positions.tolist(), object_ids(ids[positions]), strict=True))
    public = read_public_posts(db, [known for known in content.values() if known])
    return [np.array([place for place in places.tolist() if content[place] in public], np.int64) for places in several]
