"""The community as the app's documents, batch by batch, in the spelling of the app's database."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from store.documents import Document, ObjectId

from .identity import object_ids
from .places import COUNTRIES, LANGUAGES
from .texts import hashtags, messages, quote_wording, shown_wording
from .world import CONTENT_TYPES, DAY_MS, KINDS, SOURCES, VISIBILITIES, Floats, Ints, World, generator

BATCH = 5_000
_COMMENT = KINDS.index("comment")
_OLD_SHARE = 0.15  # of the log: its engagements may lack the account


class Ids(NamedTuple):
    """ObjectIds by row."""

    accounts: list[ObjectId]
    users: list[ObjectId]
    credentials: list[ObjectId]
    contents: list[ObjectId]


def all_ids(world: World) -> Ids:
    """The ids that other documents refer to."""
    tables = (world.accounts, world.users, world.credentials, world.contents)
    names = Ids._fields
    created = [table.created_ms for table in tables]
    seed = world.config.seed
    return Ids(*(object_ids(seed, n, np.arange(len(c)), c) for n, c in zip(names, created, strict=True)))


def dates(milliseconds: Ints) -> list[Any]:
    """Naive UTC datetimes.

    >>> dates(np.array([0]))
    [datetime.datetime(1970, 1, 1, 0, 0)]
    """
    return milliseconds.astype("datetime64[ms]").tolist()  # type: ignore[no-any-return]


def documents(world: World) -> Iterator[tuple[str, list[Document]]]:
    """(collection, at most 5,000 documents) for every collection that the app writes, datetimes naive UTC."""
    ids = all_ids(world)
    writers: tuple[tuple[str, int, Callable[[World, Ids, Ints], list[Document]]], ...] = (
        ("accounts", len(world.accounts.guest), _accounts),
        ("users", len(world.users.account), _users),
        ("credentials", len(world.credentials.account), _credentials),
        ("relationships", len(world.follows.user) + len(world.blocks.user), _relationships),
        ("contents", len(world.contents.author), _contents),
        ("comments", int((world.engagements.kind == _COMMENT).sum()), _comments),
        ("engagements", len(world.engagements.kind), _engagements),
        ("feeditems", len(world.exposures.content), _feed_items),
    )
    for name, count, write in writers:
        for start in range(0, count, BATCH):
            yield name, write(world, ids, np.arange(start, min(start + BATCH, count)))


def _luck(world: World, part: int, rows: Ints) -> Floats:
    """One random number per row, whatever the batch, shape (rows,)."""
    rng = generator(world.config, part)
    rng.bit_generator.advance(int(rows[0]))  # type: ignore[attr-defined]
    return rng.random(len(rows))


def _accounts(world: World, ids: Ids, rows: Ints) -> list[Document]:
    config, accounts = world.config, world.accounts
    luck = _luck(world, 20, rows).tolist()
    created = dates(accounts.created_ms[rows])
    columns = zip(rows.tolist(), created, luck, accounts.guest[rows].tolist(), strict=True)
    documents = []
    for row, date, chance, guest in columns:
        document = {
            "_id": ids.accounts[row],
            "isGuest": guest,
            "visibility": "publish",
            "preferences": {"languages": _spoken(accounts.fluency[row]) if chance < 1 - config.no_language_share else []},
            "createdAt": date,
            "updatedAt": date,
        }
        if chance >= config.no_country_share:
            document["geolocation"] = {"countryCode": COUNTRIES[accounts.country[row]].code}
        documents.append(document)
    return documents


def _spoken(fluency: Floats) -> list[str]:
    return [LANGUAGES[number] for number in np.argsort(-fluency, kind="stable") if fluency[number] > 0]


def _users(world: World, ids: Ids, rows: Ints) -> list[Document]:
    users = world.users
    followers = np.bincount(world.follows.user, minlength=len(users.account)).tolist()
    followed = np.diff(world.follows.first).tolist() + [0] * len(users.account)
    created = dates(users.created_ms[rows])
    return [
        {
            "_id": ids.users[row],
            "ownerAccount": ids.accounts[account],
            "type": "page" if page else "people",
            "displayId": f"{'page' if page else 'user'}{row}",
            "displayName": f"{'Page' if page else 'User'} {row}",
            "visibility": "publish",
            "followerCount": followers[row],
            "followedCount": 0 if page else followed[row],
            "createdAt": date,
            "updatedAt": date,
        }
        for row, account, page, date in zip(
            rows.tolist(), users.account[rows].tolist(), users.page[rows].tolist(), created, strict=True
        )
    ]


def _credentials(world: World, ids: Ids, rows: Ints) -> list[Document]:
    table = world.credentials
    columns = zip(rows.tolist(), table.account[rows].tolist(), dates(table.created_ms[rows]), strict=True)
    return [
        {"_id": ids.credentials[row], "account": ids.accounts[account], "createdAt": date, "updatedAt": date}
        for row, account, date in columns
    ]


def _relationships(world: World, ids: Ids, rows: Ints) -> list[Document]:
    """Follows first, then blocks."""
    tables = (world.follows, world.blocks)
    account, user, since = (
        np.concatenate([getattr(t, name) for t in tables])[rows] for name in ("account", "user", "since_ms")
    )
    following = (rows < len(world.follows.user)).tolist()
    own = object_ids(world.config.seed, "relationships", rows, since)
    columns = zip(own, account.tolist(), user.tolist(), following, dates(since), strict=True)
    return [
        {
            "_id": key,
            "user": ids.users[follower],
            "followedUser": ids.users[followed],
            "following": follows,
            "blocking": not follows,
            "visibility": "publish",
            "createdAt": date,
            "updatedAt": date,
        }
        for key, follower, followed, follows, date in columns
    ]


def engagement_counts(world: World) -> Ints:
    """Engagements that exist of each content: like, comment, recast, quote; (contents, 4)."""
    engagements = world.engagements
    there = (engagements.kind < 4) & ~engagements.withdrawn
    cell = engagements.content[there] * 4 + engagements.kind[there]
    return np.bincount(cell, minlength=4 * len(world.contents.author)).reshape(-1, 4)


def _contents(world: World, ids: Ids, rows: Ints) -> list[Document]:
    contents = world.contents
    updated = contents.created_ms.copy()
    np.maximum.at(updated, world.engagements.content, world.engagements.created_ms)
    counts = engagement_counts(world)[rows].tolist()
    wording = [column[rows] for column in shown_wording(contents)]
    texts, tags = messages(*wording), hashtags(*wording)
    columns = zip(
        rows.tolist(), texts, tags, counts, dates(contents.created_ms[rows]), dates(updated[rows]), strict=True
    )
    return [_content(world, ids, *column) for column in columns]


def _content(
    world: World, ids: Ids, row: int, text: str, tags: list[str], counts: list[int], created: Any, updated: Any
) -> Document:
    contents, users = world.contents, world.users
    author, root = int(contents.author[row]), int(contents.root[row])
    document = {
        "_id": ids.contents[row],
        "author": {
            "id": ids.users[author],
            "type": "page" if users.page[author] else "people",
            "displayName": f"{'Page' if users.page[author] else 'User'} {author}",
        },
        "type": CONTENT_TYPES[contents.type[row]],
        "payload": _payload(text, row if root < 0 else root, int(contents.photos[row])),
        "engagements": {kind: {"count": n, "refs": []} for kind, n in zip(KINDS, counts, strict=False)},
        "hashtags": tags,
        "visibility": VISIBILITIES[contents.visibility[row]],
        "createdAt": created,
        "updatedAt": updated,
    }
    if root >= 0:
        document["isQuote" if contents.quote[row] else "isRecast"] = True
        original = {"_id": ids.contents[root], "author": {"id": ids.users[int(contents.author[root])]}}
        document["originalPost"] = original
    return document


def _payload(text: str, picture: int, photos: int) -> Document:
    payload: Document = {"message": text}
    if photos:
        pictures = [{"original": f"https://img.example.org/{picture}-{n}.jpg"} for n in range(photos)]
        payload["photo"] = {"contents": pictures}
    links = [word for word in text.split() if word.startswith("https://")]
    if links:
        payload["link"] = [{"url": link, "type": "web"} for link in links]
    return payload


def _comment_rows(world: World) -> Ints:
    return np.flatnonzero(world.engagements.kind == _COMMENT)


def _comments(world: World, ids: Ids, rows: Ints) -> list[Document]:
    chosen, table = _comment_rows(world)[rows], world.engagements
    account, created = table.account[chosen], table.created_ms[chosen]
    rng = np.random.default_rng([world.config.seed, 21, int(rows[0])])
    language = world.accounts.fluency[account].argmax(axis=1)
    texts = messages(quote_wording(len(rows), rng), language, np.zeros_like(language))
    own = object_ids(world.config.seed, "comments", chosen, created)
    columns = zip(own, account.tolist(), table.content[chosen].tolist(), texts, dates(created), strict=True)
    gone = table.withdrawn[chosen].tolist()
    return [
        {
            "_id": key,
            "author": {"_id": ids.users[user]},
            "message": text,
            "type": "comment",
            "targetRef": {"$ref": "content", "$id": ids.contents[content]},
            "visibility": "deleted" if deleted else "publish",
            "createdAt": date,
            "updatedAt": date,
        }
        for (key, user, content, text, date), deleted in zip(columns, gone, strict=True)
    ]


def _engagement_items(world: World, ids: Ids, rows: Ints) -> list[ObjectId | None]:
    """What each engagement made: a comment, a reshare or nothing."""
    table = world.engagements
    made: list[ObjectId | None] = [None if item < 0 else ids.contents[item] for item in table.item[rows].tolist()]
    comments = np.flatnonzero(table.kind[rows] == _COMMENT)
    chosen = rows[comments]
    own = object_ids(world.config.seed, "comments", chosen, table.created_ms[chosen])
    for place, key in zip(comments.tolist(), own, strict=True):
        made[place] = key
    return made


def _engagements(world: World, ids: Ids, rows: Ints) -> list[Document]:
    table, config = world.engagements, world.config
    created = table.created_ms[rows]
    old = created < config.start_ms + _OLD_SHARE * config.days * DAY_MS
    nameless = (old & (_luck(world, 22, rows) < 0.5)).tolist()
    own = object_ids(config.seed, "engagements", rows, created)
    columns = zip(
        own, table.account[rows].tolist(), table.content[rows].tolist(), table.kind[rows].tolist(),
        _engagement_items(world, ids, rows), nameless, table.withdrawn[rows].tolist(), dates(created), strict=True,
    )  # fmt: skip
    documents = []
    for key, account, content, kind, item, unnamed, withdrawn, date in columns:
        document: Document = {
            "_id": key,
            "user": ids.users[account],
            "targetRef": {"$ref": "content", "$id": ids.contents[content]},
            "type": KINDS[kind],
            "visibility": "deleted" if withdrawn else "publish",
            "createdAt": date,
            "updatedAt": date,
        }
        if not unnamed:
            document["account"] = ids.accounts[account]
        if item is not None:
            document["itemId"] = item
        documents.append(document)
    return documents


def _feed_items(world: World, ids: Ids, rows: Ints) -> list[Document]:
    table = world.exposures
    account, content = table.account[rows], table.content[rows]
    called, seen = table.called_ms[rows], table.seen_ms[rows]
    own = object_ids(world.config.seed, "feeditems", rows, called)
    columns = zip(
        own, account.tolist(), content.tolist(), world.contents.author[content].tolist(), dates(called),
        table.credential[rows].tolist(), table.source[rows].tolist(), table.score[rows].tolist(), strict=True,
    )  # fmt: skip
    documents: list[Document] = [
        {
            "_id": key,
            "viewer": ids.accounts[viewer],
            "content": ids.contents[shown],
            "author": ids.users[author],
            "calledAt": date,
            "analytics": {"source": SOURCES[source], "score": score},
            "createdAt": date,
            "updatedAt": date,
            "seenCredential": ids.credentials[credential],
        }
        for key, viewer, shown, author, date, credential, source, score in columns
    ]
    _add_views(documents, table.seen[rows].tolist(), dates(seen), table.off_ms[rows])
    return documents


def _add_views(documents: list[Document], seen: list[bool], seen_at: list[Any], off_ms: Ints) -> None:
    """What reached the screen has its times; the rest was only delivered."""
    for document, on_screen, begin, end, known in zip(
        documents, seen, seen_at, dates(off_ms), (off_ms >= 0).tolist(), strict=True
    ):
        if not on_screen:
            del document["seenCredential"]
            continue
        document["seenAt"] = document["updatedAt"] = begin
        if known:
            document["offScreenAt"] = document["updatedAt"] = end
