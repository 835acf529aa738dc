"""What is public, on the real server: keeping many, judging a few and judging one document must agree."""

from typing import Any

import pytest
from bson import ObjectId

from store.client import Databases
from store.inputs.visibility import read_hidden, read_public_posts, read_public_users
from store.rules.visibility import is_published, is_removed_post, public_posts, public_users, published_flag
from tests.golden.reading import oid

STATED: dict[str, dict[str, Any]] = {
    "publish": {"visibility": "publish"},
    "hidden": {"visibility": "hidden"},
    "private": {"visibility": "private"},
    "deleted": {"visibility": "deleted"},
    "illegal": {"visibility": "illegal"},
    "null": {"visibility": None},
    "missing": {},
    "mistyped": {"visibility": 1},
}
PUBLISHED = {"publish", "null", "missing"}


def kept_posts(db: Databases) -> set[ObjectId]:
    return {post["_id"] for post in db.app.contents.aggregate(public_posts(read_hidden(db)))}


def kept_users(db: Databases) -> set[ObjectId]:
    return {user["_id"] for user in db.app.users.aggregate(public_users(read_hidden(db)))}


def public(db: Databases) -> set[ObjectId]:
    """Returns the public posts, by both ways of reading."""
    posts = read_public_posts(db, db.app.contents.distinct("_id"))
    assert posts == kept_posts(db)
    users = db.app.users.distinct("_id")
    assert read_public_users(db, users) == kept_users(db)
    return posts


def post(name: str, author: str | None = None, of: str | None = None, **fields: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"_id": oid(name), "visibility": "publish"}
    document |= {"author": {"id": oid(author)}} if author else {}
    return document | ({"originalPost": {"_id": oid(of)}} if of else {}) | fields


def user(name: str, account: str | None, **fields: Any) -> dict[str, Any]:
    return {"_id": oid(name), "ownerAccount": account and oid(account), "visibility": "publish"} | fields


def test_a_document_without_visibility_is_published(db: Databases) -> None:
    db.app.contents.insert_many({"_id": oid(name), **fields} for name, fields in STATED.items())
    flagged = db.app.contents.aggregate([{"$match": {"$expr": {"$eq": [published_flag(), 1]}}}])

    assert public(db) == {oid(name) for name in PUBLISHED}
    assert {each["_id"] for each in flagged} == public(db)
    assert {name for name, fields in STATED.items() if is_published(fields)} == PUBLISHED


@pytest.mark.parametrize("name", STATED)
@pytest.mark.parametrize("whose", ["users", "accounts"])
def test_a_post_is_public_when_its_author_and_that_ones_account_are(db: Databases, whose: str, name: str) -> None:
    db.app.accounts.insert_many([{"_id": oid("account")}, {"_id": oid("other")}])
    db.app.users.insert_many([user("ada", "account"), user("bob", "other")])
    mine = {"_id": {"$in": [oid("ada"), oid("account")]}}
    db.app[whose].update_one(mine, {"$unset": {"visibility": ""}})
    db.app[whose].update_one(mine, [{"$set": STATED[name]}])
    db.app.contents.insert_many([post("by ada", "ada"), post("by bob", "bob"), post("of ada", "bob", of="by ada")])

    expected = {"by ada", "by bob", "of ada"} if name in PUBLISHED else {"by bob"}
    assert public(db) == {oid(each) for each in expected}


def test_a_missing_user_account_or_original_hides_the_post(db: Databases) -> None:
    db.app.accounts.insert_one({"_id": oid("account")})
    db.app.users.insert_many([user("ada", "account"), user("bob", "gone")])
    db.app.contents.insert_many(
        [post("good", "ada"), post("no account", "bob"), post("no user", "cyd"), post("no original", "ada", of="lost")]
    )

    assert public(db) == {oid("good")}


def test_where_the_app_has_no_users_or_accounts_nothing_is_asked_of_them(db: Databases) -> None:
    db.app.contents.insert_many([post("one", "ada"), post("two", "bob")])
    assert public(db) == {oid("one"), oid("two")}

    db.app.users.insert_one(user("ada", "account"))
    assert public(db) == {oid("one")}

    db.app.accounts.insert_one({"_id": oid("another")})
    assert public(db) == set()


def test_who_is_not_named_is_not_asked_for(db: Databases) -> None:
    db.app.accounts.insert_one({"_id": oid("account")})
    db.app.users.insert_one(user("ada", None))
    odd = {"author": {"id": ["x"]}, "originalPost": {"_id": {"a": 1}}}  # no ids: they name nobody
    db.app.contents.insert_many([post("nobody's"), post("ada's", "ada"), {**post("odd"), **odd}])

    assert public(db) == {oid("nobody's"), oid("ada's"), oid("odd")}


def test_a_reshare_falls_with_any_post_of_its_chain(db: Databases) -> None:
    chain = [post("root"), post("copy", of="root"), post("copy2", of="copy"), post("copy3", of="copy2")]
    db.app.contents.insert_many([*chain, post("other")])
    assert len(public(db)) == 5

    db.app.contents.update_one({"_id": oid("copy")}, {"$set": {"visibility": "illegal"}})
    assert public(db) == {oid("root"), oid("other")}


def test_a_circle_of_reshares_ends(db: Databases) -> None:
    db.app.contents.insert_many([post("a", of="b"), post("b", of="a"), post("self", of="self")])

    assert public(db) == {oid("a"), oid("b"), oid("self")}


def test_a_reshare_falls_with_its_originals_author(db: Databases) -> None:
    db.app.users.insert_many([user("ada", None), user("bob", None, visibility="private")])
    db.app.contents.insert_many([post("root", "bob"), post("copy", "ada", of="root"), post("ada's", "ada")])

    assert public(db) == {oid("ada's")}


def test_a_hidden_post_is_not_removed() -> None:
    assert {name for name, fields in STATED.items() if is_removed_post(fields)} == {"deleted", "illegal"}
