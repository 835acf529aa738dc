"""truth.jsonl: what the app does not know, one JSON object per line, with the kind first."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from .identity import hex_ids
from .places import COUNTRIES, LANGUAGES
from .reading import BOT_KINDS
from .vocabulary import TOPICS
from .world import Floats, Ints, World

Line = dict[str, Any]


def truth(world: World) -> Iterator[Line]:
    """Yields lines: community, account, user, credential, content, reshare, fondness, engaged, delivered.

    Ids are 24 hexadecimal digits, times milliseconds since 1970. `engaged` and `delivered` repeat data of the database,
    so that the file alone determines what was trending and seen. `delivered.contents` are numbers of content lines,
    from 0.
    """
    yield {"kind": "community", **asdict(world.config), "until": world.config.until.isoformat()}
    accounts, users, contents = (_hex(world, name) for name in ("accounts", "users", "contents"))
    yield from _accounts(world, accounts)
    yield from _users(world, accounts, users)
    yield from _credentials(world, accounts)
    yield from _contents(world, users, contents)
    yield from _reshares(world, contents)
    yield from _fondness(world, accounts, users)
    yield from _engaged(world, contents)
    yield from _delivered(world, accounts)


def _hex(world: World, table: str) -> list[str]:
    created = getattr(world, table).created_ms
    return hex_ids(world.config.seed, table, np.arange(len(created)), created)


def _bot(kind: int) -> str | None:
    return None if kind < 0 else BOT_KINDS[kind]


def _by_topic(values: Floats) -> dict[str, float]:
    return dict(zip(TOPICS, values.tolist(), strict=True))


def _accounts(world: World, ids: list[str]) -> Iterator[Line]:
    table = world.accounts
    for row, key in enumerate(ids):
        country = COUNTRIES[table.country[row]]
        spoken = zip(LANGUAGES, table.fluency[row].tolist(), strict=True)
        yield {
            "kind": "account",
            "_id": key,
            "guest": bool(table.guest[row]),
            "bot": _bot(int(table.bot[row])),
            "country": country.code,
            "timezone": country.timezone,
            "languages": {language: fluency for language, fluency in spoken if fluency},
            "base": float(table.base[row]),
            "topics": _by_topic(table.affinity[row]),
            "drift": _by_topic(table.drift[row]),
        }


def _users(world: World, accounts: list[str], ids: list[str]) -> Iterator[Line]:
    table = world.users
    for key, owner, page, quality in zip(
        ids, table.account.tolist(), table.page.tolist(), table.quality.tolist(), strict=True
    ):
        yield {"kind": "user", "_id": key, "account": accounts[owner], "page": page, "quality": quality}


def _credentials(world: World, accounts: list[str]) -> Iterator[Line]:
    owners = world.credentials.account.tolist()
    bots = world.accounts.bot.tolist()
    for key, owner in zip(_hex(world, "credentials"), owners, strict=True):
        yield {"kind": "credential", "_id": key, "account": accounts[owner], "bot": _bot(bots[owner])}


def _contents(world: World, users: list[str], ids: list[str]) -> Iterator[Line]:
    table = world.contents
    for row, key in enumerate(ids):
        topics = [TOPICS[t] for t in (table.topic[row], table.second_topic[row]) if t >= 0]
        yield {
            "kind": "content",
            "_id": key,
            "author": users[table.author[row]],
            "language": LANGUAGES[table.language[row]],
            "topics": topics,
            "quality": float(table.quality[row]),
            "createdAt": int(table.created_ms[row]),
            "recast": bool(table.root[row] >= 0 and not table.quote[row]),
        }


def _reshares(world: World, ids: list[str]) -> Iterator[Line]:
    """Yields reshares: the parent is the copy that the person saw; the app only stores the root."""
    table = world.contents
    for row in np.flatnonzero(table.root >= 0).tolist():
        parent, root = ids[table.parent[row]], ids[table.root[row]]
        yield {"kind": "reshare", "_id": ids[row], "parent": parent, "root": root}


def _fondness(world: World, accounts: list[str], users: list[str]) -> Iterator[Line]:
    """Yields followed users with their bonus in logits and the start of the follow."""
    table = world.follows
    bounds = table.first.tolist()
    for row, (first, last) in enumerate(pairwise(bounds)):
        if last > first:
            followed = [users[user] for user in table.user[first:last].tolist()]
            fondness = dict(zip(followed, table.fondness[first:last].tolist(), strict=True))
            since = table.since_ms[first:last].tolist()
            yield {"kind": "fondness", "_id": accounts[row], "authors": fondness, "since": since}


def _grouped(key: Ints, *columns: Ints) -> Iterator[tuple[int, list[list[int]]]]:
    """Yields each value of `key` with its parts of the columns, in order of the first column."""
    order = np.lexsort([columns[0], key])
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    for begin, end in zip(first.tolist(), [*first[1:].tolist(), len(key)], strict=True):
        rows = order[begin:end]
        yield int(key[rows[0]]), [column[rows].tolist() for column in columns]


def _engaged(world: World, ids: list[str]) -> Iterator[Line]:
    table = world.engagements
    counting = table.kind < 4
    for row, (times,) in _grouped(table.content[counting], table.created_ms[counting]):
        yield {"kind": "engaged", "_id": ids[row], "at": times}


def _delivered(world: World, ids: list[str]) -> Iterator[Line]:
    table = world.exposures
    for row, (times, contents) in _grouped(table.account, table.called_ms, table.content):
        yield {"kind": "delivered", "_id": ids[row], "at": times, "contents": contents}
