"""Whom to follow: second-degree follows by users alike, reasons, and who is never recommended."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.predictors import friend_to_follow
from predictors.follow import Me, endorsed, interests, likenesses, ranked, voices
from store.client import Databases
from store.documents import ObjectId

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def recommended(me: Me, follows: dict[str, list[str]]) -> list[str]:
    interest = interests(me)
    pairs = [(user, each) for user, targets in follows.items() for each in targets if each in interest]
    raw = likenesses(interest, pairs, {})
    return [row["userId"] for row in ranked(me, endorsed(me, voices(raw, follows), follows), {}, 14)]


def test_what_users_alike_follow_comes_first():
    me = Me({"me"}, {"a", "b"}, {}, set(), set())

    assert recommended(me, {"u": ["a", "b", "x"], "v": ["a", "y"], "w": ["z"]}) == ["x", "y", "z"]


def test_the_followed_the_blocked_and_oneself_are_never_recommended():
    me = Me({"me"}, {"a", "b"}, {"me": 3, "blocked": 5}, {"b"}, {"blocked"})

    assert recommended(me, {"u": ["a", "b", "me", "blocked", "x"]}) == ["x"]


def test_an_account_without_any_follow_gets_whom_it_engages_with():
    me = Me({"me"}, set(), {"x": 2, "y": 5}, set(), set())

    assert recommended(me, {}) == ["y", "x"]


def test_nothing_known_gives_nothing():
    assert recommended(Me({"me"}, set(), {}, set(), set()), {}) == []


class Town:
    def __init__(self, db: Databases) -> None:
        self.db, self.ids = db, {}

    def user(self, name: str, **fields) -> ObjectId:
        if name not in self.ids:
            user = {"_id": ObjectId(), "ownerAccount": ObjectId(), "visibility": "publish"}
            self.db.app.users.insert_one(user | {"createdAt": NOW - timedelta(days=90)} | fields)
            self.ids[name] = user
        return self.ids[name]["_id"]

    def relate(self, who: str, whom: str, days_ago: float = 9, **fields) -> None:
        row = {"user": self.user(who), "followedUser": self.user(whom), "following": True}
        self.db.app.relationships.insert_one(row | {"createdAt": NOW - timedelta(days=days_ago)} | fields)

    def ask(self, name: str) -> list[dict]:
        return friend_to_follow({"accountId": str(self.ids[name]["ownerAccount"]), "time": NOW.isoformat()})

    def names(self, rows: list[dict]) -> list[str]:
        known = {str(user["_id"]): name for name, user in self.ids.items()}
        return [known[row["userId"]] for row in rows]


@pytest.fixture
def town(db: Databases) -> Town:
    town = Town(db)
    for whom in ("a", "b"):
        town.relate("me", whom)
        town.relate("alike", whom)
    town.relate("alike", "new")
    return town


def test_a_recommendation_has_a_reason_and_what_it_rests_on(town: Town):
    town.db.analytics.karma.insert_many(
        {"_id": name, "userId": town.user(name), "category": "pets", "karma": 2.0} for name in ("a", "new")
    )

    [row] = town.ask("me")

    assert town.names([row]) == ["new"]
    assert row["reason"] == "followed by 1 who follow as you do, about pets"
    assert (row["engagements"], row["followedByLikeUsers"], row["sharedCategories"]) == (0, 1, ["pets"])


def test_private_and_blocking_accounts_are_left_out(town: Town):
    town.user("private", visibility="private")
    town.user("blocker")
    for whom in ("private", "blocker"):
        town.relate("alike", whom)
    town.relate("blocker", "me", following=False, blocking=True)

    assert town.names(town.ask("me")) == ["new"]


def test_what_is_later_than_the_clock_is_invisible(town: Town):
    town.relate("alike", "later", days_ago=-1)

    assert town.names(town.ask("me")) == ["new"]


def test_engagements_and_a_follow_back_count(town: Town):
    post = ObjectId()
    town.db.app.contents.insert_one({"_id": post, "author": {"id": town.user("liked")}})
    like = {"user": town.user("me"), "targetRef": {"$ref": "content", "$id": post}, "type": "like"}
    town.db.app.engagements.insert_one(like | {"createdAt": NOW - timedelta(days=1)})
    town.relate("fan", "me")

    rows = dict(zip(town.names(town.ask("me")), town.ask("me"), strict=True))

    assert (rows["liked"]["engagements"], rows["liked"]["reason"]) == (1, "you engaged with 1 of their posts")
    assert rows["fan"]["reason"] == "follows you"


def test_an_account_that_is_none_is_told(db: Databases):
    with pytest.raises(ValueError, match="accountId"):
        friend_to_follow({"accountId": str(ObjectId())})
    with pytest.raises(ValueError, match="accountId"):
        friend_to_follow({})
