"""The rankers' matrix, for training and for serving alike; `features.columns` names its columns and their order.

Every value is point in time: an event counts when it is strictly before the row's time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.columns import names
from features.milliseconds import HOUR_MS
from features.ranking.co_engagement import co_engagement_columns
from features.ranking.indexes import Activity, HistoryIndex, expand_tags
from features.ranking.posts import NONE

Matrix = NDArray[np.float32]
Numbers = NDArray[Any]  # integers, floats or booleans
Columns = dict[str, Numbers]

DESIGN: Final = names("design")
GUEST_COLUMNS: Final = names("design", "content", "country")
MEMBER_COLUMNS: Final = (*GUEST_COLUMNS, *names("member"))

_PRIOR_RATE = 0.05  # of engagement per view, where nothing is known
_PRIOR_VIEWS = 20.0  # weight of the prior, in views
_HALF_LIFE_HOURS = 24.0
_MONTH_HOURS = 720.0
_COUNTS_BY_TYPE: Final = DESIGN[:4]


@dataclass(frozen=True)
class Rows:
    """Pairs of an account and a content at a time; every array has shape (rows,)."""

    content: Ints  # row of contents
    account: Ints  # row of accounts, −1 a guest
    country: Ints  # number in COUNTRIES, −1 unknown
    time_ms: Ints

    def take(self, rows: NDArray[np.generic]) -> "Rows":
        """Returns some of the rows, by mask or position."""
        return Rows(self.content[rows], self.account[rows], self.country[rows], self.time_ms[rows])


def build(index: HistoryIndex, rows: Rows, columns: tuple[str, ...], co_engagement: Columns | None = None) -> Matrix:
    """Returns the columns of each row; shape (rows, columns), float32; missing is NaN.

    `co_engagement`: the result of `co_engagement_of`. Callers that build rows in blocks compute it once for all
    blocks, because it reads the whole log for each day of the rows.
    """
    author = index.contents.author[rows.content]
    values = _in_cache_order(rows, rows.content, lambda part: _of_content(index, part) | _of_country(index, part))
    values |= _in_cache_order(
        rows, author, lambda part: _of_creator(index, part) | _of_country_and_creator(index, part)
    )
    if columns is MEMBER_COLUMNS:
        values |= member_columns(index, rows) | (co_engagement or co_engagement_of(index, rows))
    return stack_columns(values, columns)


def co_engagement_of(index: HistoryIndex, rows: Rows) -> Columns:
    """Returns how similar each member is to the accounts that acted on the content."""
    return {
        **co_engagement_columns(index.history, index.engagers, index.viewers, rows.account, rows.content, rows.time_ms)
    }


def stack_columns(values: Mapping[str, Numbers], columns: Sequence[str]) -> Matrix:
    """Returns the named columns side by side; shape (rows, columns), float32."""
    return np.stack([values[name].astype(np.float32) for name in columns], axis=1)


def content_columns(index: HistoryIndex, content: Ints, time_ms: Ints) -> Columns:
    """Returns the columns of contents and creators, which are the same for every reader."""
    unknown = np.full(len(content), -1)
    rows = Rows(content, unknown, unknown, time_ms)
    return _of_content(index, rows) | _of_creator(index, rows)


def country_columns(index: HistoryIndex, rows: Rows) -> Columns:
    """Returns the columns of the country with each content, its creator and its language."""
    return _of_country(index, rows) | _of_country_and_creator(index, rows)


def _in_cache_order(rows: Rows, key: Ints, compute: Callable[[Rows], Columns]) -> Columns:
    """Computes columns with the rows sorted by country, key and time, so that lookups hit the processor's cache."""
    order = np.lexsort((rows.time_ms, key, rows.country))
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    return {name: column[inverse] for name, column in compute(rows.take(order)).items()}


def _of_content(index: HistoryIndex, rows: Rows) -> Columns:
    contents, content, time_ms = index.contents, rows.content, rows.time_ms
    age_hours = np.maximum(time_ms - contents.created_ms[content], 0) / HOUR_MS
    engaged, viewed = index.engaged.before(content, time_ms), index.viewed.before(content, time_ms)
    engaged_day = index.engaged.within(content, time_ms, 24)
    viewed_day = index.viewed.within(content, time_ms, 24)
    return {
        **{name: index.by_kind[n].before(content, time_ms) for n, name in enumerate(_COUNTS_BY_TYPE)},
        "photoCount": contents.photos[content],
        "characterLength": contents.length[content],
        "ageScore": 2.0 ** (-age_hours / _HALF_LIFE_HOURS),
        "ageHours": age_hours,
        "isReshare": contents.original_id[content] != NONE,
        "tagCount": np.diff(contents.tag_start)[content],
        **{f"engaged{hours}h": index.engaged.within(content, time_ms, hours) for hours in (1, 6, 72)},
        **{f"viewed{hours}h": index.viewed.within(content, time_ms, hours) for hours in (1, 6)},
        "engaged24h": engaged_day,
        "viewed24h": viewed_day,
        "viewedCount": viewed,
        "engagementRate": _rate(engaged, viewed),
        "engagementRate24h": _rate(engaged_day, viewed_day),
        "hoursSinceEngaged": index.engaged.hours_since(content, time_ms),
        "hoursSinceViewed": index.viewed.hours_since(content, time_ms),
        "gravity": np.log1p(engaged + viewed) / (age_hours + 2.0) ** 1.8,
        "reportedCount": index.by_kind[4].before(content, time_ms),
    }


def _of_creator(index: HistoryIndex, rows: Rows) -> Columns:
    author, time_ms = index.contents.author[rows.content], rows.time_ms
    creator = [kind.within(author, time_ms, _MONTH_HOURS) for kind in index.creator_kinds]
    viewed = index.creator_viewed.before(author, time_ms)
    return {
        "creatorContentCount": index.creator_contents.within(author, time_ms, _MONTH_HOURS),
        **dict(zip(DESIGN[7:11], creator, strict=True)),
        "creatorViewedCount": viewed,
        "creatorRate": _rate(np.sum(creator, axis=0), viewed),
    }


def _of_country(index: HistoryIndex, rows: Rows) -> Columns:
    content, country, time_ms = rows.content, rows.country, rows.time_ms
    language = index.contents.language[content]
    of_content, of_language = index.by_country["content"], index.by_country["language"]
    engaged, viewed = _counts(of_content, country, content, time_ms)
    return {
        "countryEngaged": engaged,
        "countryEngaged24h": of_content.engaged.index.within(of_content.engaged.key(country, content), time_ms, 24),
        "countryViewed": viewed,
        "countryRate": _rate(engaged, viewed),
        "countryLanguageRate": _rate(*_counts(of_language, country, language, time_ms)),
        "sameCountry": (index.author_country[content] == country) & (country >= 0),
    }


def _of_country_and_creator(index: HistoryIndex, rows: Rows) -> Columns:
    author = index.contents.author[rows.content]
    engaged, viewed = _counts(index.by_country["author"], rows.country, author, rows.time_ms)
    return {"countryCreatorEngaged": engaged, "countryCreatorRate": _rate(engaged, viewed)}


def member_columns(index: HistoryIndex, rows: Rows) -> Columns:
    """Returns the columns of each member, and of the member with the content."""
    account, content, time_ms = rows.account, rows.content, rows.time_ms
    author, language = index.contents.author[content], index.contents.language[content]
    by_account = index.by_account
    engaged, viewed = _counts(by_account["any"], account, np.zeros_like(content), time_ms)
    own = _rate(engaged, viewed)
    author_engaged, author_viewed = _counts(by_account["author"], account, author, time_ms)
    tag_engaged, tag_viewed = _tag_counts(index, rows)
    member_content = index.views.key(account, content)
    angle = 2 * np.pi * (time_ms / HOUR_MS % 24) / 24
    return {
        "userEngaged": engaged,
        "userViewed": viewed,
        "userRate": own,
        "ownViews": index.views.index.before(member_content, time_ms),
        "hoursSinceOwnView": index.views.index.hours_since(member_content, time_ms),
        "userCreatorEngaged": author_engaged,
        "userCreatorViewed": author_viewed,
        "userCreatorRate": _rate(author_engaged, author_viewed, own),
        "follows": index.follows.index.before(index.follows.key(account, author), time_ms) > 0,
        "userTagEngaged": tag_engaged,
        "userTagRate": _rate(tag_engaged, tag_viewed, own),
        "userLanguageRate": _rate(*_counts(by_account["language"], account, language, time_ms), own),
        "userCreatorCountryRate": _rate(
            *_counts(by_account["author_country"], account, index.author_country[content], time_ms), own
        ),
        "hourSine": np.sin(angle),
        "hourCosine": np.cos(angle),
    }


def _counts(activity: Activity, left: Ints, right: Ints, time_ms: Ints) -> tuple[Floats, Floats]:
    engaged = activity.engaged.index.before(activity.engaged.key(left, right), time_ms)
    viewed = activity.viewed.index.before(activity.viewed.key(left, right), time_ms)
    return engaged.astype(np.float64), viewed.astype(np.float64)


def _tag_counts(index: HistoryIndex, rows: Rows) -> tuple[Numbers, Numbers]:
    """Returns the member's engagements and views on contents that share a tag of this one, summed over the tags."""
    row, tag = expand_tags(index.contents, rows.content)
    engaged, viewed = _counts(index.by_account["tag"], rows.account[row], tag, rows.time_ms[row])
    size = len(rows.content)
    return np.bincount(row, weights=engaged, minlength=size), np.bincount(row, weights=viewed, minlength=size)


def _rate(engaged: Numbers, viewed: Numbers, prior: Numbers | float = _PRIOR_RATE) -> Floats:
    """Returns engagements per view, shrunk towards the prior with the weight of _PRIOR_VIEWS views."""
    return np.asarray((engaged + prior * _PRIOR_VIEWS) / (viewed + _PRIOR_VIEWS))
