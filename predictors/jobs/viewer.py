"""One member as a request sees it: the account's own documents in the rows of the snapshot."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.countries import COUNTRIES
from features.ranking.history import Columns, Contents, Events
from features.ranking.point_in_time import Ints, positions
from predictors.jobs.snapshot import Community, Config
from predictors.personal.request import Member, Request, nobody
from store.client import Databases
from store.columns import NO_TIME_MS, id_array, object_ids
from store.ids import ObjectId
from store.inputs import event_log, viewer

UNKNOWN = -1  # a content that does not exist
_BLOCK = 2  # kinds of relation from here on block
_COUNTRY_NUMBER = {code: number for number, code in enumerate(COUNTRIES)}


@dataclass(frozen=True)
class Asked:
    """The contents that a caller names, as rows: of the snapshot, then of the extras; UNKNOWN for the rest."""

    row: Ints  # (asked,)
    extras: Contents


def read_asked(db: Databases, community: Community, ids: NDArray[np.bytes_], now: datetime) -> Asked:
    """The rows of contents; those that the snapshot does not know are read from the app, whatever their visibility."""
    row = community.contents(ids)
    missing = [each for each in object_ids(np.unique(ids[row < 0])) if each]
    extras = _read_extras(db, community, missing, now)
    return Asked(_with_extras(community, extras, ids, row), extras)


def country_of(record: viewer.AccountRecord | None) -> int:
    """The number of the account's country in COUNTRIES, −1 unknown."""
    return _COUNTRY_NUMBER.get(record.country_code.lower(), -1) if record else -1


@dataclass(frozen=True)
class Own:
    """What the app knows of one account."""

    account: ObjectId
    record: viewer.AccountRecord
    past: Columns  # as store.inputs.viewer.read_past


def read_own(db: Databases, account: ObjectId, record: viewer.AccountRecord | None, now: datetime) -> Own | None:
    """The account's own past, as far back as a snapshot looks; None for an unknown account."""
    since = now - timedelta(days=Config().history_days)
    return Own(account, record, viewer.read_past(db, account, record.users, since, now)) if record else None


def request_of(community: Community, own: Own | None, extras: Contents, now: datetime, country: int = -1) -> Request:
    """The account's member before the snapshot; of an unknown account a guest of `country`."""
    snapshot, now_ms = community.snapshot, int(now.timestamp() * 1000)
    if own is None:
        return Request(snapshot, nobody(country), now_ms, extras)
    past, record = own.past, own.record
    user = positions(snapshot.people.user_id, past["about"])
    related = (past["table"] == viewer.RELATED) & (user >= 0)
    follows = related & (past["kind"] % 2 == 1) & (past["time"] < now_ms) & (past["time"] != NO_TIME_MS)
    member = Member(
        account=int(positions(snapshot.people.account_id, id_array([own.account]))[0]),
        country=country_of(record),
        guest=record.is_guest,
        engagements=_events(community, extras, past, viewer.ENGAGED),
        exposures=_events(community, extras, past, viewer.SEEN),
        follow_time_ms=past["time"][follows],
        followed=user[follows],
        languages=_known(community.languages(record.languages)),
        blocked=user[related & (past["kind"] >= _BLOCK)],
        users=_known(positions(snapshot.people.user_id, id_array(record.users))),
    )
    return Request(snapshot, member, now_ms, extras)


def no_extras(community: Community) -> Contents:
    """No contents beyond the snapshot."""
    return community.described(_NO_COLUMNS, {})


def _read_extras(db: Databases, community: Community, ids: list[ObjectId], now: datetime) -> Contents:
    if not ids:
        return no_extras(community)
    several = {"$in": ids}
    columns = event_log.read_contents_where(db, {"_id": several})
    exists = columns["created"] <= int(now.timestamp() * 1000)  # a younger one does not exist at this clock
    there = {name: column[exists] for name, column in columns.items()}
    return community.described(there, event_log.read_labels_where(db, {"_id": several}, {"contentId": several}))


def _events(community: Community, extras: Contents, past: Columns, table: int) -> Events:
    """Oldest first; events on contents that nobody knows are left out, as the trainers do."""
    chosen = past["table"] == table
    time_ms, ids, kind = past["time"][chosen], past["about"][chosen], past["kind"][chosen]
    row = _with_extras(community, extras, ids, community.contents(ids))
    kept = np.flatnonzero(row >= 0)
    kept = kept[np.lexsort((row[kept], time_ms[kept]))]
    return Events(time_ms[kept], np.zeros(len(kept), np.int64), row[kept], kind[kept].astype(np.int64))


def _with_extras(community: Community, extras: Contents, ids: NDArray[np.bytes_], row: Ints) -> Ints:
    """`row` with the extras' rows, which follow those of the snapshot, where the snapshot has none."""
    if not len(extras.id):
        return row
    order = np.argsort(extras.id, kind="stable")
    place = positions(extras.id[order], ids)
    return np.where((row < 0) & (place >= 0), len(community.snapshot.contents.id) + order[place], row)


def _known(rows: Ints) -> Ints:
    return rows[rows >= 0]


_NO_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("id", "original", "originalAuthor", "author"), np.zeros(0, dtype="S12")),
    **dict.fromkeys(("created", "photos", "length"), np.zeros(0, dtype=np.int64)),
}
