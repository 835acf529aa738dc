"""The community as documents of app-db, in batches."""

from collections.abc import Callable, Iterator

import numpy as np

from store.ids import Document

from .activity import (
    COMMENT,
    comment_documents,
    content_documents,
    engagement_documents,
    feed_item_documents,
)
from .identity import Ids, all_ids, dates, object_ids, random_per_row
from .places import COUNTRIES, LANGUAGES
from .world import Floats, Ints, World

BATCH = 5_000


def documents(world: World) -> Iterator[tuple[str, list[Document]]]:
    """Yields (collection, at most 5,000 documents) for every collection of the app; datetimes are naive UTC."""
    ids = all_ids(world)
    writers: tuple[tuple[str, int, Callable[[World, Ids, Ints], list[Document]]], ...] = (
        ("accounts", len(world.accounts.guest), _accounts),
        ("users", len(world.users.account), _users),
        ("credentials", len(world.credentials.account), _credentials),
        ("relationships", len(world.follows.user) + len(world.blocks.user), _relationships),
        ("contents", len(world.contents.author), content_documents),
        ("comments", int((world.engagements.kind == COMMENT).sum()), comment_documents),
        ("engagements", len(world.engagements.kind), engagement_documents),
        ("feeditems", len(world.exposures.content), feed_item_documents),
    )
    for name, count, write in writers:
        for start in range(0, count, BATCH):
            yield name, write(world, ids, np.arange(start, min(start + BATCH, count)))


def _accounts(world: World, ids: Ids, rows: Ints) -> list[Document]:
    config, accounts = world.config, world.accounts
    chances = random_per_row(world, 20, rows).tolist()
    created = dates(accounts.created_ms[rows])
    columns = zip(rows.tolist(), created, chances, accounts.guest[rows].tolist(), strict=True)
    documents = []
    for row, date, chance, guest in columns:
        document = {
            "_id": ids.accounts[row],
            "isGuest": guest,
            "visibility": "publish",
            "preferences": {
                "languages": [] if chance > 1 - config.no_language_share else _spoken(accounts.fluency[row])
            },
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
    """Returns follows, then blocks."""
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
