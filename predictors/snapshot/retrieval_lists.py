"""Live contents sorted beforehand for the sources of candidates: by author, country, language, tag and newness."""

from dataclasses import dataclass

import numpy as np

from features.countries import COUNTRIES
from features.ranking.history import REPORT
from features.ranking.indexes import Known, expand_tags
from features.ranking.point_in_time import HOUR_MS, Floats, Ints
from predictors.snapshot.posting_lists import Lists

_DECAY_HOURS = 24.0  # half-life of one engagement's part in what is trending
_MOST = 400  # contents of one list
_MOST_OF_AUTHOR = 60
_NEW_AUTHOR_HOURS = 14 * 24.0  # since the author's first content
_MOST_NEW = 2_000
WORLD = len(COUNTRIES)  # the key of everybody in by_country


@dataclass(frozen=True)
class Shelves:
    """Every list holds rows of live contents, the most engaged or the newest first."""

    heat: Floats  # (contents,) engagements, each halved every _DECAY_HOURS
    by_author: Lists  # newest first
    by_country: Lists  # by the engagements of the country's people; WORLD holds everybody's
    by_language: Lists
    by_tag: Lists
    new_authors: Ints  # contents of authors who began lately, least seen first

    @classmethod
    def of(cls, known: Known, live: Ints, now_ms: int) -> "Shelves":
        """Sorted at `now_ms`; `live`: rows of the contents that may be shown."""
        contents, heat = known.contents, _heat(known, now_ms)
        author, language = contents.author[live], contents.language[live]
        row, tag = expand_tags(contents, live)
        tags, languages = int(contents.tag.max(initial=-1)) + 1, len(known.history.languages)
        recent = contents.created_ms[live].astype(np.float64)
        return cls(
            heat=heat,
            by_author=Lists.of(author, live, recent, len(known.history.user_id), _MOST_OF_AUTHOR),
            by_country=_by_country(known, live, now_ms),
            by_language=Lists.of(language, live, heat[live], languages, _MOST),
            by_tag=Lists.of(tag, live[row], heat[live[row]], tags, _MOST),
            new_authors=_new_authors(known, live, now_ms),
        )


def _heat(known: Known, now_ms: int) -> Floats:
    acts = known.history.engagements
    good = (acts.kind < REPORT) & (acts.time_ms < now_ms)
    weight = _decayed(acts.time_ms[good], now_ms)
    return np.bincount(acts.content[good], weights=weight, minlength=len(known.contents.id)).astype(np.float64)


def _by_country(known: Known, live: Ints, now_ms: int) -> Lists:
    acts, contents = known.history.engagements, len(known.contents.id)
    alive = np.zeros(contents, dtype=np.bool_)
    alive[live] = True
    good = (acts.kind < REPORT) & (acts.time_ms < now_ms) & alive[acts.content]
    country, content = known.history.country[acts.account[good]], acts.content[good]
    weight = np.tile(_decayed(acts.time_ms[good], now_ms), 2)
    key = np.concatenate([np.where(country < 0, WORLD + 1, country), np.full(len(content), WORLD)])
    pair, place = np.unique(key * contents + np.tile(content, 2), return_inverse=True)
    heat = np.bincount(place, weights=weight, minlength=len(pair)).astype(np.float64)
    return Lists.of(pair // max(contents, 1), pair % max(contents, 1), heat, WORLD + 1, _MOST)


def _new_authors(known: Known, live: Ints, now_ms: int) -> Ints:
    contents = known.contents
    first_ms = np.full(len(known.history.user_id) + 1, now_ms)
    np.minimum.at(first_ms, contents.author, contents.created_ms)
    author = contents.author[live]
    began_ms = now_ms - int(_NEW_AUTHOR_HOURS * HOUR_MS)
    new = live[(author >= 0) & (first_ms[author] >= began_ms)]
    seen = known.viewed.before(new, np.full(len(new), now_ms))
    return new[np.lexsort((-contents.created_ms[new], seen))][:_MOST_NEW]


def _decayed(time_ms: Ints, now_ms: int) -> Floats:
    return np.asarray(2.0 ** (-(now_ms - time_ms) / (_DECAY_HOURS * HOUR_MS)))
