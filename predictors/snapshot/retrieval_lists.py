"""Live contents sorted in advance for the sources: by author, country, language and tag, and of new authors."""

from dataclasses import dataclass

import numpy as np

from features.arrays import Floats, Ints
from features.countries import COUNTRIES
from features.milliseconds import HOUR_MS
from features.ranking.history import Contents
from features.ranking.indexes import HistoryIndex, expand_tags
from features.ranking.posts import representatives
from predictors.snapshot.posting_lists import PostingLists

_DECAY_HOURS = 24.0  # half-life of one engagement's weight
_MOST = 400  # contents of one list
_MOST_OF_AUTHOR = 60
_NEW_AUTHOR_HOURS = 14 * 24.0  # since the author's first content
_MOST_NEW = 2_000
WORLD = len(COUNTRIES)  # the key of all countries together in by_country


@dataclass(frozen=True)
class RetrievalLists:
    """Rows of live contents, the most engaged or the newest first."""

    decayed_engagement: Floats  # (contents,) engagements with the post, each halved every _DECAY_HOURS
    by_author: PostingLists  # newest first
    by_country: PostingLists  # by engagements of the country's people; WORLD: of all people
    by_language: PostingLists
    by_tag: PostingLists
    new_authors: Ints  # (n,) contents of authors whose first content is recent, least seen first

    @classmethod
    def of(cls, known: HistoryIndex, live: Ints, now_ms: int) -> "RetrievalLists":
        """Sorts the contents at `now_ms`; `live`: (n,) rows of contents that may be shown."""
        contents, representative = known.contents, _representatives(known.contents, live)
        engagement, shown = _decayed_engagement(known, representative, now_ms), np.unique(representative[live])
        author, recent = contents.author[live], contents.created_ms[live].astype(np.float64)
        language, (row, tag) = contents.language[shown], expand_tags(contents, shown)
        tags, languages = int(contents.tag.max(initial=-1)) + 1, len(known.history.languages)
        return cls(
            decayed_engagement=engagement,
            by_author=PostingLists.of(author, live, recent, len(known.history.user_id), _MOST_OF_AUTHOR),
            by_country=_by_country(known, live, representative, now_ms),
            by_language=PostingLists.of(language, shown, engagement[shown], languages, _MOST),
            by_tag=PostingLists.of(tag, shown[row], engagement[shown[row]], tags, _MOST),
            new_authors=_new_authors(known, shown, now_ms),
        )


def _representatives(contents: Contents, live: Ints) -> Ints:
    """Returns the content that represents each content in a list; shape (contents,)."""
    oldest_ms = int(contents.created_ms[live[0]]) if len(live) else 0
    return representatives(contents.post, contents.created_ms, oldest_ms, np.arange(len(contents.id)))


def _decayed_engagement(known: HistoryIndex, representative: Ints, now_ms: int) -> Floats:
    """Returns the decayed engagements of each content, with those of the bare reshares it represents."""
    acts = known.history.engagements
    counted = acts.is_engagement & (acts.time_ms < now_ms)
    weight = _decay(acts.time_ms[counted], now_ms)
    content = representative[acts.content[counted]]
    return np.bincount(content, weights=weight, minlength=len(known.contents.id)).astype(np.float64)


def _by_country(known: HistoryIndex, live: Ints, representative: Ints, now_ms: int) -> PostingLists:
    acts, contents = known.history.engagements, len(known.contents.id)
    alive = np.zeros(contents, dtype=np.bool_)
    alive[live] = True
    counted = acts.is_engagement & (acts.time_ms < now_ms) & alive[acts.content]
    country, content = known.history.country[acts.account[counted]], representative[acts.content[counted]]
    weight = np.tile(_decay(acts.time_ms[counted], now_ms), 2)
    key = np.concatenate([np.where(country < 0, WORLD + 1, country), np.full(len(content), WORLD)])
    pair, place = np.unique(key * contents + np.tile(content, 2), return_inverse=True)
    engagement = np.bincount(place, weights=weight, minlength=len(pair)).astype(np.float64)
    return PostingLists.of(pair // max(contents, 1), pair % max(contents, 1), engagement, WORLD + 1, _MOST)


def _new_authors(known: HistoryIndex, live: Ints, now_ms: int) -> Ints:
    contents = known.contents
    first_ms = np.full(len(known.history.user_id) + 1, now_ms)
    np.minimum.at(first_ms, contents.author, contents.created_ms)
    author = contents.author[live]
    since_ms = now_ms - int(_NEW_AUTHOR_HOURS * HOUR_MS)
    new = live[(author >= 0) & (first_ms[author] >= since_ms)]
    seen = known.viewed.before(new, np.full(len(new), now_ms))
    return new[np.lexsort((-contents.created_ms[new], seen))][:_MOST_NEW]


def _decay(time_ms: Ints, now_ms: int) -> Floats:
    return np.asarray(2.0 ** (-(now_ms - time_ms) / (_DECAY_HOURS * HOUR_MS)))
