"""One viewer's past against a snapshot: the columns of features.matrix for the contents the viewer may see now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints, positions
from features.matrix import (
    GUEST_COLUMNS,
    MEMBER_COLUMNS,
    Columns,
    Matrix,
    Rows,
    content_columns,
    country_columns,
    member_columns,
    stack_columns,
)
from features.ranking.history import Contents, Events, History
from features.ranking.indexes import Activity, HistoryIndex, build_member_indexes
from features.ranking.point_in_time import PairIndex
from predictors.personal.member_counts import SingleAccountIndex
from predictors.snapshot.frozen_counts import FrozenCounts
from predictors.snapshot.posting_lists import entries
from predictors.snapshot.snapshot import Snapshot

_EMPTY = FrozenCounts.empty((1, 6, 24, 72))
NO_EVENTS = Events(*(np.zeros(0, dtype=np.int64) for _ in range(4)))
_NO_PAIRS = PairIndex(np.zeros(0, dtype=np.int64), 1, _EMPTY)


@dataclass(frozen=True)
class Viewer:
    """One account; contents and people are rows of the snapshot, later contents are rows of the late posts after it."""

    account: int  # row of accounts, −1 one that the snapshot does not have
    country: int  # number in COUNTRIES, −1 unknown
    guest: bool  # True: scores use no personal column
    engagements: Events
    exposures: Events
    follow_time_ms: Ints  # (follows,)
    followed: Ints  # (follows,) rows of users
    languages: Ints  # (languages,) numbers of the account's preferred languages
    blocked: Ints  # (users,) rows of users that the viewer blocks or that block the viewer
    users: Ints  # (users,) rows of the account's own users
    unlisted_engagements: Events = NO_EVENTS  # with contents that the snapshot lacks; their content is the post
    unlisted_exposures: Events = NO_EVENTS


def anonymous_viewer(country: int = -1) -> Viewer:
    """Returns a guest of a country, without a past."""
    none = np.zeros(0, dtype=np.int64)
    return Viewer(-1, country, True, NO_EVENTS, NO_EVENTS, none, none, none, none, none)


def viewer_from_history(history: History, account: int, now_ms: int) -> Viewer:
    """Returns the viewer of an evaluation: the account's past before `now_ms` in a complete history."""

    def own(events: Events) -> Events:
        past = (events.account == account) & (events.time_ms < now_ms)
        only_account = np.zeros(past.sum(), dtype=np.int64)
        return Events(events.time_ms[past], only_account, events.content[past], events.kind[past])

    follows = (history.follower == account) & (history.follow_time_ms < now_ms)
    none = np.zeros(0, dtype=np.int64)
    return Viewer(
        account=account,
        country=int(history.country[account]),
        guest=bool(history.guest[account]),
        engagements=own(history.engagements),
        exposures=own(history.exposures),
        follow_time_ms=history.follow_time_ms[follows],
        followed=history.followed[follows],
        languages=none,
        blocked=none,
        users=np.flatnonzero(history.owner == account),
    )


@dataclass(frozen=True)
class Request:
    """A viewer at a clock: the snapshot, and the contents published after it that the request names."""

    snapshot: Snapshot
    viewer: Viewer
    now_ms: int
    late_posts: Contents

    @cached_property
    def past(self) -> Ints:
        """Rows of the contents that the viewer engaged with or saw, ascending, once each."""
        return np.unique(np.concatenate([self.viewer.engagements.content, self.viewer.exposures.content]))

    @property
    def past_in_snapshot(self) -> Ints:
        """The rows of `past` that are contents of the snapshot."""
        return self.past[self.past < len(self.snapshot.contents.id)]

    @cached_property
    def similarity(self) -> NDArray[np.float64]:
        """The similarity of each account of the snapshot to the viewer; shape (accounts,)."""
        accounts = len(self.snapshot.people.account_id)
        if self.viewer.account < 0:
            return np.zeros(accounts)
        return self.snapshot.co_engagement.similarity(self.viewer.account, self.past, accounts)

    def matrix(self, content: Ints) -> Matrix:
        """Returns the columns for these contents: (contents, MEMBER_COLUMNS), for guests (contents, GUEST_COLUMNS)."""
        guest = self.guest_matrix(content)
        return guest if self.viewer.guest else np.concatenate([guest, self.member_matrix(content)], axis=1)

    def guest_matrix(self, content: Ints) -> Matrix:
        """Returns GUEST_COLUMNS, (contents, columns); of the viewer they depend on the country only."""
        return stack_columns(self._shared_columns(content), GUEST_COLUMNS)

    def member_matrix(self, content: Ints) -> Matrix:
        """Returns the columns of MEMBER_COLUMNS after GUEST_COLUMNS, (contents, columns)."""
        index, local = self._member_index(content)
        columns = member_columns(index, self._rows(local, 0))
        columns |= self.snapshot.co_engagement.columns(self.similarity, content)
        return stack_columns(columns, MEMBER_COLUMNS[len(GUEST_COLUMNS) :])

    @cached_property
    def engaged_posts(self) -> Ints:
        """The posts that the viewer engaged with, reported or reshared, (posts,), ascending."""
        own = self.snapshot.retrieval.by_author.under(self.viewer.users)
        reshared = own[self.column("post", own) != own]
        listed = self.column("post", np.concatenate([self.viewer.engagements.content, reshared]))
        return np.union1d(listed, self.viewer.unlisted_engagements.content)

    @cached_property
    def seen_posts(self) -> tuple[Ints, Ints]:
        """The posts that the viewer saw, ascending, and when last; both (posts,)."""
        views, unlisted = self.viewer.exposures, self.viewer.unlisted_exposures
        post = np.concatenate([self.column("post", views.content), unlisted.content])
        time_ms = np.concatenate([views.time_ms, unlisted.time_ms])
        order = np.lexsort((-time_ms, post))
        seen, first = np.unique(post[order], return_index=True)
        return seen, time_ms[order][first]

    def count_posts(self, content: Ints) -> int:
        """Returns the number of posts that these contents belong to."""
        return len(np.unique(self.column("post", content)))

    def author(self, content: Ints) -> Ints:
        """Returns the author of each content, row of users, −1 unknown; shape (contents,)."""
        return self.column("author", content)

    def column(self, name: str, content: Ints) -> Ints:
        """Returns this column of the contents, those of the snapshot and late posts; shape (contents,)."""
        known, size = getattr(self.snapshot.contents, name), len(self.snapshot.contents.id)
        late = content >= size
        if not late.any():
            return np.asarray(known[content])
        values = known[np.where(late, 0, content)] if size else np.full(len(content), -1)
        values[late] = getattr(self.late_posts, name)[content[late] - size]
        return np.asarray(values)

    def _rows(self, content: Ints, account: int) -> Rows:
        size = len(content)
        return Rows(content, np.full(size, account), np.full(size, self.viewer.country), np.full(size, self.now_ms))

    def _shared_columns(self, content: Ints) -> Columns:
        size = len(self.snapshot.contents.id)
        late = content >= size
        if not late.any():
            return self._guest_columns(self.snapshot.index, content)
        old = self._guest_columns(self.snapshot.index, content[~late])
        new = self._guest_columns(_late_index(self.snapshot, self.late_posts), content[late] - size)
        order = np.argsort(np.concatenate([np.flatnonzero(~late), np.flatnonzero(late)]))
        return {name: np.concatenate([old[name], new[name]])[order] for name in old}

    def _guest_columns(self, index: HistoryIndex, content: Ints) -> Columns:
        rows = self._rows(content, -1)
        return content_columns(index, content, rows.time_ms) | country_columns(index, rows)

    def _member_index(self, content: Ints) -> tuple[HistoryIndex, Ints]:
        """Indexes the viewer's past over only the contents and authors it needs; with the rows of `content` there."""
        used = np.unique(np.concatenate([content, self.past]))
        contents, people = self._contents(used), self.snapshot.people
        authors = np.unique(contents.author[contents.author >= 0])
        author_country = _country_of(people, contents.author)
        followed = positions(authors, self.viewer.followed)
        follows = followed >= 0
        history = History(
            contents=replace(contents, author=positions(authors, contents.author)),
            account_id=np.zeros(1, dtype="S12"),  # the viewer alone
            country=np.array([self.viewer.country]),
            guest=np.zeros(1, dtype=np.bool_),
            user_id=np.zeros(len(authors), dtype="S12"),
            owner=np.full(len(authors), -1),
            engagements=_renumbered(self.viewer.engagements, used),
            exposures=_renumbered(self.viewer.exposures, used),
            follow_time_ms=self.viewer.follow_time_ms[follows],
            follower=np.zeros(follows.sum(), dtype=np.int64),
            followed=followed[follows],
            languages=people.languages,
            rejected={},
        )
        index = replace(self.snapshot.index, contents=history.contents, author_country=author_country)
        members = build_member_indexes(history, author_country, SingleAccountIndex.build)
        return replace(index, **members), positions(used, content)

    def _contents(self, rows: Ints) -> Contents:
        size = len(self.snapshot.contents.id)
        known = select_contents(self.snapshot.contents, rows[rows < size])
        late = rows[rows >= size] - size
        return concat_contents(known, select_contents(self.late_posts, late)) if len(late) else known


def select_contents(contents: Contents, rows: Ints) -> Contents:
    """Returns the contents of these rows, in their order."""
    which, place = entries(contents.tag_start, rows)
    single = {name: column[rows] for name, column in vars(contents).items() if not name.startswith("tag")}
    return Contents(**single, tag_start=np.searchsorted(which, np.arange(len(rows) + 1)), tag=contents.tag[place])


def concat_contents(first: Contents, second: Contents) -> Contents:
    """Returns the contents of `first`, then those of `second`."""
    both = {name: np.concatenate([column, getattr(second, name)]) for name, column in vars(first).items()}
    start = np.concatenate([first.tag_start, second.tag_start[1:] + len(first.tag)])
    return Contents(**both | {"tag_start": start})


def _late_index(snapshot: Snapshot, late_posts: Contents) -> HistoryIndex:
    """Returns an index of contents without events, by creators who may have some."""
    by_country: Mapping[str, Activity] = {**snapshot.index.by_country, "content": Activity(_NO_PAIRS, _NO_PAIRS)}
    return replace(
        snapshot.index,
        contents=late_posts,
        author_country=_country_of(snapshot.people, late_posts.author),
        by_kind=(_EMPTY,) * len(snapshot.index.by_kind),
        engaged=_EMPTY,
        viewed=_EMPTY,
        by_country=by_country,
    )


def _country_of(people: History, users: Ints) -> Ints:
    """Returns the country of each user's account, −1 unknown; shape (rows,). A row −1 is no user."""
    known = (users >= 0) & (len(people.owner) > 0)
    owner = np.where(known, people.owner[np.where(known, users, 0)] if len(people.owner) else -1, -1)
    if not len(people.country):
        return np.full(len(users), -1)
    return np.where(owner >= 0, people.country[owner], -1)


def _renumbered(events: Events, used: Ints) -> Events:
    return replace(events, content=positions(used, events.content))
