"""servingSnapshot: computes what all personal requests share, publishes it, and caches the one in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from features.arrays import Ints, positions
from features.jobs.history import read_history
from features.milliseconds import to_ms
from features.ranking.history import Columns, Contents
from features.ranking.indexes import build_index
from predictors.snapshot.snapshot import Snapshot, from_bytes, take, to_bytes
from store.client import Databases
from store.outputs import snapshots

HISTORY_DAYS = 60.0  # as in training
LIVE_DAYS = 30.0  # contents older than this are not shown
NO_POST = -(2**62)  # the post of a content that has none in the snapshot
Labels = Mapping[bytes, tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Community:
    """A snapshot with indexes of its ids, languages and tags."""

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
        """Returns the row of each content, −1 for contents the snapshot does not have; `ids`: (n,) S12; shape (n,)."""
        place = positions(self._sorted_ids, ids)
        return np.where(place >= 0, self._order[place], -1) if len(self._order) else place

    @cached_property
    def _lost_originals(self) -> tuple[Any, Ints]:
        """The ids of originals that the snapshot lacks, ascending, and the posts of their reshares."""
        contents = self.snapshot.contents
        rows = np.flatnonzero(contents.post < 0)
        ids, first = np.unique(contents.original_id[rows], return_index=True)
        return ids, contents.post[rows[first]]

    def posts(self, ids: Any) -> Ints:
        """Returns the post of each content, NO_POST without one in the snapshot; `ids`: (n,) S12; shape (n,)."""
        row, (lost, number) = self.contents(ids), self._lost_originals
        place = positions(lost, ids)
        post = np.append(self.snapshot.contents.post, NO_POST)[row]
        return np.where((row < 0) & (place >= 0), np.append(number, NO_POST)[place], post)

    def languages(self, names: Sequence[str]) -> Ints:
        """Returns the number of each language, −1 unknown; shape (names,)."""
        return np.array([self._language_number.get(name, -1) for name in names], dtype=np.int64)

    def late_posts(self, columns: Columns, labels: Labels) -> Contents:
        """Returns contents that are not in the snapshot, as `store.inputs.event_log` reads them, with its numbers."""
        raw = columns["id"].tobytes()
        known = [labels.get(raw[start : start + 12], ("", ())) for start in range(0, len(raw), 12)]
        tags = [[self._tag_number[tag] for tag in names if tag in self._tag_number] for _, names in known]
        contents, users = self.snapshot.contents, self.snapshot.people.user_id
        original, named = self.posts(columns["original"]), positions(users, columns["originalAuthor"])
        own = len(contents.id) + np.arange(len(columns["id"]))
        return Contents(
            id=columns["id"],
            created_ms=columns["created"],
            author=positions(users, columns["author"]),
            original_id=columns["original"],
            original_author_id=columns["originalAuthor"],
            post=np.where((columns["bare"] > 0) & (original != NO_POST), original, own),
            original_author=np.where(original >= 0, np.append(contents.author, -1)[np.maximum(original, -1)], named),
            photos=columns["photos"].astype(np.int64),
            length=columns["length"].astype(np.int64),
            language=self.languages([language for language, _ in known]),
            tag_start=np.cumsum([0, *(len(numbers) for numbers in tags)]),
            tag=np.array([tag for numbers in tags for tag in numbers], dtype=np.int64),
        )


def publish_snapshot(db: Databases, now: datetime) -> dict[str, Any]:
    """Publishes the snapshot of the log before `now`; without live contents the published one stays."""
    snapshot, rejected = take_from_log(db, now)

    payload = to_bytes(snapshot)

    parts = snapshots.save(db, payload, now) if len(snapshot.live) else 0
    return {
        "contents": len(snapshot.contents.id),
        "live": len(snapshot.live),
        "bytes": len(payload),
        "parts": parts,
        "rejected": dict(rejected),
    }


def take_from_log(db: Databases, now: datetime) -> tuple[Snapshot, Mapping[str, int]]:
    """Returns the snapshot of the log before `now`, and the number of rejected events by reason."""
    since = now - timedelta(days=HISTORY_DAYS)
    history = read_history(db, since, now)
    return take(build_index(history), to_ms(since), to_ms(now), LIVE_DAYS, tuple(history.tags)), history.rejected


def current_community(db: Databases, now: datetime, header: snapshots.Header | None) -> Community:
    """Returns the published snapshot; without one as of `now` or earlier, one computed as of the last full hour."""
    if header and header.as_of <= now:
        try:
            return _published(db, header.version)
        except snapshots.SnapshotError:
            pass  # replaced while it was read, or damaged
    return _computed(db, now.astimezone(UTC).replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=1)
def _published(db: Databases, version: str) -> Community:
    return Community(from_bytes(snapshots.read_payload(db, version)))


@lru_cache(maxsize=1)
def _computed(db: Databases, hour: datetime) -> Community:
    return Community(take_from_log(db, hour)[0])
