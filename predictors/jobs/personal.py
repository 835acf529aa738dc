"""personalizeContentPredictor: a score for every content that is asked for, or what a member should see."""

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.countries import COUNTRIES
from features.matrix import Matrix
from features.ranking.point_in_time import Floats, Ints
from predictors.guest_feed import NOWHERE
from predictors.jobs.model_stack import levels_of, read_ladder
from predictors.jobs.snapshot import Community, current
from predictors.jobs.viewer import UNKNOWN, country_of, read_asked, read_own, request_of
from predictors.personal import slate, sources
from predictors.personal.assignment import assigned
from predictors.personal.explanations import adjusted, explanations
from predictors.personal.exploration import seed_of
from predictors.personal.model_stack import Ladder, guest_log_odds, member_log_odds
from predictors.personal.request import Request
from store.client import Databases
from store.columns import object_ids
from store.ids import ObjectId, object_id
from store.inputs import viewer
from store.outputs import experiments, snapshots

EXPERIMENT = "ranking"  # its configuration shares the accounts among variants
_SPARE = 50  # contents beyond the limit, in case some are no longer published
_MOST_ITEMS = 500
_BESIDE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="personal")
Answer = dict[str, Any]
Scored = tuple[Matrix, Floats]  # (contents, GUEST_COLUMNS), and their log-odds (contents,)


@dataclass(frozen=True)
class Question:
    """What an event asks."""

    account: ObjectId
    contents: Sequence[str] | None = None  # None: the predictor gathers candidates itself
    ids: NDArray[np.bytes_] = field(default_factory=lambda: np.zeros(0, "S12"))  # of `contents`
    limit: int = 20  # items
    explain: bool = False
    explore: bool = False


@dataclass(frozen=True)
class Serving:
    """All that answers one question."""

    community: Community
    request: Request
    ladder: Ladder
    is_guest: bool  # an account of a guest, or none

    def scored(self, content: Ints, as_guest: Future[Scored] | None = None) -> Floats:
        """The chance of an engagement with each content; 0 for one that does not exist."""
        score = np.zeros(len(content))
        known = content != UNKNOWN
        as_guest = as_guest or begun(self.request, self.ladder, content[known])
        own = None if self.request.member.guest else self.request.member_matrix(content[known])
        guest, total = as_guest.result()
        if own is not None:
            total = total + member_log_odds(self.ladder, np.concatenate([guest, own], axis=1))
        score[known] = expit(total)
        return score

    def explained(self, content: Ints) -> list[Answer]:
        """Why each content has its score."""
        known = content != UNKNOWN
        matrix = self.request.matrix(content[known])
        told = explanations(self.ladder, matrix, self.request.member.country)
        return [next(told) if each else {"score": 0.0, "sentences": ["there is no such content"]} for each in known]


def begun(request: Request, ladder: Ladder, content: Ints) -> Future[Scored]:
    """What everybody of the country would be told of these contents, under way beside what only the member is."""

    def scored() -> Scored:
        guest = request.guest_matrix(content)
        return guest, guest_log_odds(ladder, guest)

    return _BESIDE.submit(scored)


def question(event: Mapping[str, Any]) -> Question:
    """The question of {"accountId", "contents", "limit", "explain", "explore"}.

    Raises:
        ValueError: naming the field, and the position of an id that is none.
    """
    account, contents = object_id(event.get("accountId"), "accountId"), event.get("contents")
    if contents is not None and not isinstance(contents, list):
        raise ValueError(f"contents: a list of ids is needed, not {type(contents).__name__}")
    ids = viewer.parse_ids(contents or [], "contents")
    limit = event.get("limit", 20)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MOST_ITEMS:
        raise ValueError(f"limit: {str(limit)[:60]} is not a whole number of 1 to {_MOST_ITEMS}")
    flags = {name: _flag(event, name) for name in ("explain", "explore")}
    return Question(account, None if contents is None else _spelled(contents), ids, limit, **flags)


def rank(db: Databases, now: datetime, asked: Question) -> Answer:
    """The answer {"code", "result", "remark"}, with `items`, `reasons`, `variant` and `refused` where they apply."""
    record = viewer.read_account(db, asked.account)
    past = _BESIDE.submit(read_own, db, asked.account, record, now)  # the server works on it meanwhile
    country = country_of(record)
    state = viewer.read_state(db, asked.account, levels_of(country), EXPERIMENT)
    community = current(db, now, snapshots.header_of(state.snapshot))
    named = read_asked(db, community, asked.ids, now)
    variant = assigned(str(asked.account), EXPERIMENT, state.version, state.variants)
    is_guest = record is None or record.is_guest
    as_guest = is_guest or bool(variant and variant.get("personal") is False)
    ladder, refused = read_ladder(db, country, state, as_guest)
    early = begun(request_of(community, None, named.extras, now, country), ladder, named.row[named.row != UNKNOWN])
    request = request_of(community, past.result(), named.extras, now)

    if as_guest:
        request = replace(request, member=replace(request.member, guest=True))
    serving = Serving(community, request, ladder, is_guest)
    answer = _items(db, serving, asked) if asked.contents is None else _scored(serving, asked, named.row, early)
    if drawn := [each for each in map(_drawn, itertools.count(), answer.get("items", ())) if each]:
        experiments.keep_explored(db, asked.account, now, drawn)

    extra = {"variant": str(variant.get("name"))} if variant else {}
    return {"code": 200, "remark": "OK", **answer, **extra, **({"refused": refused} if refused else {})}


def _scored(serving: Serving, asked: Question, row: Ints, early: Future[Scored]) -> Answer:
    names = asked.contents or []
    result = dict(zip(names, serving.scored(row, early).tolist(), strict=True))
    return {"result": result} | _reasons(names, serving.explained(row) if asked.explain else [])


def _items(db: Databases, serving: Serving, asked: Question) -> Answer:
    if serving.is_guest and (answer := _guest_items(db, serving, asked)):
        return answer
    contents = serving.community.snapshot.contents
    row, source = sources.merged(sources.gather(serving.request))
    author, score = serving.request.author(row), serving.scored(row)
    shown = _shown(db, serving, asked, row, author, source == "new authors", score)
    rows = row[shown.position]
    names = [str(each) for each in object_ids(contents.id[rows])]
    columns = zip(names, shown.score.tolist(), source[shown.position].tolist(), shown.propensity.tolist(), strict=True)
    told = serving.explained(rows) if asked.explain else []
    fair = logit(np.maximum(shown.score, 1e-300)).tolist()
    return _listed(list(columns)) | _reasons(names, [adjusted(*each) for each in zip(told, fair, strict=False)])


def _shown(
    db: Databases, serving: Serving, asked: Question, row: Ints, author: Ints, is_new: Any, score: Floats
) -> slate.Shown:
    """The list among what is published at this moment; the snapshot may be an hour old."""
    order, _ = slate.best(score, author, asked.limit + _SPARE)
    pool = slate.slot_pool(order, asked.limit, is_new, author) if asked.explore else order[:0]
    order, pool = _published(db, serving.community.snapshot.contents.id[row], order, pool)
    place, fair = slate.best(score[order], author[order], asked.limit)
    shown = slate.listed(order[place], fair, asked.limit)
    seed = seed_of(str(asked.account), serving.request.now_ms)
    return slate.with_slots(shown, pool, score, asked.limit, seed) if asked.explore else shown


def _published(db: Databases, ids: NDArray[np.bytes_], *several: Ints) -> list[Ints]:
    """Of each array of positions in `ids` those whose content is published now."""
    looked_up = np.unique(np.concatenate(several))
    known = dict(zip(looked_up.tolist(), object_ids(ids[looked_up]), strict=True))
    public = viewer.read_published(db, [each for each in known.values() if each])
    return [np.array([place for place in each.tolist() if known[place] in public], np.int64) for each in several]


def _guest_items(db: Databases, serving: Serving, asked: Question) -> Answer | None:
    """The guest feed of the country, without what was seen; None where none is published."""
    country = serving.request.member.country
    feed = viewer.read_guest_feed(db, COUNTRIES[country] if country >= 0 else NOWHERE, 2 * asked.limit + _SPARE)
    past = set(object_ids(serving.community.snapshot.contents.id[_inside(serving)]))
    public = viewer.read_published(db, [content for content, _ in feed])
    kept = [(str(content), score) for content, score in feed if content in public and content not in past]
    kept = kept[: asked.limit]
    if not kept:
        return None
    names = [name for name, _ in kept]
    items = [(name, score, "guest feed", float("nan")) for name, score in kept]
    rows = serving.community.contents(viewer.parse_ids(names, "content"))
    return _listed(items) | _reasons(names, serving.explained(rows) if asked.explain else [])


def _inside(serving: Serving) -> Ints:
    past = serving.request.past
    return past[past < len(serving.community.snapshot.contents.id)]


def _listed(columns: Sequence[tuple[str, float, str, float]]) -> Answer:
    items = []
    for content, score, source, propensity in columns:
        drawn = {} if np.isnan(propensity) else {"propensity": propensity}
        items.append({"content": content, "score": score, "source": "exploration" if drawn else source, **drawn})
    return {"result": {each["content"]: each["score"] for each in items}, "items": items}


def _drawn(place: int, item: Answer) -> experiments.Drawn | None:
    drawn = item.get("propensity")
    return None if drawn is None else experiments.Drawn(ObjectId(item["content"]), place, drawn)


def _reasons(names: Sequence[str], told: Sequence[Answer]) -> Answer:
    return {"reasons": dict(zip(names, told, strict=True))} if told else {}


def _spelled(contents: Sequence[Any]) -> list[str]:
    """The ids as the caller wrote them, so that the caller finds them in the answer."""
    return [each if isinstance(each, str) else str(object_id(each, "contents")) for each in contents]


def _flag(event: Mapping[str, Any], name: str) -> bool:
    value = event.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name}: {str(value)[:60]} is neither true nor false")
    return value
