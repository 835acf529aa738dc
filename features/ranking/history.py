"""What happened in the app, as columns: contents, people and events, each id replaced by its row number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints, positions
from store.rules.engagements import REPORT

Columns = Mapping[str, NDArray[Any]]
NONE = b""  # a missing id: twelve zero bytes compare equal to it
_NOBODY = np.zeros(0, dtype="S12")
_NO_FOLLOWS: Columns = {"time": np.zeros(0, dtype=np.int64), "user": _NOBODY, "followed": _NOBODY}


@dataclass(frozen=True)
class Contents:
    """Published contents, oldest first; every array has shape (contents,) but for the tags."""

    id: NDArray[np.bytes_]  # S12
    created_ms: Ints
    author: Ints  # row of users, −1 unknown
    original_id: NDArray[np.bytes_]  # S12, the content that it reshares, NONE without one
    original_author_id: NDArray[np.bytes_]  # S12
    photos: Ints
    length: Ints  # characters
    language: Ints  # number of the language, −1 unknown
    tag_start: Ints  # (contents + 1,): the tags of content i are tag[tag_start[i]:tag_start[i + 1]]
    tag: Ints  # (all tags,) number of a hashtag or topic


@dataclass(frozen=True)
class Events:
    """Acts of accounts on contents, oldest first; every array has shape (events,)."""

    time_ms: Ints
    account: Ints  # row of accounts
    content: Ints  # row of contents
    kind: Ints  # code of the type, as store.rules.engagements; 0 for exposures

    @property
    def is_engagement(self) -> NDArray[np.bool_]:
        """Marks the acts that count as engagement: all but reports. Shape (events,)."""
        return self.kind < REPORT


@dataclass(frozen=True)
class History:
    """All that the rankers learn from."""

    contents: Contents
    account_id: NDArray[np.bytes_]  # (accounts,) S12, ascending
    country: Ints  # (accounts,) number in COUNTRIES, −1 unknown
    guest: NDArray[np.bool_]  # (accounts,)
    user_id: NDArray[np.bytes_]  # (users,) S12, ascending; authors without a user are among them
    owner: Ints  # (users,) row of accounts, −1 unknown
    engagements: Events
    exposures: Events
    follow_time_ms: Ints  # (follows,)
    follower: Ints  # (follows,) row of accounts
    followed: Ints  # (follows,) row of users
    languages: Sequence[str]
    rejected: Mapping[str, int]  # events that name nothing known, by reason
    tags: Sequence[str] = ()  # by number


def assemble(tables: Mapping[str, Columns], labels: Mapping[bytes, tuple[str, Sequence[str]]]) -> History:
    """A History from the columns that store reads.

    `tables`: contents, accounts, users, engagements, exposures, and follows, without which nobody follows anybody.
    `labels`: content id → (language, tags).
    """
    contents, users = tables["contents"], tables["users"]
    user_id = _present(np.concatenate([users["id"], contents["author"]]))
    account_id = _known_accounts(tables)
    content_order = np.lexsort((contents["id"], contents["created"]))
    languages, tags, described = _labelled(contents["id"][content_order], labels)
    rows = _contents({name: column[content_order] for name, column in contents.items()}, user_id, described)
    owner = np.full(len(user_id), -1, dtype=np.int64)
    owner[positions(user_id, users["id"])] = positions(account_id, users["owner"])
    find = _Finder(account_id, user_id, owner, rows)
    engagements, lost = find.events(tables["engagements"])
    exposures, unseen = find.events(tables["exposures"])
    follows = tables.get("follows", _NO_FOLLOWS)
    follower = find.account_of_user(follows["user"])
    followed = positions(user_id, follows["followed"])
    both = (follower >= 0) & (followed >= 0)
    country, guest = _of_accounts(account_id, tables["accounts"])
    return History(
        contents=rows,
        account_id=account_id,
        country=country,
        guest=guest,
        user_id=user_id,
        owner=owner,
        engagements=engagements,
        exposures=exposures,
        follow_time_ms=follows["time"][both],
        follower=follower[both],
        followed=followed[both],
        languages=languages,
        rejected={f"engagement: {why}": n for why, n in lost.items()}
        | {f"exposure: {why}": n for why, n in unseen.items()},
        tags=tags,
    )


def disregarding(history: History, accounts: NDArray[np.bytes_]) -> History:
    """The history without the engagements of these accounts (ids, S12, ascending); what they were shown stays."""
    rows = positions(accounts, history.account_id)
    engagements = history.engagements
    kept = rows[engagements.account] < 0
    return replace(history, engagements=Events(*(column[kept] for column in vars(engagements).values())))


@dataclass(frozen=True)
class _Finder:
    account_id: NDArray[np.bytes_]
    user_id: NDArray[np.bytes_]
    owner: Ints
    contents: Contents

    def account_of_user(self, ids: NDArray[np.bytes_]) -> Ints:
        user = positions(self.user_id, ids)
        return np.where(user >= 0, self.owner[user] if len(self.owner) else -1, -1)

    def events(self, columns: Columns) -> tuple[Events, dict[str, int]]:
        account = positions(self.account_id, columns["account"])
        if "user" in columns:
            account = np.where(columns["account"] == NONE, self.account_of_user(columns["user"]), account)
        order = np.argsort(self.contents.id)
        place = positions(self.contents.id[order], columns["content"])
        content = np.where(place >= 0, order[place] if len(order) else -1, -1)
        early = (content >= 0) & (columns["time"] < self.contents.created_ms[content] if len(order) else False)
        good = (account >= 0) & (content >= 0)
        lost = {
            "of a content that is not published": int((content < 0).sum()),
            "of nobody known": int(((content >= 0) & (account < 0)).sum()),
        }
        noted = {"before its content": int(early.sum())}
        rows = np.flatnonzero(good)
        rows = rows[np.lexsort((content[rows], account[rows], columns["time"][rows]))]
        kind = columns["kind"] if "kind" in columns else np.zeros(len(account), dtype=np.int64)
        kept = Events(columns["time"][rows], account[rows], content[rows], kind[rows].astype(np.int64))
        return kept, {why: n for why, n in (lost | noted).items() if n}


def _known_accounts(tables: Mapping[str, Columns]) -> NDArray[np.bytes_]:
    """Every account that is written down or acts: an app's deleted accounts leave their acts behind."""
    ids = [tables["accounts"]["id"], tables["engagements"]["account"], tables["exposures"]["account"]]
    return _present(np.concatenate([*ids, tables["users"]["owner"]]))


def _present(ids: NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    every: NDArray[np.bytes_] = np.unique(ids)
    return np.asarray(every[every != NONE])


def _of_accounts(account_id: NDArray[np.bytes_], accounts: Columns) -> tuple[Ints, NDArray[np.bool_]]:
    country = np.full(len(account_id), -1, dtype=np.int64)
    guest = np.zeros(len(account_id), dtype=np.bool_)
    row = positions(account_id, accounts["id"])
    known = row >= 0
    country[row[known]] = accounts["country"][known]
    guest[row[known]] = accounts["guest"][known] > 0
    return country, guest


def _contents(columns: Columns, user_id: NDArray[np.bytes_], described: tuple[Ints, Ints, Ints]) -> Contents:
    language, tag_start, tag = described
    return Contents(
        id=columns["id"],
        created_ms=columns["created"],
        author=positions(user_id, columns["author"]),
        original_id=columns["original"],
        original_author_id=columns["originalAuthor"],
        photos=columns["photos"].astype(np.int64),
        length=columns["length"].astype(np.int64),
        language=language,
        tag_start=tag_start,
        tag=tag,
    )


def _labelled(
    ids: NDArray[np.bytes_], labels: Mapping[bytes, tuple[str, Sequence[str]]]
) -> tuple[list[str], list[str], tuple[Ints, Ints, Ints]]:
    raw = ids.tobytes()
    found = [labels.get(raw[start : start + 12], ("", ())) for start in range(0, len(raw), 12)]
    languages = sorted({language for language, _ in found} - {"", "und"})
    tags = sorted({tag for _, several in found for tag in several})
    number, tag_number = ({name: n for n, name in enumerate(names)} for names in (languages, tags))
    counts = np.array([len(several) for _, several in found], dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    flat = np.array([tag_number[tag] for _, several in found for tag in several], dtype=np.int64)
    return languages, tags, (np.array([number.get(name, -1) for name, _ in found], dtype=np.int64), start, flat)
