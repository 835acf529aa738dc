"""hashtagStats on a real server, with numbers computed by hand."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.features import hashtag_stats
from store.client import Databases
from store.ids import ObjectId
from store.schema import collection

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
EVENT = {"time": NOW.isoformat()}


def post(db: Databases, author: ObjectId, hashtags: Any, likes: int = 0, age_hours: float = 0.0, **fields: Any) -> None:
    document = {
        "author": {"id": author},
        "hashtags": hashtags,
        "visibility": "publish",
        "engagements": {"like": {"count": likes}},
        "createdAt": NOW - timedelta(hours=age_hours),
    }
    collection(db, "contents").insert_one(document | fields)


def stats(db: Databases) -> dict[str, dict[str, Any]]:
    return {row["_id"]: row for row in collection(db, "hashtagStats").find()}


def test_engagement_decays_and_creators_are_counted(db: Databases) -> None:
    one, other = ObjectId(), ObjectId()
    post(db, one, ["Sea"], likes=3)
    post(db, one, ["#sea", "SEA"], likes=1, age_hours=24)
    post(db, other, ["sea"], likes=0)

    counts = hashtag_stats(EVENT, None)

    sea = stats(db)["sea"]
    assert counts["hashtags"] == 1
    assert (sea["contentCount"], sea["creatorCount"]) == (3, 2)
    assert sea["engagementScore"] == pytest.approx(4 + 2 * 0.5 + 1)
    assert sea["score"] == pytest.approx(math.log(1 + 5) + math.log(1 + 1))


def test_many_creators_outrank_one_active_creator(db: Databases) -> None:
    loud = ObjectId()
    for _ in range(8):
        post(db, loud, ["loud"], likes=1)
    for _ in range(8):
        post(db, ObjectId(), ["shared"])

    hashtag_stats(EVENT, None)

    assert stats(db)["shared"]["score"] > stats(db)["loud"]["score"]


def test_hashtags_without_posts_leave(db: Databases) -> None:
    post(db, ObjectId(), ["old"], age_hours=1)
    hashtag_stats(EVENT, None)

    counts = hashtag_stats({"time": (NOW + timedelta(days=40)).isoformat()}, None)

    assert counts["left"] == 1
    assert stats(db) == {}


def test_mistyped_hashtags_are_counted_and_skipped(db: Databases) -> None:
    post(db, ObjectId(), "sea")
    post(db, ObjectId(), [7, None, "", "#", "ok"])
    post(db, ObjectId(), None)

    counts = hashtag_stats(EVENT, None)

    assert set(stats(db)) == {"ok"}
    assert counts["rejected"] == {"hashtags": 1}


def test_an_empty_database_gets_no_hashtags(db: Databases) -> None:
    assert hashtag_stats(EVENT, None) == {"hashtags": 0, "left": 0, "rejected": {}}


def test_spellings_of_a_hashtag_are_one_and_the_commonest_is_displayed(db: Databases) -> None:
    one, other = ObjectId(), ObjectId()
    post(db, one, ["Αθήνας", "ΑΘΉΝΑΣ"])
    post(db, other, ["Αθήνας", "Ｓｅａ"])
    post(db, other, ["#Sea"], age_hours=1)
    post(db, other, ["Sea"], age_hours=1)

    counts = hashtag_stats(EVENT, None)

    rows = stats(db)
    assert counts["hashtags"] == 2
    assert {tag: (row["contentCount"], row["spelling"]) for tag, row in rows.items()} == {
        "αθήνασ": (2, "Αθήνας"),
        "sea": (3, "Sea"),
    }
