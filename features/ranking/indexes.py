"""Indexes over the history that answer "how many before time t" for any number of rows."""

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
    """Engagements and first views, counted by the same pair of keys."""

    engaged: PairCounts
    viewed: PairCounts


@dataclass(frozen=True)
class HistoryIndex:
    """Indexes over a history; each answers "how many before this time"."""

    history: History
    contents: Contents
    author_country: Ints  # (contents,)
    by_kind: tuple[Counts, ...]  # like, comment, recast, quote, report; key: content
    engaged: Counts  # key: content
    viewed: Counts  # first view of each account; key: content
    creator_contents: Counts  # key: author
    creator_kinds: tuple[Counts, ...]  # like, comment, recast, quote; key: author
    creator_viewed: Counts  # key: author
    by_country: Mapping[str, Activity]  # by right key: content, author, language; left key: country
    by_account: Mapping[
        str, Activity
    ]  # by right key: any, content, author, author_country, language, tag; left: account
    views: PairCounts  # all views, including repeated ones: account × content
    follows: PairCounts  # account × author
    engagers: ByContent
    viewers: ByContent


def build_index(history: History) -> HistoryIndex:
    """Returns the indexes over a history."""
    contents, engagements = history.contents, _select(history.engagements, history.engagements.is_engagement)
    views = history.exposures
    first = _select(views, first_times(views.account, views.content))
    author_country = _author_country(history)
    keys = {"content": np.arange(len(contents.id)), "author": contents.author, "language": contents.language}
    kinds = [_select(history.engagements, history.engagements.kind == kind) for kind in range(5)]
    countries = history.country[engagements.account], history.country[first.account]
    return HistoryIndex(
        history=history,
        contents=contents,
        author_country=author_country,
        by_kind=tuple(EventIndex.build(events.content, events.time_ms) for events in kinds),
        engaged=EventIndex.build(engagements.content, engagements.time_ms),
        viewed=EventIndex.build(first.content, first.time_ms),
        creator_contents=EventIndex.build(contents.author, contents.created_ms),
        creator_kinds=tuple(
            EventIndex.build(contents.author[events.content], events.time_ms) for events in kinds[:REPORT]
        ),
        creator_viewed=EventIndex.build(contents.author[first.content], first.time_ms),
        by_country={name: _activity(engagements, first, *countries, key) for name, key in keys.items()},
        **build_member_indexes(history, author_country),
        engagers=ByContent.of(engagements, len(contents.id)),
        viewers=ByContent.of(views, len(contents.id)),
    )


def build_member_indexes(history: History, author_country: Ints, build: Build = PairIndex.build) -> dict[str, Any]:
    """Returns the fields of HistoryIndex that concern single members: by_account, views and follows.

    `author_country`: (contents,). `build` has the signature of PairIndex.build: (left, right, time_ms, width).
    """
    contents, views = history.contents, history.exposures
    engagements = _select(history.engagements, history.engagements.is_engagement)
    first = _select(views, first_times(views.account, views.content))
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
    """Returns row and tag for every tag of every row's content; both have shape (rows × their tags,)."""
    row, position = spans(contents.tag_start[content], np.diff(contents.tag_start)[content])
    return row, contents.tag[position]


def _author_country(history: History) -> Ints:
    owner = np.append(history.owner, -1)[history.contents.author]
    return np.asarray(np.append(history.country, -1)[owner])


def _select(events: Events, mask: NDArray[np.bool_]) -> Events:
    return Events(events.time_ms[mask], events.account[mask], events.content[mask], events.kind[mask])
