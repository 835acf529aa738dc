"""The history, indexed so that any number of rows can ask what was known before their time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints, spans
from features.ranking.co_engagement import ByContent
from features.ranking.history import Contents, Events, History
from features.ranking.point_in_time import Counts, EventIndex, PairCounts, PairIndex, first_times
from store.rules.engagements import REPORT

Build = Callable[[Ints, Ints, Ints, int], PairCounts]


class Activity(NamedTuple):
    """Engagements and first views by the same key."""

    engaged: PairCounts
    viewed: PairCounts


@dataclass(frozen=True)
class Known:
    """Indices over a history; each answers "how many before this time"."""

    history: History
    contents: Contents
    author_country: Ints  # (contents,)
    by_kind: tuple[Counts, ...]  # like, comment, recast, quote, report; key: content
    engaged: Counts  # key: content
    viewed: Counts  # first view of each account; key: content
    creator_contents: Counts  # key: author
    creator_kinds: tuple[Counts, ...]  # like, comment, recast, quote; key: author
    creator_viewed: Counts  # key: author
    by_country: Mapping[str, Activity]  # what: content, author, language; left key: country
    by_account: Mapping[str, Activity]  # what: any, content, author, author_country, language, tag; left key: account
    views: PairCounts  # every view, repeated ones too: account × content
    follows: PairCounts  # account × author
    engagers: ByContent
    viewers: ByContent


def index(history: History) -> Known:
    """Indexes a history."""
    contents, engagements = history.contents, _only(history.engagements, history.engagements.is_engagement)
    views = history.exposures
    first = _only(views, first_times(views.account, views.content))
    author_country = _author_country(history)
    keys = {"content": np.arange(len(contents.id)), "author": contents.author, "language": contents.language}
    kinds = [_only(history.engagements, history.engagements.kind == kind) for kind in range(5)]
    countries = history.country[engagements.account], history.country[first.account]
    return Known(
        history=history,
        contents=contents,
        author_country=author_country,
        by_kind=tuple(EventIndex.build(each.content, each.time_ms) for each in kinds),
        engaged=EventIndex.build(engagements.content, engagements.time_ms),
        viewed=EventIndex.build(first.content, first.time_ms),
        creator_contents=EventIndex.build(contents.author, contents.created_ms),
        creator_kinds=tuple(EventIndex.build(contents.author[each.content], each.time_ms) for each in kinds[:REPORT]),
        creator_viewed=EventIndex.build(contents.author[first.content], first.time_ms),
        by_country={name: _activity(engagements, first, *countries, key) for name, key in keys.items()},
        **index_members(history, author_country),
        engagers=ByContent.of(engagements, len(contents.id)),
        viewers=ByContent.of(views, len(contents.id)),
    )


def index_members(history: History, author_country: Ints, build: Build = PairIndex.build) -> dict[str, Any]:
    """What `index` knows of single members: by_account, views and follows; `author_country`: (contents,).

    `build` indexes pairs as PairIndex.build does: (left, right, time_ms, width).
    """
    contents, views = history.contents, history.exposures
    engagements = _only(history.engagements, history.engagements.is_engagement)
    first = _only(views, first_times(views.account, views.content))
    keys = {
        "any": np.zeros_like(contents.author),
        "content": np.arange(len(contents.id)),
        "author": contents.author,
        "author_country": author_country,
        "language": contents.language,
    }
    by_account = {
        name: _activity(engagements, first, engagements.account, first.account, key, build)
        for name, key in keys.items()
    }
    return {
        "by_account": by_account | {"tag": _tag_activity(engagements, first, contents, build)},
        "views": build(views.account, views.content, views.time_ms, len(contents.id) + 1),
        "follows": build(history.follower, history.followed, history.follow_time_ms, len(history.user_id) + 1),
    }


def _activity(
    engagements: Events, views: Events, engager: Ints, viewer: Ints, key: Ints, build: Build = PairIndex.build
) -> Activity:
    width = int(key.max(initial=0)) + 1
    return Activity(
        build(engager, key[engagements.content], engagements.time_ms, width),
        build(viewer, key[views.content], views.time_ms, width),
    )


def _tag_activity(engagements: Events, views: Events, contents: Contents, build: Build) -> Activity:
    width = int(contents.tag.max(initial=0)) + 1
    pairs = []
    for events in (engagements, views):
        row, tag = expand_tags(contents, events.content)
        pairs.append(build(events.account[row], tag, events.time_ms[row], width))
    return Activity(*pairs)


def expand_tags(contents: Contents, content: Ints) -> tuple[Ints, Ints]:
    """The row and the tag of every tag of every row's content; both (rows × their tags,)."""
    row, place = spans(contents.tag_start[content], np.diff(contents.tag_start)[content])
    return row, contents.tag[place]


def _author_country(history: History) -> Ints:
    owner = np.append(history.owner, -1)[history.contents.author]
    return np.asarray(np.append(history.country, -1)[owner])


def _only(events: Events, keep: NDArray[np.bool_]) -> Events:
    return Events(events.time_ms[keep], events.account[keep], events.content[keep], events.kind[keep])
