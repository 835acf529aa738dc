"""What a request needs of everybody else's past, taken once an hour so that the request costs milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.ranking.co_engagement import ByContent
from features.ranking.history import Contents, Events, History
from features.ranking.indexes import Activity, Known
from features.ranking.point_in_time import EventIndex, Ints, PairIndex
from predictors.snapshot.frozen_counts import Standing, of_pairs
from predictors.snapshot.posting_lists import Lists
from predictors.snapshot.retrieval_lists import Shelves
from predictors.snapshot.similarity import Choices

Arrays = dict[str, NDArray[Any]]
_WINDOWS: Final = {"engaged": (1, 6, 24, 72), "viewed": (1, 6, 24)}  # hours that features.matrix asks for
_MONTH: Final = (720,)
_KINDS, _CREATOR_KINDS = range(5), range(4)
_PEOPLE: Final = ("account_id", "country", "guest", "user_id", "owner")
_LISTS: Final = ("by_author", "by_country", "by_language", "by_tag")
_NO_EVENTS: Final = Events(*(np.zeros(0, dtype=np.int64) for _ in range(4)))


@dataclass(frozen=True)
class Snapshot:
    """The community as it stood at a clock; rows of contents and people are those of the history it was taken from."""

    as_of_ms: int
    since_ms: int  # begin of the history
    live: Ints  # rows of the contents that may be shown, oldest first
    known: Known  # counts as they stood; nothing of single members
    choices: Choices
    shelves: Shelves
    tags: tuple[str, ...]  # names of the tags by number; () where nobody needs them

    @property
    def contents(self) -> Contents:
        """The contents of the history."""
        return self.known.contents

    @property
    def people(self) -> History:
        """The accounts and users of the history; without events."""
        return self.known.history


def take(known: Known, since_ms: int, now_ms: int, live_days: float = 30.0, tags: tuple[str, ...] = ()) -> Snapshot:
    """The snapshot at `now_ms` of an indexed history that begins at `since_ms`."""
    created = known.contents.created_ms
    live = np.flatnonzero((created >= now_ms - int(live_days * 86_400_000)) & (created <= now_ms))
    return Snapshot(
        as_of_ms=now_ms,
        since_ms=since_ms,
        live=live,
        known=_standing(known, now_ms),
        choices=Choices.of(known, now_ms),
        shelves=Shelves.of(known, live, now_ms),
        tags=tags,
    )


def to_bytes(snapshot: Snapshot) -> bytes:
    """As an npz; equal snapshots give equal bytes."""
    file = BytesIO()
    arrays = {name: _narrow(array) for name, array in sorted(_arrays(snapshot).items())}
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def from_bytes(payload: bytes) -> Snapshot:
    """The snapshot of `to_bytes`."""
    with np.load(BytesIO(payload), allow_pickle=False) as file:
        arrays = {name: _wide(file[name]) for name in file.files}
    contents = Contents(**_under(arrays, "contents"))
    languages, tags = _names(arrays["names/languages"]), _names(arrays["names/tags"])
    people = _people(contents, _under(arrays, "people"), languages)
    lists = {name: Lists(**_under(arrays, f"shelves/{name}")) for name in _LISTS}
    as_of, since = arrays["clock"].tolist()
    return Snapshot(
        as_of_ms=as_of,
        since_ms=since,
        live=arrays["live"],
        known=_known(people, arrays),
        choices=Choices(**_under(arrays, "choices")),
        shelves=Shelves(arrays["shelves/heat"], new_authors=arrays["shelves/new_authors"], **lists),
        tags=tuple(tags),
    )


def _standing(known: Known, now_ms: int) -> Known:
    contents, users = len(known.contents.id), len(known.history.user_id)
    people = {name: getattr(known.history, name) for name in _PEOPLE}
    return Known(
        history=_people(known.contents, people, list(known.history.languages)),
        contents=known.contents,
        author_country=known.author_country,
        by_kind=tuple(Standing.of(each, contents, now_ms) for each in known.by_kind),
        engaged=Standing.of(known.engaged, contents, now_ms, _WINDOWS["engaged"], last=True),
        viewed=Standing.of(known.viewed, contents, now_ms, _WINDOWS["viewed"], last=True),
        creator_contents=Standing.of(known.creator_contents, users, now_ms, _MONTH),
        creator_kinds=tuple(Standing.of(each, users, now_ms, _MONTH) for each in known.creator_kinds),
        creator_viewed=Standing.of(known.creator_viewed, users, now_ms),
        by_country={
            name: Activity(of_pairs(each.engaged, now_ms, (24,)), of_pairs(each.viewed, now_ms))
            for name, each in known.by_country.items()
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
    )


def _arrays(snapshot: Snapshot) -> Arrays:
    known, shelves = snapshot.known, snapshot.shelves
    flat: Arrays = {
        "clock": np.array([snapshot.as_of_ms, snapshot.since_ms]),
        "live": snapshot.live,
        "author_country": known.author_country,
        "names/languages": _named(known.history.languages),
        "names/tags": _named(snapshot.tags),
        "shelves/heat": shelves.heat,
        "shelves/new_authors": shelves.new_authors,
        **_fields("contents", snapshot.contents),
        **{f"people/{name}": getattr(known.history, name) for name in _PEOPLE},
        **_fields("choices", snapshot.choices),
    }
    for name in _LISTS:
        flat |= _fields(f"shelves/{name}", getattr(shelves, name))
    for name, index in _indices(known).items():
        flat |= _fields(name, index)
    for name, pairs in _pair_indices(known).items():
        flat |= {f"{name}/pairs": pairs.pairs, f"{name}/width": np.array(pairs.width), **_fields(name, pairs.index)}
    return flat


def _indices(known: Known) -> dict[str, EventIndex]:
    single = {name: getattr(known, name) for name in ("engaged", "viewed", "creator_contents", "creator_viewed")}
    kinds = {f"by_kind/{kind}": known.by_kind[kind] for kind in _KINDS}
    return single | kinds | {f"creator_kinds/{kind}": known.creator_kinds[kind] for kind in _CREATOR_KINDS}


def _pair_indices(known: Known) -> dict[str, PairIndex]:
    every = known.by_country.items()
    return {f"{what}/{side}": getattr(pairs, side) for what, pairs in every for side in ("engaged", "viewed")}


def _known(people: History, arrays: Arrays) -> Known:
    def index(name: str) -> Standing:
        return Standing(origin_ms=0, **_under(arrays, name))

    def pairs(name: str) -> PairIndex:
        parts = _under(arrays, name)
        ids, width = parts.pop("pairs"), int(parts.pop("width"))
        return PairIndex(ids, width, Standing(origin_ms=0, **parts))

    return Known(
        history=people,
        contents=people.contents,
        author_country=arrays["author_country"],
        by_kind=tuple(index(f"by_kind/{kind}") for kind in _KINDS),
        engaged=index("engaged"),
        viewed=index("viewed"),
        creator_contents=index("creator_contents"),
        creator_kinds=tuple(index(f"creator_kinds/{kind}") for kind in _CREATOR_KINDS),
        creator_viewed=index("creator_viewed"),
        by_country={
            what: Activity(pairs(f"{what}/engaged"), pairs(f"{what}/viewed"))
            for what in ("content", "author", "language")
        },
        **_without_members(),
    )


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
    """Whole numbers in half the bytes where they fit."""
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
