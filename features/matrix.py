"""The rankers' matrix, for training and for serving alike; `features.columns` names its columns and their order.

Every value is as of the row's time: an event counts when it lies strictly before it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.columns import names
from features.milliseconds import HOUR_MS
from features.ranking.co_engagement import taste_columns
from features.ranking.history import NONE
from features.ranking.indexes import Activity, Known, expand_tags

Matrix = NDArray[np.float32]
Numbers = NDArray[Any]  # whole numbers, fractions or yes and no
Columns = dict[str, Numbers]

DESIGN: Final = names("design")
GUEST_COLUMNS: Final = names("design", "content", "country")
MEMBER_COLUMNS: Final = (*GUEST_COLUMNS, *names("member"))

_PRIOR_RATE = 0.05  # of engagement per view, where nothing is known
_PRIOR_VIEWS = 20.0  # how many views the prior weighs
_HALF_LIFE_HOURS = 24.0
_MONTH_HOURS = 720.0
_KINDS: Final = DESIGN[:4]


@dataclass(frozen=True)
class Rows:
    """Who would see which content when; every array has shape (rows,)."""

    content: Ints  # row of contents
    account: Ints  # row of accounts, −1 a guest
    country: Ints  # number in COUNTRIES, −1 unknown
    time_ms: Ints

    def take(self, chosen: NDArray[np.generic]) -> "Rows":
        """The chosen rows, by mask or position."""
        return Rows(self.content[chosen], self.account[chosen], self.country[chosen], self.time_ms[chosen])


def build(known: Known, rows: Rows, columns: tuple[str, ...], taste: Columns | None = None) -> Matrix:
    """The columns of each row; shape (rows, columns), float32; missing is NaN.

    `taste`: those of `taste_of`, for who builds many rows piece by piece: they cost the whole log once a day of rows.
    """
    author = known.contents.author[rows.content]
    found = _near_together(rows, rows.content, lambda near: _of_content(known, near) | _of_country(known, near))
    found |= _near_together(rows, author, lambda near: _of_creator(known, near) | _of_country_and_creator(known, near))
    if columns is MEMBER_COLUMNS:
        found |= member_columns(known, rows) | (taste_of(known, rows) if taste is None else taste)
    return stacked(found, columns)


def taste_of(known: Known, rows: Rows) -> Columns:
    """How much who acted on each content resembles the member."""
    return {**taste_columns(known.history, known.engagers, known.viewers, rows.account, rows.content, rows.time_ms)}


def stacked(found: Mapping[str, Numbers], columns: Sequence[str]) -> Matrix:
    """The named columns side by side; shape (rows, columns), float32."""
    return np.stack([found[name].astype(np.float32) for name in columns], axis=1)


def content_columns(known: Known, content: Ints, time_ms: Ints) -> Columns:
    """What is known of each content and its creator, whoever sees it."""
    nobody = np.full(len(content), -1)
    rows = Rows(content, nobody, nobody, time_ms)
    return _of_content(known, rows) | _of_creator(known, rows)


def country_columns(known: Known, rows: Rows) -> Columns:
    """What is known of the country's people and this content, its creator and its language."""
    return _of_country(known, rows) | _of_country_and_creator(known, rows)


def _near_together(rows: Rows, key: Ints, columns: Callable[[Rows], Columns]) -> Columns:
    """The columns, asked for by country, key and time: what neighbours look up is in the processor's cache."""
    order = np.lexsort((rows.time_ms, key, rows.country))
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return {name: column[back] for name, column in columns(rows.take(order)).items()}


def _of_content(known: Known, rows: Rows) -> Columns:
    contents, content, time_ms = known.contents, rows.content, rows.time_ms
    age_hours = np.maximum(time_ms - contents.created_ms[content], 0) / HOUR_MS
    engaged, viewed = known.engaged.before(content, time_ms), known.viewed.before(content, time_ms)
    engaged_day = known.engaged.within(content, time_ms, 24)
    viewed_day = known.viewed.within(content, time_ms, 24)
    return {
        **{name: known.by_kind[n].before(content, time_ms) for n, name in enumerate(_KINDS)},
        "photoCount": contents.photos[content],
        "characterLength": contents.length[content],
        "ageScore": 2.0 ** (-age_hours / _HALF_LIFE_HOURS),
        "ageHours": age_hours,
        "isReshare": contents.original_id[content] != NONE,
        "tagCount": np.diff(contents.tag_start)[content],
        **{f"engaged{hours}h": known.engaged.within(content, time_ms, hours) for hours in (1, 6, 72)},
        **{f"viewed{hours}h": known.viewed.within(content, time_ms, hours) for hours in (1, 6)},
        "engaged24h": engaged_day,
        "viewed24h": viewed_day,
        "viewedCount": viewed,
        "engagementRate": _rate(engaged, viewed),
        "engagementRate24h": _rate(engaged_day, viewed_day),
        "hoursSinceEngaged": known.engaged.hours_since(content, time_ms),
        "hoursSinceViewed": known.viewed.hours_since(content, time_ms),
        "gravity": np.log1p(engaged + viewed) / (age_hours + 2.0) ** 1.8,
        "reportedCount": known.by_kind[4].before(content, time_ms),
    }


def _of_creator(known: Known, rows: Rows) -> Columns:
    author, time_ms = known.contents.author[rows.content], rows.time_ms
    creator = [kind.within(author, time_ms, _MONTH_HOURS) for kind in known.creator_kinds]
    viewed = known.creator_viewed.before(author, time_ms)
    return {
        "creatorContentCount": known.creator_contents.within(author, time_ms, _MONTH_HOURS),
        **dict(zip(DESIGN[7:11], creator, strict=True)),
        "creatorViewedCount": viewed,
        "creatorRate": _rate(np.sum(creator, axis=0), viewed),
    }


def _of_country(known: Known, rows: Rows) -> Columns:
    content, country, time_ms = rows.content, rows.country, rows.time_ms
    language = known.contents.language[content]
    of_content, of_language = known.by_country["content"], known.by_country["language"]
    engaged, viewed = _counts(of_content, country, content, time_ms)
    return {
        "countryEngaged": engaged,
        "countryEngaged24h": of_content.engaged.index.within(of_content.engaged.key(country, content), time_ms, 24),
        "countryViewed": viewed,
        "countryRate": _rate(engaged, viewed),
        "countryLanguageRate": _rate(*_counts(of_language, country, language, time_ms)),
        "sameCountry": (known.author_country[content] == country) & (country >= 0),
    }


def _of_country_and_creator(known: Known, rows: Rows) -> Columns:
    author = known.contents.author[rows.content]
    engaged, viewed = _counts(known.by_country["author"], rows.country, author, rows.time_ms)
    return {"countryCreatorEngaged": engaged, "countryCreatorRate": _rate(engaged, viewed)}


def member_columns(known: Known, rows: Rows) -> Columns:
    """What is known of this member, and of the member with this content."""
    account, content, time_ms = rows.account, rows.content, rows.time_ms
    author, language = known.contents.author[content], known.contents.language[content]
    of = known.by_account
    engaged, viewed = _counts(of["any"], account, np.zeros_like(content), time_ms)
    own = _rate(engaged, viewed)
    author_engaged, author_viewed = _counts(of["author"], account, author, time_ms)
    tag_engaged, tag_viewed = _tag_counts(known, rows)
    seen = known.views.key(account, content)
    angle = 2 * np.pi * (time_ms / HOUR_MS % 24) / 24
    return {
        "userEngaged": engaged,
        "userViewed": viewed,
        "userRate": own,
        "ownViews": known.views.index.before(seen, time_ms),
        "hoursSinceOwnView": known.views.index.hours_since(seen, time_ms),
        "userCreatorEngaged": author_engaged,
        "userCreatorViewed": author_viewed,
        "userCreatorRate": _rate(author_engaged, author_viewed, own),
        "follows": known.follows.index.before(known.follows.key(account, author), time_ms) > 0,
        "userTagEngaged": tag_engaged,
        "userTagRate": _rate(tag_engaged, tag_viewed, own),
        "userLanguageRate": _rate(*_counts(of["language"], account, language, time_ms), own),
        "userCreatorCountryRate": _rate(
            *_counts(of["author_country"], account, known.author_country[content], time_ms), own
        ),
        "hourSine": np.sin(angle),
        "hourCosine": np.cos(angle),
    }


def _counts(activity: Activity, left: Ints, right: Ints, time_ms: Ints) -> tuple[Floats, Floats]:
    engaged = activity.engaged.index.before(activity.engaged.key(left, right), time_ms)
    viewed = activity.viewed.index.before(activity.viewed.key(left, right), time_ms)
    return engaged.astype(np.float64), viewed.astype(np.float64)


def _tag_counts(known: Known, rows: Rows) -> tuple[Numbers, Numbers]:
    """Engagements and views of the member with contents that share each tag of this one, summed over the tags."""
    row, tag = expand_tags(known.contents, rows.content)
    engaged, viewed = _counts(known.by_account["tag"], rows.account[row], tag, rows.time_ms[row])
    size = len(rows.content)
    return np.bincount(row, weights=engaged, minlength=size), np.bincount(row, weights=viewed, minlength=size)


def _rate(engaged: Numbers, viewed: Numbers, prior: Numbers | float = _PRIOR_RATE) -> Floats:
    """Engagements per view, drawn to the prior as _PRIOR_VIEWS views would."""
    return np.asarray((engaged + prior * _PRIOR_VIEWS) / (viewed + _PRIOR_VIEWS))
