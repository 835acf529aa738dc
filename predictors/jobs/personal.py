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
from features.countries import COUNTRIES
from features.matrix import Matrix
from predictors.guest_feed import NOWHERE
from predictors.jobs.model_stack import Refused, levels_of, read_model_stack
from predictors.jobs.snapshot import Community, current_community
from predictors.jobs.viewer import (
    UNKNOWN,
    build_request,
    country_of,
    read_named_contents,
    read_viewer_records,
)
from predictors.personal.assignment import assign_variant
from predictors.personal.explanations import explanations, with_diversity
from predictors.personal.filters import FILTERS, filter_pool
from predictors.personal.model_stack import ModelStack, guest_log_odds, member_log_odds
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
    named: Ints  # (contents,) rows of the contents that the query names, UNKNOWN for those that do not exist
    guest_scores: Future[GuestScores] | None  # of the named contents that exist


@dataclass(frozen=True)
class Pool:
    """Candidates; arrays of shape (candidates,)."""

    id: NDArray[np.bytes_]  # S12
    row: Ints  # of the snapshot, then of the late posts; UNKNOWN for others
    source: Sequence[str]
    score: Floats | None = None  # probability of an engagement; None until scored
    is_final: bool = False  # in its final order: select_slate changes nothing but the length


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
    pool = named(viewer, query) if query.contents is not None else guest_feed(db, viewer) or candidates(viewer)
    pool = score(viewer, pool)
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
    if is_guest and query.contents is None:
        feed = members.read_guest_feed(db, COUNTRIES[country] if country >= 0 else NOWHERE, 2 * query.limit + _SPARE)
    else:
        feed = []
    variant = assign_variant(str(query.account), EXPERIMENT, state.version, state.variants)
    as_guest = is_guest or bool(variant and variant.get("personal") is False)
    stack, refused = read_model_stack(db, country, state, as_guest)
    community = current_community(db, now, snapshots.header_of(state.snapshot))
    rows, late_posts = read_named_contents(db, now, community, query.ids)
    guest = Request(community.snapshot, anonymous_viewer(country), int(now.timestamp() * 1000), late_posts)
    guest_scores = start_guest_scores(guest, stack, rows[rows != UNKNOWN]) if len(rows) else None
    request = build_request(community, records.result(), late_posts, now, as_guest)
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
    return Pool(query.ids, viewer.named, ["named"] * len(query.ids), is_final=True)


def guest_feed(db: Databases, viewer: ServedViewer) -> Pool | None:
    """Returns the guest feed of the viewer's country without seen contents; None for members and when none is left."""
    if not viewer.guest_feed:
        return None
    past = viewer.request.snapshot.contents.id[viewer.request.past_in_snapshot]
    allowed = read_public_posts(db, [content for content, _ in viewer.guest_feed]) - set(object_ids(past))
    feed = {content: points for content, points in viewer.guest_feed if content in allowed}
    ids = id_array(list(feed))
    rows, source, points = viewer.community.contents(ids), ["guest feed"] * len(ids), np.array(list(feed.values()))
    return Pool(ids, rows, source, points, is_final=True) if feed else None


def candidates(viewer: ServedViewer) -> Pool:
    """Returns the contents of all SOURCES that pass all FILTERS."""
    request = viewer.request
    rows, source = merge_sources(filter_pool(request, retrieve(request, SOURCES), FILTERS))
    return Pool(request.snapshot.contents.id[rows], rows, source.tolist())


def score(viewer: ServedViewer, pool: Pool) -> Pool:
    """Returns the pool with the probability of an engagement, 0 for a content that does not exist.

    The member's columns are built while a thread scores the candidates as for guests. The guest feed has scores.
    """
    if pool.score is not None:
        return pool
    exists = pool.row != UNKNOWN
    content, request = pool.row[exists], viewer.request
    guest_scores = viewer.guest_scores or start_guest_scores(request, viewer.stack, content)
    own = None if request.viewer.guest else request.member_matrix(content)  # (contents, MEMBER_COLUMNS − GUEST_COLUMNS)
    guest, log_odds = guest_scores.result()
    if own is not None:
        log_odds = log_odds + member_log_odds(viewer.stack, np.concatenate([guest, own], axis=1))
    probability = np.zeros(len(pool.row))
    probability[exists] = expit(log_odds)
    return replace(pool, score=probability)


def select_slate(db: Databases, viewer: ServedViewer, pool: Pool, query: RankingQuery) -> Slate:
    """Chooses the slate: author diversity, published contents only, explored slots on request."""
    scores = np.zeros(0) if pool.score is None else pool.score
    if pool.is_final:
        limit = query.limit if query.contents is None else len(scores)
        return plain_slate(np.arange(len(scores)), scores, limit)
    author = viewer.request.author(pool.row)
    order, _ = best(scores, author, query.limit + _SPARE)
    is_new = np.array(pool.source) == "new authors"
    slots = slot_pool(order, query.limit, is_new, author) if query.explore else order[:0]
    order, slots = _published(db, pool.id, order, slots)
    place, diverse = best(scores[order], author[order], query.limit)
    slate = plain_slate(order[place], diverse, query.limit)
    seed = seed_of(str(viewer.account), viewer.request.now_ms)
    return with_slots(slate, slots, scores, query.limit, seed) if query.explore else slate


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
    body: Answer = {"code": 200, "remark": "OK", "result": dict(zip(names, slate.score.tolist(), strict=True))}
    if query.contents is None:
        body["items"] = _items(names, pool, slate)
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
    if pool.is_final:
        return reasons
    diverse = logit(np.maximum(slate.score, 1e-300)).tolist()
    return [with_diversity(reason, log_odds) for reason, log_odds in zip(reasons, diverse, strict=True)]


_NO_CONTENT: Answer = {"score": 0.0, "sentences": ["there is no such content"]}


def _spelled(contents: Sequence[Any]) -> list[str]:
    """Returns the ids as the caller wrote them: they are the keys of the answer."""
    return [content if isinstance(content, str) else str(object_id(content, "contents")) for content in contents]


def _items(names: Sequence[str], pool: Pool, slate: Slate) -> list[Answer]:
    source = [pool.source[place] for place in slate.position.tolist()]
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
