"""Reads one viewer's documents and turns them into rows of the snapshot."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints, positions
from features.countries import COUNTRIES
from features.milliseconds import to_ms
from features.ranking.history import Columns, Contents, Events
from predictors.jobs.snapshot import HISTORY_DAYS, Community
from predictors.personal.request import Request, Viewer, anonymous_viewer
from store.client import Databases
from store.columns import NO_TIME_MS, id_array
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
    community: Community, records: ViewerRecords | None, late_posts: Contents, now: datetime, as_guest: bool
) -> Request:
    """Returns the viewer's request; an unknown account is a guest of no country."""
    snapshot, now_ms = community.snapshot, to_ms(now)
    if records is None:
        return Request(snapshot, anonymous_viewer(), now_ms, late_posts)
    past, record = records.past, records.record
    user = positions(snapshot.people.user_id, past["about"])
    related = (past["table"] == members.RELATED) & (user >= 0)
    follows = related & (past["kind"] % 2 == 1) & (past["time"] < now_ms) & (past["time"] != NO_TIME_MS)
    viewer = Viewer(
        account=int(positions(snapshot.people.account_id, id_array([records.account]))[0]),
        country=country_of(record),
        guest=as_guest,
        engagements=_events(community, late_posts, past, members.ENGAGED),
        exposures=_events(community, late_posts, past, members.SEEN),
        follow_time_ms=past["time"][follows],
        followed=user[follows],
        languages=_known(community.languages(record.languages)),
        blocked=user[related & (past["kind"] >= _BLOCK)],
        users=_known(positions(snapshot.people.user_id, id_array(record.users))),
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


def _known(rows: Ints) -> Ints:
    return rows[rows >= 0]


_NO_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("id", "original", "originalAuthor", "author"), np.zeros(0, dtype="S12")),
    **dict.fromkeys(("created", "photos", "length"), np.zeros(0, dtype=np.int64)),
}
