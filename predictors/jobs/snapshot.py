"""servingSnapshot: takes what requests need of everybody's past, publishes it, and keeps the one in use in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from features.countries import COUNTRIES
from features.ranking.history import Columns, Contents, History, assemble
from features.ranking.indexes import index
from features.ranking.point_in_time import Ints, positions
from predictors.snapshot.snapshot import Snapshot, from_bytes, take, to_bytes
from store.client import Databases
from store.inputs import event_log
from store.outputs import snapshots

Labels = Mapping[bytes, tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Config:
    """How far back a snapshot looks."""

    history_days: float = 60.0  # as the trainers read
    live_days: float = 30.0  # contents older than this are not shown


@dataclass(frozen=True)
class Community:
    """A snapshot with what finds its rows."""

    snapshot: Snapshot

    @cached_property
    def _order(self) -> Ints:
        return np.argsort(self.snapshot.contents.id, kind="stable")

    @cached_property
    def _sorted_ids(self) -> Any:
        return self.snapshot.contents.id[self._order]

    @cached_property
    def _language_number(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.snapshot.people.languages)}

    @cached_property
    def _tag_number(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.snapshot.tags)}

    def contents(self, ids: Any) -> Ints:
        """The row of each content id (n,), S12; −1 for those that the snapshot does not know."""
        place = positions(self._sorted_ids, ids)
        return np.where(place >= 0, self._order[place], -1) if len(self._order) else place

    def languages(self, names: Sequence[str]) -> Ints:
        """The number of each language, −1 unknown."""
        return np.array([self._language_number.get(name, -1) for name in names], dtype=np.int64)

    def described(self, columns: Columns, labels: Labels) -> Contents:
        """Contents that came after the snapshot, as `store.inputs.event_log` reads them, in its numbers."""
        raw = columns["id"].tobytes()
        known = [labels.get(raw[start : start + 12], ("", ())) for start in range(0, len(raw), 12)]
        tags = [[self._tag_number[tag] for tag in several if tag in self._tag_number] for _, several in known]
        return Contents(
            id=columns["id"],
            created_ms=columns["created"],
            author=positions(self.snapshot.people.user_id, columns["author"]),
            original_id=columns["original"],
            original_author_id=columns["originalAuthor"],
            photos=columns["photos"].astype(np.int64),
            length=columns["length"].astype(np.int64),
            language=self.languages([language for language, _ in known]),
            tag_start=np.cumsum([0, *(len(each) for each in tags)]),
            tag=np.array([tag for each in tags for tag in each], dtype=np.int64),
        )


def publish_snapshot(db: Databases, now: datetime, config: Config = Config()) -> dict[str, Any]:
    """The snapshot of the log before `now`, in place of the one before; without a live content that one stays."""
    snapshot, rejected = taken(db, now, config)

    payload = to_bytes(snapshot)

    parts = snapshots.save(db, payload, now) if len(snapshot.live) else 0
    return {
        "contents": len(snapshot.contents.id),
        "live": len(snapshot.live),
        "bytes": len(payload),
        "parts": parts,
        "rejected": dict(rejected),
    }


def taken(db: Databases, now: datetime, config: Config = Config()) -> tuple[Snapshot, Mapping[str, int]]:
    """The snapshot at `now` from the log, and the events that were set aside, by reason."""
    since = now - timedelta(days=config.history_days)
    labels = event_log.read_labels(db, since, now)
    history = assemble(event_log.read_log(db, since, now, COUNTRIES), labels)
    tags = tag_names(history, labels)
    return take(index(history), _ms(since), _ms(now), config.live_days, tags), history.rejected


def current(db: Databases, now: datetime, header: snapshots.Header | None) -> Community:
    """The published snapshot; where none is, or one of after `now`, one taken now as of the last full hour."""
    if header and header.as_of <= now:
        try:
            return _published(db, header.version)
        except snapshots.SnapshotError:
            pass  # a new one came this moment, or a byte is broken
    return _taken(db, now.astimezone(UTC).replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=1)
def _published(db: Databases, version: str) -> Community:
    return Community(from_bytes(snapshots.read_payload(db, version)))


@lru_cache(maxsize=1)
def _taken(db: Databases, hour: datetime) -> Community:
    return Community(taken(db, hour)[0])


def tag_names(history: History, labels: Labels) -> tuple[str, ...]:
    """The names of the history's tags by their number."""
    raw = history.contents.id.tobytes()
    known = (labels.get(raw[start : start + 12], ("", ())) for start in range(0, len(raw), 12))
    return tuple(sorted({tag for _, several in known for tag in several}))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
