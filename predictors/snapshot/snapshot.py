"""What personal requests need of the whole community, computed once an hour so that a request takes milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from features.arrays import Arrays, Ints, pack_arrays, positions, unpack_arrays
from features.milliseconds import DAY_MS
from features.ranking.co_engagement import ByContent
from features.ranking.history import Contents, Events, History
from features.ranking.indexes import Activity, HistoryIndex
from features.ranking.point_in_time import EventIndex, PairIndex
from features.ranking.posts import original_authors, posts_of, rows_of
from predictors.snapshot.frozen_counts import FrozenCounts, freeze_pairs
from predictors.snapshot.posting_lists import PostingLists
from predictors.snapshot.retrieval_lists import RetrievalLists
from predictors.snapshot.similarity import CoEngagementIndex

_WINDOWS: Final = {"engaged": (1, 6, 24, 72), "viewed": (1, 6, 24)}  # hours of the windows in features.matrix
_MONTH: Final = (720,)
_KINDS, _CREATOR_KINDS = range(5), range(4)  # like, comment, recast, quote (and report)
_PEOPLE: Final = ("account_id", "country", "guest", "user_id", "owner")
_POSTS: Final = ("post", "original_author")
_LISTS: Final = ("by_author", "by_country", "by_language", "by_tag")
_NO_EVENTS: Final = Events(*(np.zeros(0, dtype=np.int64) for _ in range(4)))


@dataclass(frozen=True)
class Snapshot:
    """The community as of one clock; rows of contents and people are those of the history that it was taken from."""

    as_of_ms: int
    since_ms: int  # start of the history
    live: Ints  # (n,) rows of the contents that may be shown, oldest first
    index: HistoryIndex  # frozen counts; no events of single members
    co_engagement: CoEngagementIndex
    retrieval: RetrievalLists
    tags: tuple[str, ...]  # names of the tags by number; () where they are not needed

    @property
    def contents(self) -> Contents:
        """Returns the contents of the history."""
        return self.index.contents

    @property
    def people(self) -> History:
        """Returns the accounts and users of the history, without events."""
        return self.index.history


def take(
    known: HistoryIndex, since_ms: int, now_ms: int, live_days: float = 30.0, tags: tuple[str, ...] = ()
) -> Snapshot:
    """Takes the snapshot at `now_ms` of an indexed history that starts at `since_ms`."""
    created = known.contents.created_ms
    live = np.flatnonzero((created >= now_ms - int(live_days * DAY_MS)) & (created <= now_ms))
    return Snapshot(
        as_of_ms=now_ms,
        since_ms=since_ms,
        live=live,
        index=_frozen(known, now_ms),
        co_engagement=CoEngagementIndex.of(known, now_ms),
        retrieval=RetrievalLists.of(known, live, now_ms),
        tags=tags,
    )


def to_bytes(snapshot: Snapshot) -> bytes:
    """Returns the snapshot as an npz file; equal snapshots have equal bytes."""
    return pack_arrays({name: _narrow(array) for name, array in sorted(_arrays(snapshot).items())})


def from_bytes(payload: bytes) -> Snapshot:
    """Reads the bytes of `to_bytes`."""
    arrays = {name: _wide(array) for name, array in unpack_arrays(payload).items()}
    contents = _contents(arrays)
    languages, tags = _names(arrays["names/languages"]), _names(arrays["names/tags"])
    people = _people(contents, _under(arrays, "people"), languages)
    lists = {name: PostingLists(**_under(arrays, f"shelves/{name}")) for name in _LISTS}
    as_of, since = arrays["clock"].tolist()
    return Snapshot(
        as_of_ms=as_of,
        since_ms=since,
        live=arrays["live"],
        index=_index(people, arrays),
        co_engagement=CoEngagementIndex(**_under(arrays, "choices")),
        retrieval=RetrievalLists(arrays["shelves/heat"], new_authors=arrays["shelves/new_authors"], **lists),
        tags=tuple(tags),
    )


def _contents(arrays: Arrays) -> Contents:
    """Returns the contents. A snapshot of an earlier release has no posts: there a reshare without a text is bare."""
    columns, users = _under(arrays, "contents"), arrays["people/user_id"]
    if "posts/post" in arrays:
        return Contents(**columns, **_under(arrays, "posts"))
    original = rows_of(columns["id"], columns["original_id"])
    post = posts_of(original, columns["original_id"], columns["length"] == 0)
    named = positions(users, columns["original_author_id"])
    authors = original_authors(post, columns["author"], original, named)
    return Contents(**columns, post=post, original_author=authors)


def _stored_name(name: str) -> str:
    """Returns the stored name of an array of contents. Earlier releases refuse more arrays under "contents"."""
    return name.replace("contents/", "posts/") if name.removeprefix("contents/") in _POSTS else name


def _frozen(known: HistoryIndex, now_ms: int) -> HistoryIndex:
    contents, users = len(known.contents.id), len(known.history.user_id)
    people = {name: getattr(known.history, name) for name in _PEOPLE}
    return HistoryIndex(
        history=_people(known.contents, people, list(known.history.languages)),
        contents=known.contents,
        author_country=known.author_country,
        by_kind=tuple(FrozenCounts.of(events, contents, now_ms) for events in known.by_kind),
        engaged=FrozenCounts.of(known.engaged, contents, now_ms, _WINDOWS["engaged"], last=True),
        viewed=FrozenCounts.of(known.viewed, contents, now_ms, _WINDOWS["viewed"], last=True),
        creator_contents=FrozenCounts.of(known.creator_contents, users, now_ms, _MONTH),
        creator_kinds=tuple(FrozenCounts.of(events, users, now_ms, _MONTH) for events in known.creator_kinds),
        creator_viewed=FrozenCounts.of(known.creator_viewed, users, now_ms),
        by_country={
            name: Activity(
                freeze_pairs(cast(PairIndex, activity.engaged), now_ms, (24,)),
                freeze_pairs(cast(PairIndex, activity.viewed), now_ms),
            )
            for name, activity in known.by_country.items()
        },
        **_without_members(),
    )


def _without_members() -> dict[str, Any]:
    none = np.zeros(0, dtype=np.int64)
    no_pairs = PairIndex(none, 1, EventIndex(none, 0))
    no_acts = ByContent(np.zeros(1, dtype=np.int64), none, none)
    return {"by_account": {}, "views": no_pairs, "follows": no_pairs, "engagers": no_acts, "viewers": no_acts}


def _people(contents: Contents, people: Mapping[str, NDArray[Any]], languages: list[str]) -> History:
    none = np.zeros(0, dtype=np.int64)
    return History(
        contents=contents,
        **people,
        engagements=_NO_EVENTS,
        exposures=_NO_EVENTS,
        follow_time_ms=none,
        follower=none,
        followed=none,
        languages=languages,
        rejected={},
        tags=(),
    )


def _arrays(snapshot: Snapshot) -> Arrays:
    """Returns the arrays by their stored names, which stay the same across releases ("shelves", "choices", "heat")."""
    index, retrieval = snapshot.index, snapshot.retrieval
    flat: Arrays = {
        "clock": np.array([snapshot.as_of_ms, snapshot.since_ms]),
        "live": snapshot.live,
        "author_country": index.author_country,
        "names/languages": _named(index.history.languages),
        "names/tags": _named(snapshot.tags),
        "shelves/heat": retrieval.decayed_engagement,
        "shelves/new_authors": retrieval.new_authors,
        **{_stored_name(name): array for name, array in _fields("contents", snapshot.contents).items()},
        **{f"people/{name}": getattr(index.history, name) for name in _PEOPLE},
        **_fields("choices", snapshot.co_engagement),
    }
    for name in _LISTS:
        flat |= _fields(f"shelves/{name}", getattr(retrieval, name))
    for name, counts in _single_counts(index).items():
        flat |= _counts(name, counts)
    for name, pairs in _pair_counts(index).items():
        flat |= {f"{name}/pairs": pairs.pairs, f"{name}/width": np.array(pairs.width), **_counts(name, pairs.index)}
    return flat


def _single_counts(index: HistoryIndex) -> dict[str, Any]:
    single = {name: getattr(index, name) for name in ("engaged", "viewed", "creator_contents", "creator_viewed")}
    kinds = {f"by_kind/{kind}": index.by_kind[kind] for kind in _KINDS}
    return single | kinds | {f"creator_kinds/{kind}": index.creator_kinds[kind] for kind in _CREATOR_KINDS}


def _pair_counts(index: HistoryIndex) -> dict[str, Any]:
    activities = index.by_country.items()
    return {
        f"{name}/{side}": getattr(activity, side) for name, activity in activities for side in ("engaged", "viewed")
    }


def _index(people: History, arrays: Arrays) -> HistoryIndex:
    def counts(name: str) -> FrozenCounts:
        parts = _under(arrays, name)
        return FrozenCounts(**{field: parts[field] for field in ("total", "windows", "counts", "since")})

    def pairs(name: str) -> PairIndex:
        return PairIndex(arrays[f"{name}/pairs"], int(arrays[f"{name}/width"]), counts(name))

    return HistoryIndex(
        history=people,
        contents=people.contents,
        author_country=arrays["author_country"],
        by_kind=tuple(counts(f"by_kind/{kind}") for kind in _KINDS),
        engaged=counts("engaged"),
        viewed=counts("viewed"),
        creator_contents=counts("creator_contents"),
        creator_kinds=tuple(counts(f"creator_kinds/{kind}") for kind in _CREATOR_KINDS),
        creator_viewed=counts("creator_viewed"),
        by_country={
            name: Activity(pairs(f"{name}/engaged"), pairs(f"{name}/viewed"))
            for name in ("content", "author", "language")
        },
        **_without_members(),
    )


def _counts(prefix: str, counts: FrozenCounts) -> Arrays:
    """Returns the arrays of the counts, with an empty `events` that earlier releases require."""
    return {**_fields(prefix, counts), f"{prefix}/events": np.zeros(0, dtype=np.int64)}


def _fields(prefix: str, parts: Any) -> Arrays:
    return {f"{prefix}/{name}": value for name, value in vars(parts).items() if isinstance(value, np.ndarray)}


def _under(arrays: Arrays, prefix: str) -> dict[str, Any]:
    start = len(prefix) + 1
    return {
        name[start:]: array
        for name, array in arrays.items()
        if name.startswith(f"{prefix}/") and "/" not in name[start:]
    }


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Stores whole numbers in half the bytes where they fit."""
    if array.dtype != np.int64 or not array.size or max(array.max(), -array.min()) >= 2**31:
        return array
    return array.astype(np.int32)


def _wide(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.int64) if array.dtype.kind == "i" else array


def _named(names: Any) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(name.replace("\n", " ") for name in names).encode(), dtype=np.uint8)


def _names(text: NDArray[np.uint8]) -> list[str]:
    joined = text.tobytes().decode()
    return joined.split("\n") if joined else []
