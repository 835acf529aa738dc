"""Candidates for one member from several sources, each a small function over the snapshot's lists."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.ranking.history import REPORT
from features.ranking.indexes import expand_tags
from features.ranking.point_in_time import HOUR_MS, Floats, Ints
from predictors.personal.request import Request, taken
from predictors.snapshot.posting_lists import unique_in_order
from predictors.snapshot.retrieval_lists import WORLD
from predictors.snapshot.snapshot import Snapshot

_ENGAGED_WEIGHT = 3.0  # an engagement tells as much of taste as this many views
_MOST_TAGS = 30  # of a member
_SPOKEN_SHARE = 0.1  # of a member's past, from which a language counts as understood
_HALF_LIFE_HOURS = 48.0  # of a content's claim to be shown
_LIVE_DAYS = 30.0
Source = Callable[[Request, Ints], Ints]


def gather(request: Request, most: int = 300, unseen: bool = True) -> dict[str, Ints]:
    """Rows of contents by source, the source's best first, at most `most` each.

    Never what the member engaged with or wrote, nor what a blocked author wrote; what was seen only if not `unseen`.
    """
    allowed = _allowed(request, unseen)
    languages = understood(request)
    return {name: _picked(source(request, languages), allowed, most) for name, source in SOURCES.items()}


def merged(found: Mapping[str, Ints]) -> tuple[Ints, NDArray[np.str_]]:
    """Every content once, with the first source that had it; both (candidates,).

    >>> rows, source = merged({"followed": np.array([3, 1]), "topics": np.array([1, 2])})
    >>> rows.tolist(), source.tolist()
    ([3, 1, 2], ['followed', 'followed', 'topics'])
    """
    none = np.zeros(0, dtype=np.int64)
    rows = np.concatenate([none, *found.values()])
    source = np.repeat(list(found), [len(each) for each in found.values()]) if found else np.zeros(0, dtype="U1")
    _, first = np.unique(rows, return_index=True)
    return rows[np.sort(first)], source[np.sort(first)]


def understood(request: Request) -> Ints:
    """Numbers of the languages that the member prefers, or of a fair share of what the member saw."""
    language = request.snapshot.contents.language[_inside(request, request.past)]
    counts = np.bincount(language[language >= 0], minlength=1)
    often = np.flatnonzero(counts > max(_SPOKEN_SHARE * counts.sum(), 0))
    return np.union1d(request.member.languages, often).astype(np.int64)


def followed(request: Request, languages: Ints) -> Ints:
    """What followed authors wrote, newest first."""
    authors = np.setdiff1d(request.member.followed, request.member.blocked)
    rows = request.snapshot.shelves.by_author.under(authors)
    return rows[np.argsort(-request.snapshot.contents.created_ms[rows], kind="stable")]


def trending_in_country(request: Request, languages: Ints) -> Ints:
    """What the country's people engage with; the world's where the country is unknown."""
    country = request.member.country
    return request.snapshot.shelves.by_country.under(np.array([country if country >= 0 else WORLD]))


def trending_in_language(request: Request, languages: Ints) -> Ints:
    """What is engaged with in the languages that the member understands; the world's where none is known."""
    shelves = request.snapshot.shelves
    rows = shelves.by_language.under(languages) if len(languages) else shelves.by_country.under(np.array([WORLD]))
    return rows[np.argsort(-shelves.heat[rows], kind="stable")]


def topics(request: Request, languages: Ints) -> Ints:
    """Contents with the topics and hashtags that the member engaged with, the dearest and freshest first."""
    affinity = _tag_affinity(request)
    dear = np.argsort(-affinity, kind="stable")[:_MOST_TAGS]
    rows = np.unique(request.snapshot.shelves.by_tag.under(dear[affinity[dear] > 0]))
    row, tag = expand_tags(taken(request.snapshot.contents, rows), np.arange(len(rows)))
    return _freshest(request, rows, np.bincount(row, weights=affinity[tag], minlength=len(rows)).astype(np.float64))


def co_engaged(request: Request, languages: Ints) -> Ints:
    """What people chose who choose as the member does."""
    if request.member.account < 0:
        return np.zeros(0, dtype=np.int64)
    live = request.snapshot.live
    taste = request.snapshot.choices.columns(request.likeness, live)
    worth = taste["tasteMean"] + _ENGAGED_WEIGHT * taste["tasteEngaged"]
    return _freshest(request, live[worth > 0], worth[worth > 0])


def new_authors(request: Request, languages: Ints) -> Ints:
    """What authors wrote who began lately, in languages that the member understands, least seen first."""
    rows = request.snapshot.shelves.new_authors
    language = request.snapshot.contents.language[rows]
    return rows[(language < 0) | np.isin(language, languages)] if len(languages) else rows


SOURCES: Final[Mapping[str, Source]] = {
    "followed": followed,
    "topics": topics,
    "co-engaged": co_engaged,
    "trending in country": trending_in_country,
    "trending in language": trending_in_language,
    "new authors": new_authors,
}


def _allowed(request: Request, unseen: bool) -> NDArray[np.bool_]:
    snapshot, member = request.snapshot, request.member
    allowed = np.zeros(len(snapshot.contents.id), dtype=np.bool_)
    oldest_ms = request.now_ms - int(_LIVE_DAYS * 24 * HOUR_MS)
    allowed[snapshot.live] = snapshot.contents.created_ms[snapshot.live] >= oldest_ms
    allowed[_inside(request, member.engagements.content)] = False
    if unseen:
        allowed[_inside(request, member.exposures.content)] = False
    for author in np.union1d(member.blocked, member.users):
        allowed &= snapshot.contents.author != author
    return allowed


def _picked(rows: Ints, allowed: NDArray[np.bool_], most: int) -> Ints:
    return unique_in_order(rows[allowed[rows]])[:most]


def _inside(request: Request, rows: Ints) -> Ints:
    return rows[rows < len(request.snapshot.contents.id)]


def _tag_affinity(request: Request) -> Floats:
    """How dear each tag is to the member; shape (tags,)."""
    snapshot, acts = request.snapshot, request.member.engagements
    engaged = _tags_of(snapshot, _inside(request, acts.content[acts.kind < REPORT]))
    viewed = _tags_of(snapshot, _inside(request, request.member.exposures.content))
    return np.asarray(engaged * (1 + engaged * _ENGAGED_WEIGHT) / (1 + engaged + viewed))


def _tags_of(snapshot: Snapshot, rows: Ints) -> Floats:
    _, tag = expand_tags(snapshot.contents, rows)
    return np.bincount(tag, minlength=len(snapshot.shelves.by_tag.start) - 1).astype(np.float64)


def _freshest(request: Request, rows: Ints, worth: Floats) -> Ints:
    """The rows by their worth, which halves with every _HALF_LIFE_HOURS of age."""
    age_hours = (request.now_ms - request.snapshot.contents.created_ms[rows]) / HOUR_MS
    return rows[np.argsort(-worth * 2.0 ** (-age_hours / _HALF_LIFE_HOURS), kind="stable")]
