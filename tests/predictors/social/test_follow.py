"""Whom to follow: second-degree follows by users alike, reasons, and who is never recommended."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.predictors import friend_to_follow
from predictors.social.follow import affinity, endorsed, nearness, ranked
from store.client import Databases
from store.ids import ObjectId

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_voice_counts_by_how_near_it_is_and_whom_everybody_follows_tells_little():
    rare, common = affinity(np.array([1.0, 1, 0, 0, 0]), np.zeros(5), np.array([2, 3, 4]), np.array([0, 1, 1]))[[2, 3]]

    assert rare > common > 0


def test_who_follows_the_whole_town_is_near_nobody():
    near = nearness(np.ones(2), np.array([0] * 3 + [1] * 100))

    assert near[0] > 2 * near[1] > 0


@given(st.permutations(range(6)))
def test_the_order_of_follows_does_not_matter(order):
    user, followed = np.array([0, 0, 1, 1, 2, 2]), np.array([3, 4, 3, 5, 4, 5])
    near = np.array([0.5, 0.25, 1.0, 0.0, 0.0, 0.0])

    moved = endorsed(near, user[list(order)], followed[list(order)])

    assert np.allclose(moved[0], endorsed(near, user, followed)[0])


def test_nothing_known_gives_nothing():
    assert ranked([], [], {}, set(), 14) == []


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
    assert row["reason"] == "followed by 1 near you, about pets"
    assert (row["engagements"], row["followedByNear"], row["sharedCategories"]) == (0, 1, ["pets"])


def test_the_followed_the_blocked_and_oneself_are_never_recommended(town: Town):
    for whom in ("me", "a", "blocked"):
        town.relate("alike", whom)
    town.relate("me", "blocked", following=False, blocking=True)

    assert town.names(town.ask("me")) == ["new", "alike"]


def test_a_lone_account_gets_nobody(town: Town):
    town.user("alone")

    assert town.ask("alone") == []


def test_private_and_blocking_accounts_are_left_out(town: Town):
    town.user("private", visibility="private")
    town.user("blocker")
    for whom in ("private", "blocker"):
        town.relate("alike", whom)
    town.relate("blocker", "me", following=False, blocking=True)

    assert town.names(town.ask("me")) == ["new"]


def test_a_blocked_user_and_other_users_of_the_account_neither_appear_nor_recommend(town: Town):
    account = town.ids["me"]["ownerAccount"]
    town.user("my page", ownerAccount=account)
    town.user("their page", ownerAccount=town.ids["alike"]["ownerAccount"])
    town.relate("third", "a")
    town.relate("third", "their page")
    town.relate("third", "wanted")
    town.relate("me", "alike")
    town.relate("alike", "my page", following=False, blocking=True)

    assert town.names(town.ask("me")) == ["wanted"]


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
