"""The log of the app as columns: contents, accounts, users and events, with ids replaced by row numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.arrays import Ints, positions
from features.ranking.posts import NONE, original_authors, posts_of, rows_of
from store.rules.engagements import REPORT

Columns = Mapping[str, NDArray[Any]]
_NO_IDS = np.zeros(0, dtype="S12")
_NO_FOLLOWS: Columns = {"time": np.zeros(0, dtype=np.int64), "user": _NO_IDS, "followed": _NO_IDS}


@dataclass(frozen=True)
class Contents:
    """Published contents, oldest first; every array except the tags has shape (contents,)."""

    id: NDArray[np.bytes_]  # S12
    created_ms: Ints
    author: Ints  # row of users, −1 unknown
    original_id: NDArray[np.bytes_]  # S12, the reshared content, NONE for other posts
    original_author_id: NDArray[np.bytes_]  # S12
    post: Ints  # the post that it belongs to, as features.ranking.posts
    original_author: Ints  # row of users, who wrote what a reshare shows, −1 without one
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
    """The log that rankers are trained on."""

    contents: Contents
    account_id: NDArray[np.bytes_]  # (accounts,) S12, ascending
    country: Ints  # (accounts,) number in COUNTRIES, −1 unknown
    guest: NDArray[np.bool_]  # (accounts,)
    user_id: NDArray[np.bytes_]  # (users,) S12, ascending; includes authors without a profile
    owner: Ints  # (users,) row of accounts, −1 unknown
    engagements: Events
    exposures: Events
    follow_time_ms: Ints  # (follows,)
    follower: Ints  # (follows,) row of accounts
    followed: Ints  # (follows,) row of users
    languages: Sequence[str]
    rejected: Mapping[str, int]  # number of events with an unknown content or account, by reason
    tags: Sequence[str] = ()  # by number


def assemble(tables: Mapping[str, Columns], labels: Mapping[bytes, tuple[str, Sequence[str]]]) -> History:
    """Builds a History from the columns that store reads.

    `tables`: contents, accounts, users, engagements, exposures, and optionally follows.
    `labels`: content id → (language, tags).
    """
    contents, users = tables["contents"], tables["users"]
    user_id = _unique_ids(np.concatenate([users["id"], contents["author"], contents["originalAuthor"]]))
    account_id = _account_ids(tables)
    content_order = np.lexsort((contents["id"], contents["created"]))
    languages, tags, label_columns = _label_columns(contents["id"][content_order], labels)
    rows = _contents({name: column[content_order] for name, column in contents.items()}, user_id, label_columns)
    owner = np.full(len(user_id), -1, dtype=np.int64)
    owner[positions(user_id, users["id"])] = positions(account_id, users["owner"])
    resolver = _Resolver(account_id, user_id, owner, rows)
    engagements, engagements_rejected = resolver.events(tables["engagements"])
    exposures, exposures_rejected = resolver.events(tables["exposures"])
    follows = tables.get("follows", _NO_FOLLOWS)
    follower = resolver.account_of_user(follows["user"])
    followed = positions(user_id, follows["followed"])
    valid = (follower >= 0) & (followed >= 0)
    country, guest = _account_columns(account_id, tables["accounts"])
    return History(
        contents=rows,
        account_id=account_id,
        country=country,
        guest=guest,
        user_id=user_id,
        owner=owner,
        engagements=engagements,
        exposures=exposures,
        follow_time_ms=follows["time"][valid],
        follower=follower[valid],
        followed=followed[valid],
        languages=languages,
        rejected={f"engagement: {reason}": n for reason, n in engagements_rejected.items()}
        | {f"exposure: {reason}": n for reason, n in exposures_rejected.items()},
        tags=tags,
    )


def without_engagements_of(history: History, accounts: NDArray[np.bytes_]) -> History:
    """Returns the history without the engagements of these accounts (S12, ascending); their exposures stay."""
    engagements = history.engagements
    mask = positions(accounts, history.account_id)[engagements.account] < 0
    return replace(history, engagements=Events(*(column[mask] for column in vars(engagements).values())))


@dataclass(frozen=True)
class _Resolver:
    """Replaces ids by row numbers."""

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
        position = positions(self.contents.id[order], columns["content"])
        content = np.where(position >= 0, order[position] if len(order) else -1, -1)
        early = (content >= 0) & (columns["time"] < self.contents.created_ms[content] if len(order) else False)
        reasons = {
            "of a content that is not published": int((content < 0).sum()),
            "of nobody known": int(((content >= 0) & (account < 0)).sum()),
            "before its content": int(early.sum()),  # counted, not dropped
        }
        rows = np.flatnonzero((account >= 0) & (content >= 0))
        rows = rows[np.lexsort((content[rows], account[rows], columns["time"][rows]))]
        kind = columns["kind"] if "kind" in columns else np.zeros(len(account), dtype=np.int64)
        events = Events(columns["time"][rows], account[rows], content[rows], kind[rows].astype(np.int64))
        return events, {reason: n for reason, n in reasons.items() if n}


def _account_ids(tables: Mapping[str, Columns]) -> NDArray[np.bytes_]:
    """Returns every account that has a document or acts: acts of deleted accounts stay in the app's log."""
    ids = [tables["accounts"]["id"], tables["engagements"]["account"], tables["exposures"]["account"]]
    return _unique_ids(np.concatenate([*ids, tables["users"]["owner"]]))


def _unique_ids(ids: NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    distinct: NDArray[np.bytes_] = np.unique(ids)
    return np.asarray(distinct[distinct != NONE])


def _account_columns(account_id: NDArray[np.bytes_], accounts: Columns) -> tuple[Ints, NDArray[np.bool_]]:
    country = np.full(len(account_id), -1, dtype=np.int64)
    guest = np.zeros(len(account_id), dtype=np.bool_)
    row = positions(account_id, accounts["id"])
    valid = row >= 0
    country[row[valid]] = accounts["country"][valid]
    guest[row[valid]] = accounts["guest"][valid] > 0
    return country, guest


def _contents(columns: Columns, user_id: NDArray[np.bytes_], label_columns: tuple[Ints, Ints, Ints]) -> Contents:
    language, tag_start, tag = label_columns
    author, original = positions(user_id, columns["author"]), rows_of(columns["id"], columns["original"])
    post = posts_of(original, columns["original"], columns["bare"] > 0)
    return Contents(
        id=columns["id"],
        created_ms=columns["created"],
        author=author,
        original_id=columns["original"],
        original_author_id=columns["originalAuthor"],
        post=post,
        original_author=original_authors(post, author, original, positions(user_id, columns["originalAuthor"])),
        photos=columns["photos"].astype(np.int64),
        length=columns["length"].astype(np.int64),
        language=language,
        tag_start=tag_start,
        tag=tag,
    )


def _label_columns(
    ids: NDArray[np.bytes_], labels: Mapping[bytes, tuple[str, Sequence[str]]]
) -> tuple[list[str], list[str], tuple[Ints, Ints, Ints]]:
    """Returns all languages, all tags, and the columns language, tag_start and tag of Contents."""
    raw = ids.tobytes()
    labels_of = [labels.get(raw[start : start + 12], ("", ())) for start in range(0, len(raw), 12)]
    languages = sorted({language for language, _ in labels_of} - {"", "und"})
    tags = sorted({tag for _, content_tags in labels_of for tag in content_tags})
    language_number, tag_number = ({name: n for n, name in enumerate(names)} for names in (languages, tags))
    language = np.array([language_number.get(name, -1) for name, _ in labels_of], dtype=np.int64)
    counts = np.array([len(content_tags) for _, content_tags in labels_of], dtype=np.int64)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    tag = np.array([tag_number[tag] for _, content_tags in labels_of for tag in content_tags], dtype=np.int64)
    return languages, tags, (language, start, tag)
