"""One member's own past beside a snapshot: the columns of features.matrix for what this member might see now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.matrix import (
    GUEST_COLUMNS,
    MEMBER_COLUMNS,
    Columns,
    Matrix,
    Rows,
    content_columns,
    country_columns,
    member_columns,
    stacked,
)
from features.ranking.history import Contents, Events, History
from features.ranking.indexes import Activity, Known, index_members
from features.ranking.point_in_time import Ints, positions
from predictors.personal.member_counts import OfOne
from predictors.snapshot.frozen_counts import Standing
from predictors.snapshot.posting_lists import spread
from predictors.snapshot.snapshot import Snapshot

_EMPTY = Standing.empty((1, 6, 24, 72))


@dataclass(frozen=True)
class Member:
    """Who asks; contents and people are rows of the snapshot, contents beyond its last are rows of the extras."""

    account: int  # row of accounts, −1 one that the snapshot does not know
    country: int  # number in COUNTRIES, −1 unknown
    guest: bool  # of whom nothing personal is used
    engagements: Events
    exposures: Events
    follow_time_ms: Ints  # (follows,)
    followed: Ints  # (follows,) rows of users
    languages: Ints  # numbers of the languages that the account prefers
    blocked: Ints  # rows of users
    users: Ints  # rows of the account's own users


def nobody(country: int = -1) -> Member:
    """A guest of a country, of whom nothing is known."""
    none = np.zeros(0, dtype=np.int64)
    events = Events(none, none, none, none)
    return Member(-1, country, True, events, events, none, none, none, none, none)


def member_of(history: History, account: int, now_ms: int) -> Member:
    """A member as an evaluation knows it: the account's past before `now_ms` in a whole history."""

    def own(events: Events) -> Events:
        kept = (events.account == account) & (events.time_ms < now_ms)
        nought = np.zeros(kept.sum(), dtype=np.int64)
        return Events(events.time_ms[kept], nought, events.content[kept], events.kind[kept])

    follows = (history.follower == account) & (history.follow_time_ms < now_ms)
    none = np.zeros(0, dtype=np.int64)
    return Member(
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
    """A member before a snapshot at a clock, with the contents that the snapshot does not know yet."""

    snapshot: Snapshot
    member: Member
    now_ms: int
    extras: Contents

    @cached_property
    def past(self) -> Ints:
        """Rows of the contents that the member engaged with or saw, ascending, once each."""
        return np.unique(np.concatenate([self.member.engagements.content, self.member.exposures.content]))

    @cached_property
    def likeness(self) -> NDArray[np.float64]:
        """How much each account of the snapshot resembles the member; shape (accounts,)."""
        accounts = len(self.snapshot.people.account_id)
        if self.member.account < 0:
            return np.zeros(accounts)
        return self.snapshot.choices.likeness(self.member.account, self.past, accounts)

    def matrix(self, content: Ints) -> Matrix:
        """The columns for these contents, (contents, columns): a member's, or a guest's without the personal ones."""
        guest = self.guest_matrix(content)
        return guest if self.member.guest else np.concatenate([guest, self.member_matrix(content)], axis=1)

    def guest_matrix(self, content: Ints) -> Matrix:
        """GUEST_COLUMNS for these contents, which of the member ask for no more than the country."""
        return stacked(self._shared(content), GUEST_COLUMNS)

    def member_matrix(self, content: Ints) -> Matrix:
        """The columns of MEMBER_COLUMNS that follow GUEST_COLUMNS."""
        known, local = self._own(content)
        found = member_columns(known, self._rows(local, 0)) | self.snapshot.choices.columns(self.likeness, content)
        return stacked(found, MEMBER_COLUMNS[len(GUEST_COLUMNS) :])

    def author(self, content: Ints) -> Ints:
        """The author of each content, row of users, −1 unknown."""
        size = len(self.snapshot.contents.id)
        beyond = content >= size
        author = self.snapshot.contents.author[np.where(beyond, 0, content)] if size else np.full(len(content), -1)
        author[beyond] = self.extras.author[content[beyond] - size]
        return author

    def _rows(self, content: Ints, account: int) -> Rows:
        size = len(content)
        return Rows(content, np.full(size, account), np.full(size, self.member.country), np.full(size, self.now_ms))

    def _shared(self, content: Ints) -> Columns:
        size = len(self.snapshot.contents.id)
        beyond = content >= size
        if not beyond.any():
            return self._of_everybody(self.snapshot.known, content)
        old = self._of_everybody(self.snapshot.known, content[~beyond])
        new = self._of_everybody(_unseen(self.snapshot, self.extras), content[beyond] - size)
        order = np.argsort(np.concatenate([np.flatnonzero(~beyond), np.flatnonzero(beyond)]))
        return {name: np.concatenate([old[name], new[name]])[order] for name in old}

    def _of_everybody(self, known: Known, content: Ints) -> Columns:
        rows = self._rows(content, -1)
        return content_columns(known, content, rows.time_ms) | country_columns(known, rows)

    def _own(self, content: Ints) -> tuple[Known, Ints]:
        """The member's past, indexed over no more contents and authors than it takes; the rows of `content` there."""
        used = np.unique(np.concatenate([content, self.past]))
        contents, people = self._contents(used), self.snapshot.people
        authors = np.unique(contents.author[contents.author >= 0])
        author_country = _country_of(people, contents.author)
        followed = positions(authors, self.member.followed)
        follows = followed >= 0
        history = History(
            contents=replace(contents, author=positions(authors, contents.author)),
            account_id=np.zeros(1, dtype="S12"),  # the member alone
            country=np.array([self.member.country]),
            guest=np.zeros(1, dtype=np.bool_),
            user_id=np.zeros(len(authors), dtype="S12"),
            owner=np.full(len(authors), -1),
            engagements=_moved(self.member.engagements, used),
            exposures=_moved(self.member.exposures, used),
            follow_time_ms=self.member.follow_time_ms[follows],
            follower=np.zeros(follows.sum(), dtype=np.int64),
            followed=followed[follows],
            languages=people.languages,
            rejected={},
        )
        known = replace(self.snapshot.known, contents=history.contents, author_country=author_country)
        return replace(known, **index_members(history, author_country, OfOne.build)), positions(used, content)

    def _contents(self, rows: Ints) -> Contents:
        size = len(self.snapshot.contents.id)
        inside = taken(self.snapshot.contents, rows[rows < size])
        return joined(inside, taken(self.extras, rows[rows >= size] - size)) if (rows >= size).any() else inside


def taken(contents: Contents, rows: Ints) -> Contents:
    """The contents of these rows."""
    which, place = spread(contents.tag_start, rows)
    single = {name: column[rows] for name, column in vars(contents).items() if not name.startswith("tag")}
    return Contents(**single, tag_start=np.searchsorted(which, np.arange(len(rows) + 1)), tag=contents.tag[place])


def joined(first: Contents, second: Contents) -> Contents:
    """The contents of both."""
    both = {name: np.concatenate([column, getattr(second, name)]) for name, column in vars(first).items()}
    start = np.concatenate([first.tag_start, second.tag_start[1:] + len(first.tag)])
    return Contents(**both | {"tag_start": start})


def _unseen(snapshot: Snapshot, extras: Contents) -> Known:
    """Contents of which nothing is counted yet, by creators of whom much may be."""
    nothing = Activity(
        replace(snapshot.known.by_country["content"].engaged, pairs=np.zeros(0, dtype=np.int64), index=_EMPTY),
        replace(snapshot.known.by_country["content"].viewed, pairs=np.zeros(0, dtype=np.int64), index=_EMPTY),
    )
    by_country: Mapping[str, Activity] = {**snapshot.known.by_country, "content": nothing}
    return replace(
        snapshot.known,
        contents=extras,
        author_country=_country_of(snapshot.people, extras.author),
        by_kind=(_EMPTY,) * len(snapshot.known.by_kind),
        engaged=_EMPTY,
        viewed=_EMPTY,
        by_country=by_country,
    )


def _country_of(people: History, users: Ints) -> Ints:
    """The country of whom each user belongs to, −1 unknown; a row −1 is nobody."""
    known = (users >= 0) & (len(people.owner) > 0)
    owner = np.where(known, people.owner[np.where(known, users, 0)] if len(people.owner) else -1, -1)
    if not len(people.country):
        return np.full(len(users), -1)
    return np.where(owner >= 0, people.country[owner], -1)


def _moved(events: Events, used: Ints) -> Events:
    return replace(events, content=positions(used, events.content))
