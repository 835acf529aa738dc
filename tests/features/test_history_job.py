"""The history as every job reads it, from a real server."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import DBRef, ObjectId

from features.jobs.history import read_history
from features.ranking.history import History
from store.client import Databases

NOW = datetime(2026, 3, 1, tzinfo=UTC)
POST, AUTHOR, MEMBER, BOT = (ObjectId() for _ in range(4))


@pytest.fixture
def log(db: Databases) -> Databases:
    """A post that a member and a bot saw and liked, and one follow."""
    early, late = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    db.app.contents.insert_one(
        {"_id": POST, "author": {"id": AUTHOR}, "visibility": "publish", "hashtags": ["Sea"], "createdAt": early}
    )
    db.app.users.insert_many([{"_id": AUTHOR, "ownerAccount": AUTHOR}, {"_id": MEMBER, "ownerAccount": MEMBER}])
    db.app.relationships.insert_one({"user": MEMBER, "followedUser": AUTHOR, "following": True, "createdAt": early})
    for account in (MEMBER, BOT):
        target = DBRef("content", POST)
        act = {"account": account, "type": "like", "targetRef": target, "visibility": "publish", "createdAt": late}
        db.app.engagements.insert_one(act)
        db.app.feeditems.insert_one({"viewer": account, "content": POST, "seenAt": late})
        db.app.credentials.insert_one({"_id": account, "account": account})
    judged: dict[str, Any] = {"seenCredential": BOT, "lastSeenAt": late, "likelyBot": True}
    db.analytics.credentialfeatures.insert_one(judged)
    return db


def engaged(history: History) -> set[bytes]:
    return set(history.account_id[history.engagements.account].tolist())


def test_all_events_of_the_window_are_read(log: Databases) -> None:
    history = read_history(log, NOW - timedelta(days=1), NOW)

    assert engaged(history) == {MEMBER.binary, BOT.binary}
    assert len(history.exposures.time_ms) == 2
    assert len(history.followed) == 1
    assert list(history.tags) == ["#sea"]


def test_engagements_of_likely_bots_are_left_out_and_their_exposures_stay(log: Databases) -> None:
    history = read_history(log, NOW - timedelta(days=1), NOW, discount_bots=True)

    assert engaged(history) == {MEMBER.binary}
    assert len(history.exposures.time_ms) == 2


def test_follows_are_read_on_request(log: Databases) -> None:
    assert len(read_history(log, NOW - timedelta(days=1), NOW, follows=False).followed) == 0


def test_nothing_outside_the_window_is_read(log: Databases) -> None:
    history = read_history(log, NOW - timedelta(days=3), NOW - timedelta(days=2))

    assert len(history.contents.id) == len(history.engagements.time_ms) == len(history.exposures.time_ms) == 0
