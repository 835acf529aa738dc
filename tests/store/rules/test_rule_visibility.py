"""What is public, asked of the real server: keeping, marking and judging one document must agree."""

from typing import Any

import pytest

from store.client import Databases
from store.rules.visibility import (
    is_public_post,
    is_removed_post,
    mark_public_posts,
    mark_public_users,
    public_posts,
    public_users,
)

STATED: dict[str, dict[str, Any]] = {
    "publish": {"visibility": "publish"},
    "hidden": {"visibility": "hidden"},
    "deleted": {"visibility": "deleted"},
    "illegal": {"visibility": "illegal"},
    "null": {"visibility": None},
    "missing": {},
    "mistyped": {"visibility": 1},
}


@pytest.fixture
def stored(db: Databases) -> Any:
    db.app.contents.insert_many({"_id": name, **document} for name, document in STATED.items())
    return db.app.contents


def kept(stored: Any, stages: list[dict[str, Any]]) -> set[str]:
    return {document["_id"] for document in stored.aggregate(stages)}


def marked(stored: Any, stages: list[dict[str, Any]]) -> set[str]:
    marks = {document["_id"]: document["mark"] for document in stored.aggregate(stages)}
    assert set(marks.values()) <= {0, 1}
    return {name for name, mark in marks.items() if mark == 1}


def test_a_post_is_public_only_when_it_says_so(stored: Any) -> None:
    assert kept(stored, public_posts()) == {"publish"}
    assert marked(stored, mark_public_posts("mark")) == {"publish"}
    assert {name for name, post in STATED.items() if is_public_post(post)} == {"publish"}


def test_a_user_who_says_nothing_is_public_where_the_caller_says_so(stored: Any) -> None:
    assert kept(stored, public_users(unstated=True)) == {"publish", "null", "missing"}
    assert marked(stored, mark_public_users("mark", unstated=True)) == {"publish", "null", "missing"}


def test_a_user_who_says_nothing_is_private_elsewhere(stored: Any) -> None:
    assert kept(stored, public_users(unstated=False)) == {"publish"}
    assert marked(stored, mark_public_users("mark", unstated=False)) == {"publish"}


def test_a_hidden_post_is_not_removed() -> None:
    assert {name for name, post in STATED.items() if is_removed_post(post)} == {"deleted", "illegal"}
