"""Sources of candidates for one viewer: each a function over the snapshot's retrieval lists, in one table."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.milliseconds import HOUR_MS
from features.ranking.indexes import expand_tags
from predictors.personal.request import Request, select_contents
from predictors.snapshot.retrieval_lists import WORLD
from predictors.snapshot.snapshot import Snapshot

_ENGAGED_WEIGHT = 3.0  # an engagement shows as much interest as this many views
_MOST_TAGS = 30  # of a viewer
_SPOKEN_SHARE = 0.1  # of the viewer's past, from which a language counts as understood
_HALF_LIFE_HOURS = 48.0  # of a candidate's weight
Source = Callable[[Request, Ints], Ints]


def retrieve(request: Request, sources: Mapping[str, Source]) -> dict[str, Ints]:
    """Returns the rows of each source, best first; shape (rows,) each, with repetitions and before any filter."""
    languages = understood_languages(request)
    return {name: source(request, languages) for name, source in sources.items()}


def merge_sources(pool: Mapping[str, Ints]) -> tuple[Ints, NDArray[np.str_]]:
    """Returns every row once, with the first source that has it; both (candidates,).

    >>> rows, source = merge_sources({"followed": np.array([3, 1]), "topics": np.array([1, 2])})
    >>> rows.tolist(), source.tolist()
    ([3, 1, 2], ['followed', 'followed', 'topics'])
    """
    none = np.zeros(0, dtype=np.int64)
    rows = np.concatenate([none, *pool.values()])
    source = np.repeat(list(pool), [len(found) for found in pool.values()]) if pool else np.zeros(0, dtype="U1")
    _, first = np.unique(rows, return_index=True)
    return rows[np.sort(first)], source[np.sort(first)]


def understood_languages(request: Request) -> Ints:
    """Returns the numbers of the viewer's preferred languages and of those frequent in the viewer's past."""
    language = request.snapshot.contents.language[request.past_in_snapshot]
    counts = np.bincount(language[language >= 0], minlength=1)
    frequent = np.flatnonzero(counts > max(_SPOKEN_SHARE * counts.sum(), 0))
    return np.union1d(request.viewer.languages, frequent).astype(np.int64)


def followed(request: Request, languages: Ints) -> Ints:
    """Contents of followed authors, newest first."""
    authors = np.setdiff1d(request.viewer.followed, request.viewer.blocked)
    rows = request.snapshot.retrieval.by_author.under(authors)
    return rows[np.argsort(-request.snapshot.contents.created_ms[rows], kind="stable")]


def trending_in_country(request: Request, languages: Ints) -> Ints:
    """Contents that people of the viewer's country engage with; of all countries where the country is unknown."""
    country = request.viewer.country
    return request.snapshot.retrieval.by_country.under(np.array([country if country >= 0 else WORLD]))


def trending_in_language(request: Request, languages: Ints) -> Ints:
    """Engaged contents in the languages the viewer understands; in all languages where none is known."""
    retrieval = request.snapshot.retrieval
    rows = retrieval.by_language.under(languages) if len(languages) else retrieval.by_country.under(np.array([WORLD]))
    return rows[np.argsort(-retrieval.decayed_engagement[rows], kind="stable")]


def topics(request: Request, languages: Ints) -> Ints:
    """Contents with the topics and hashtags the viewer engaged with, the highest affinity and the newest first."""
    affinity = _tag_affinity(request)
    strongest = np.argsort(-affinity, kind="stable")[:_MOST_TAGS]
    rows = np.unique(request.snapshot.retrieval.by_tag.under(strongest[affinity[strongest] > 0]))
    row, tag = expand_tags(select_contents(request.snapshot.contents, rows), np.arange(len(rows)))
    return _freshest(request, rows, np.bincount(row, weights=affinity[tag], minlength=len(rows)).astype(np.float64))


def co_engaged(request: Request, languages: Ints) -> Ints:
    """Contents chosen by people who choose the same contents as the viewer."""
    if request.viewer.account < 0:
        return np.zeros(0, dtype=np.int64)
    live = request.snapshot.live
    columns = request.snapshot.co_engagement.columns(request.similarity, live)
    weight = columns["tasteMean"] + _ENGAGED_WEIGHT * columns["tasteEngaged"]
    return _freshest(request, live[weight > 0], weight[weight > 0])


def new_authors(request: Request, languages: Ints) -> Ints:
    """Contents of recent authors in the languages the viewer understands, least seen first."""
    rows = request.snapshot.retrieval.new_authors
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


def _tag_affinity(request: Request) -> Floats:
    """Returns the viewer's affinity to each tag, ≥ 0; shape (tags,)."""
    snapshot, acts, size = request.snapshot, request.viewer.engagements, len(request.snapshot.contents.id)
    engaged_rows, seen_rows = acts.content[acts.is_engagement], request.viewer.exposures.content
    engaged = _tag_counts(snapshot, engaged_rows[engaged_rows < size])
    seen = _tag_counts(snapshot, seen_rows[seen_rows < size])
    return np.asarray(engaged * (1 + engaged * _ENGAGED_WEIGHT) / (1 + engaged + seen))


def _tag_counts(snapshot: Snapshot, rows: Ints) -> Floats:
    _, tag = expand_tags(snapshot.contents, rows)
    return np.bincount(tag, minlength=len(snapshot.retrieval.by_tag.start) - 1).astype(np.float64)


def _freshest(request: Request, rows: Ints, weight: Floats) -> Ints:
    """Returns the rows by their weight, which halves with every _HALF_LIFE_HOURS of age; shape (rows,)."""
    age_hours = (request.now_ms - request.snapshot.contents.created_ms[rows]) / HOUR_MS
    return rows[np.argsort(-weight * 2.0 ** (-age_hours / _HALF_LIFE_HOURS), kind="stable")]
