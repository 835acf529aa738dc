"""Reads one viewer's documents and turns them into rows of the snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints, positions
from features.countries import COUNTRIES
from features.milliseconds import to_ms
from features.ranking.history import Columns, Contents, Events
from predictors.guest_feed import NOWHERE
from predictors.jobs.snapshot import HISTORY_DAYS, NO_POST, Community
from predictors.personal.request import Request, Viewer, anonymous_viewer
from predictors.snapshot.snapshot import Snapshot
from store.client import Databases
from store.columns import NO_TIME_MS, id_array, object_ids
from store.ids import ObjectId
from store.inputs import event_log
from store.inputs import viewer as members

UNKNOWN = -1  # the row of a content that does not exist
_BLOCK = 2  # kinds of relation from here on are blocks
_COUNTRY_NUMBER = {code: number for number, code in enumerate(COUNTRIES)}


@dataclass(frozen=True)
class ViewerRecords:
    """What the app knows of one account."""

    account: ObjectId
    record: members.AccountRecord
    past: Columns  # as store.inputs.viewer.read_past


def country_of(record: members.AccountRecord | None) -> int:
    """Returns the number of the account's country in COUNTRIES, −1 unknown."""
    return _COUNTRY_NUMBER.get(record.country_code, -1) if record else -1


def read_viewer_records(
    db: Databases, account: ObjectId, record: members.AccountRecord | None, now: datetime
) -> ViewerRecords | None:
    """Reads the account's own past, for the period of a snapshot; None for an unknown account."""
    since = now - timedelta(days=HISTORY_DAYS)
    return ViewerRecords(account, record, members.read_past(db, account, record.users, since, now)) if record else None


def read_guest_feed(db: Databases, records: ViewerRecords | None, most: int) -> list[tuple[ObjectId, float]]:
    """Returns the guest feed of the account's country, `most` contents and as many as the account may have seen."""
    country = country_of(records.record) if records else -1
    seen = len(records.past["about"]) if records else 0
    return members.read_guest_feed(db, COUNTRIES[country] if country >= 0 else NOWHERE, most + seen)


def read_named_contents(
    db: Databases, now: datetime, community: Community, ids: NDArray[np.bytes_]
) -> tuple[Ints, Contents]:
    """Returns the row of each content, UNKNOWN for those that do not exist, and the late posts among them.

    Late posts are contents that the snapshot lacks; their rows follow those of the snapshot. They are read whatever
    their visibility. `ids`: (n,) S12; rows: (n,).
    """
    row = community.contents(ids)
    missing = np.unique(ids[row < 0])
    if not len(missing):
        return row, no_late_posts(community)
    columns, labels = event_log.read_contents_by_id(db, missing)
    exists = columns["created"] <= to_ms(now)  # a younger one does not exist at this clock
    late_posts = community.late_posts({name: column[exists] for name, column in columns.items()}, labels)
    return with_late_rows(row, ids, community, late_posts), late_posts


def read_unlisted_posts(db: Databases, community: Community, records: ViewerRecords | None) -> Mapping[bytes, int]:
    """Returns the posts of contents that the viewer saw or engaged with and that the snapshot lacks.

    They are later or older than the snapshot: reshares of its contents, or originals of its reshares.
    """
    if records is None:
        return {}
    about = np.unique(records.past["about"][records.past["table"] != members.RELATED])
    about = about[community.contents(about) < 0]
    post = community.posts(about)
    missing = about[post == NO_POST]
    columns = event_log.read_contents_where(db, {"_id": {"$in": object_ids(missing)}}) if len(missing) else _NO_COLUMNS
    late = community.late_posts(columns, {})
    ids, posts = np.concatenate([about, late.id]), np.concatenate([post, late.post])
    listed = (posts != NO_POST) & (posts < len(community.snapshot.contents.id))
    return dict(zip(ids[listed].tolist(), posts[listed].tolist(), strict=True))


def no_late_posts(community: Community) -> Contents:
    """Returns no contents."""
    return community.late_posts(_NO_COLUMNS, {})


def with_late_rows(row: Ints, ids: NDArray[np.bytes_], community: Community, late_posts: Contents) -> Ints:
    """Returns the rows with those of late posts where `row` is UNKNOWN; `row`: (n,), `ids`: (n,) S12; shape (n,)."""
    if not len(late_posts.id):
        return row
    first = len(community.snapshot.contents.id)
    late = {content: number for number, content in enumerate(late_posts.id.tolist(), first)}
    missing = row < 0
    found = row.copy()
    found[missing] = [late.get(content, UNKNOWN) for content in ids[missing].tolist()]
    return found


def build_request(
    community: Community,
    records: ViewerRecords | None,
    late_posts: Contents,
    now: datetime,
    as_guest: bool,
    unlisted: Mapping[bytes, int] = MappingProxyType({}),
) -> Request:
    """Returns the viewer's request; an unknown account is a guest of no country.

    `unlisted`: posts by id, as `read_unlisted_posts`.
    """
    snapshot, now_ms = community.snapshot, to_ms(now)
    if records is None:
        return Request(snapshot, anonymous_viewer(), now_ms, late_posts)
    past, record = records.past, records.record
    user = positions(snapshot.people.user_id, past["about"])
    related = (past["table"] == members.RELATED) & (user >= 0)
    follows = related & (past["kind"] % 2 == 1) & (past["time"] < now_ms) & (past["time"] != NO_TIME_MS)
    users = _known(positions(snapshot.people.user_id, id_array(record.users)))
    viewer = Viewer(
        account=int(positions(snapshot.people.account_id, id_array([records.account]))[0]),
        country=country_of(record),
        guest=as_guest,
        engagements=_events(community, late_posts, past, members.ENGAGED),
        exposures=_events(community, late_posts, past, members.SEEN),
        follow_time_ms=past["time"][follows],
        followed=user[follows],
        languages=_known(community.languages(record.languages)),
        blocked=np.setdiff1d(_with_other_users(snapshot, user[related & (past["kind"] >= _BLOCK)]), users),
        users=users,
        unlisted_engagements=_unlisted_events(unlisted, past, members.ENGAGED),
        unlisted_exposures=_unlisted_events(unlisted, past, members.SEEN),
    )
    return Request(snapshot, viewer, now_ms, late_posts)


def _events(community: Community, late_posts: Contents, past: Columns, table: int) -> Events:
    """Returns the events oldest first, as in training without those on unknown contents."""
    chosen = past["table"] == table
    time_ms, kind = past["time"][chosen], past["kind"][chosen]
    about = past["about"][chosen]
    row = with_late_rows(community.contents(about), about, community, late_posts)
    order = np.flatnonzero(row >= 0)
    order = order[np.lexsort((row[order], time_ms[order]))]
    return Events(time_ms[order], np.zeros(len(order), np.int64), row[order], kind[order].astype(np.int64))


def _unlisted_events(unlisted: Mapping[bytes, int], past: Columns, table: int) -> Events:
    """Returns the events with contents that the snapshot lacks; their content is the number of the post."""
    post = np.array([unlisted.get(content, NO_POST) for content in past["about"].tolist()] if unlisted else [])
    rows = np.flatnonzero((past["table"] == table) & (post != NO_POST)) if unlisted else np.zeros(0, np.int64)
    post = post.astype(np.int64)[rows]
    return Events(past["time"][rows], np.zeros(len(rows), np.int64), post, past["kind"][rows].astype(np.int64))


def _with_other_users(snapshot: Snapshot, users: Ints) -> Ints:
    """Returns the users and all other users of their accounts, as rows."""
    if not len(users):
        return users
    owner = snapshot.people.owner
    return np.union1d(users, np.flatnonzero(np.isin(owner, _known(owner[users]))))


def _known(rows: Ints) -> Ints:
    return rows[rows >= 0]


_NO_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("id", "original", "originalAuthor", "author"), np.zeros(0, dtype="S12")),
    **dict.fromkeys(("created", "photos", "length", "bare"), np.zeros(0, dtype=np.int64)),
}
