"""Documents of the app: contents, comments, engagements and feed items."""

from typing import Any

import numpy as np

from features.milliseconds import DAY_MS
from store.ids import Document, ObjectId

from .identity import Ids, dates, object_ids, random_per_row
from .texts import hashtags, messages, quote_wording, shown_wording
from .world import CONTENT_TYPES, KINDS, SOURCES, VISIBILITIES, Ints, World

COMMENT = KINDS.index("comment")
_OLD_SHARE = 0.15  # of the log: its engagements may lack the account


def engagement_counts(world: World) -> Ints:
    """Returns existing engagements of each content: like, comment, recast, quote; shape (contents, 4)."""
    engagements = world.engagements
    there = (engagements.kind < 4) & ~engagements.withdrawn
    cell = engagements.content[there] * 4 + engagements.kind[there]
    return np.bincount(cell, minlength=4 * len(world.contents.author)).reshape(-1, 4)


def content_documents(world: World, ids: Ids, rows: Ints) -> list[Document]:
    """Returns posts and reshares with engagement counts; every engagement sets `updatedAt`."""
    contents = world.contents
    updated = contents.created_ms.copy()
    np.maximum.at(updated, world.engagements.content, world.engagements.created_ms)
    counts = engagement_counts(world)[rows].tolist()
    wording = [column[rows] for column in shown_wording(contents)]
    texts, tags = messages(*wording), hashtags(*wording)
    columns = zip(
        rows.tolist(),
        texts,
        tags,
        counts,
        dates(contents.created_ms[rows]),
        dates(updated[rows]),
        strict=True,
    )
    return [_content(world, ids, *column) for column in columns]


def _content(
    world: World,
    ids: Ids,
    row: int,
    text: str,
    tags: list[str],
    counts: list[int],
    created: Any,
    updated: Any,
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
    return np.flatnonzero(world.engagements.kind == COMMENT)


def comment_documents(world: World, ids: Ids, rows: Ints) -> list[Document]:
    """Returns the replies of comment engagements, in order."""
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
    """Returns what each engagement created: a comment, a reshare or nothing."""
    table = world.engagements
    items = table.item[rows].tolist()
    created_items: list[ObjectId | None] = [None if item < 0 else ids.contents[item] for item in items]
    comments = np.flatnonzero(table.kind[rows] == COMMENT)
    chosen = rows[comments]
    own = object_ids(world.config.seed, "comments", chosen, table.created_ms[chosen])
    for place, key in zip(comments.tolist(), own, strict=True):
        created_items[place] = key
    return created_items


def engagement_documents(world: World, ids: Ids, rows: Ints) -> list[Document]:
    """Returns engagements; the oldest ones sometimes lack the account."""
    table, config = world.engagements, world.config
    created = table.created_ms[rows]
    old = created < config.start_ms + _OLD_SHARE * config.days * DAY_MS
    nameless = (old & (random_per_row(world, 22, rows) < 0.5)).tolist()
    own = object_ids(config.seed, "engagements", rows, created)
    columns = zip(
        own, table.account[rows].tolist(), table.content[rows].tolist(), table.kind[rows].tolist(),
        _engagement_items(world, ids, rows), nameless, table.withdrawn[rows].tolist(), dates(created),
        strict=True,
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


def feed_item_documents(world: World, ids: Ids, rows: Ints) -> list[Document]:
    """Returns deliveries; only posts that reached the screen have a credential and reading times."""
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
    """Adds times to posts that reached the screen; removes the credential of the others."""
    for document, on_screen, begin, end, known in zip(
        documents, seen, seen_at, dates(off_ms), (off_ms >= 0).tolist(), strict=True
    ):
        if not on_screen:
            del document["seenCredential"]
            continue
        document["seenAt"] = document["updatedAt"] = begin
        if known:
            document["offScreenAt"] = document["updatedAt"] = end
