"""Planned actions: off until configured, within the budget, spread, carried out once, undone."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from bson import DBRef

from handlers.connectors.app import AppConnector
from handlers.connectors.mastodon import MastodonConnector
from handlers.predictors import actions_plan
from predictors.jobs.action_execution import carry_out, undo
from predictors.jobs.actions import plan_actions
from predictors.social.actions import parsed
from store.client import Databases
from store.ids import ObjectId
from store.outputs import action_budget, actions, categories

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
NUMBERS = {"like": 20.0, "comment": 20.0, "recast": 20.0, "quote": 2.0}


class Network:
    """People with karma, and one of ours."""

    def __init__(self, db: Databases) -> None:
        self.db = db
        self.actor = self.user()
        categories.create(db, "pets", "Pets", ["pets"])

    def user(self, visibility: str = "publish") -> ObjectId:
        user = {"_id": ObjectId(), "ownerAccount": ObjectId(), "visibility": visibility, "followerCount": 0}
        self.db.app.users.insert_one(user)
        return user["_id"]

    def with_karma(self, visibility: str = "publish", **numbers: float | None) -> ObjectId:
        user = self.user(visibility)
        body = {name: {"karmaSeed": value, "karma": 1.0} for name, value in (NUMBERS | numbers).items()}
        self.db.analytics.karma.insert_one({"_id": f"{user}:pets", "userId": user, "category": "pets", "actions": body})
        return user

    def post(self, likes: int = 101, followers: int = 501, contents: int = 101) -> ObjectId:
        author, post = ObjectId(), ObjectId()
        self.db.analytics.creatorStats.insert_one({"_id": author, "followerCount": followers, "contentCount": contents})
        self.db.analytics.contentStats.insert_one({"_id": post, "authorId": author, "likeCount": likes})
        self.db.app.contents.insert_one({"_id": post, "visibility": "publish", "hashtags": ["Pets"]})
        return post

    def configure(self, **settings) -> None:
        actions.save_settings(self.db, "pets", {"enabled": True, "actor": self.actor} | settings)

    def planned(self, event: str | None = None) -> list[dict]:
        return list(self.db.analytics.actions.find({"event": event} if event else {}, sort=[("dueAt", 1)]))


@pytest.fixture
def network(db: Databases) -> Network:
    return Network(db)


def test_nothing_is_planned_until_an_operator_sets_it_up(network: Network):
    network.with_karma()

    assert actions_plan({"time": NOW.isoformat()}) == {"off": 1, "planned": 0, "stopped": 0}
    assert network.planned() == []


def test_who_is_over_every_threshold_is_followed_dry(network: Network):
    best = network.with_karma()
    network.with_karma(quote=1.0)
    network.with_karma(comment=None)
    network.with_karma(visibility="private")
    network.configure()

    plan_actions(network.db, NOW)

    [action] = network.planned()
    assert (action["event"], action["target"], action["state"]) == ("FOLLOW_USER", best, "planned")
    assert action["dryRun"]
    assert action["why"]["karma"]["like"] == 20.0


def test_dry_actions_are_never_carried_out(network: Network):
    network.with_karma()
    network.configure()
    plan_actions(network.db, NOW)

    counts = carry_out(network.db, NOW + timedelta(hours=1), {"app": AppConnector(network.db, NOW)})

    assert counts["done"] == 0
    assert network.db.app.relationships.count_documents({}) == 0


def test_who_is_followed_or_blocked_already_is_left_alone(network: Network):
    for state in ({"following": True}, {"blocking": True}):
        row = {"user": network.actor, "followedUser": network.with_karma(), "createdAt": NOW - timedelta(days=1)}
        network.db.app.relationships.insert_one(row | state)
    blocker = {"user": network.with_karma(), "followedUser": network.actor, "blocking": True}
    network.db.app.relationships.insert_one(blocker | {"createdAt": NOW - timedelta(days=1)})
    network.configure()

    assert plan_actions(network.db, NOW)["planned"] == 0


def test_a_post_is_liked_only_over_all_three_numbers(network: Network):
    liked = network.post()
    for short in ({"likes": 100}, {"followers": 500}, {"contents": 100}):
        network.post(**short)
    network.configure()

    plan_actions(network.db, NOW)

    assert [each["target"] for each in network.planned("POST_LIKED")] == [liked]


def test_the_same_event_twice_gives_the_same_plan(network: Network):
    for _ in range(5):
        network.with_karma()
    network.configure()
    plan_actions(network.db, NOW)
    first, tokens = network.planned(), network.db.analytics.actionBudgets.find_one()

    plan_actions(network.db, NOW)

    assert network.planned() == first
    assert network.db.analytics.actionBudgets.find_one()["tokens"] == tokens["tokens"]


def test_plans_are_within_the_budget_and_spread_over_the_hour(network: Network):
    for _ in range(9):
        network.with_karma()
    network.configure(perHour=3, burst=6)

    counts = plan_actions(network.db, NOW)

    minutes = [round((each["dueAt"] - NOW).total_seconds() / 60) for each in network.planned()]
    assert (counts["planned"], counts["overBudget"]) == (6, 3)
    assert minutes == [5, 15, 25, 35, 45, 55]
    assert plan_actions(network.db, NOW + timedelta(hours=1))["planned"] == 3


def test_a_bucket_shared_by_many_gives_no_more_than_it_holds(db: Databases):
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: action_budget.take(db, "net", 3, NOW, 10, 50), range(40)))

    assert sum(taken) == 50
    assert action_budget.take(db, "net", 5, NOW - timedelta(hours=5), 10, 50) == 0
    assert action_budget.take(db, "net", 50, NOW + timedelta(minutes=30), 10, 50) == 5
    assert action_budget.take(db, "net", 99, NOW + timedelta(days=9), 10, 50) == 50


def test_carrying_out_writes_as_the_app_does_once_and_undo_takes_it_back(network: Network):
    user, post = network.with_karma(), network.post()
    network.configure(dryRun=False)
    plan_actions(network.db, NOW)
    later = NOW + timedelta(hours=1)
    app = {"app": AppConnector(network.db, later)}

    with ThreadPoolExecutor(4) as pool:
        done = [each["done"] for each in pool.map(lambda _: carry_out(network.db, later, app), range(4))]

    assert sum(done) == 2
    follow = network.db.app.relationships.find_one()
    assert (follow["user"], follow["followedUser"], follow["following"]) == (network.actor, user, True)
    assert network.db.app.users.find_one({"_id": user})["followerCount"] == 1
    assert network.db.app.contents.find_one({"_id": post})["engagements"]["like"]["count"] == 1
    assert network.db.app.engagements.find_one()["targetRef"].id == post
    for each in network.planned():
        undo(network.db, each["_id"], later, app)
    assert network.db.app.users.find_one({"_id": user})["followerCount"] == 0
    assert network.db.app.contents.find_one({"_id": post})["engagements"]["like"]["count"] == 0
    assert {each["state"] for each in network.planned()} == {"undone"}
    with pytest.raises(ValueError, match="undone"):
        undo(network.db, network.planned()[0]["_id"], later, app)


def test_who_falls_under_a_threshold_is_followed_no_longer(network: Network):
    user = network.with_karma()
    network.configure(dryRun=False)
    plan_actions(network.db, NOW)
    carry_out(network.db, NOW + timedelta(hours=1), {"app": AppConnector(network.db, NOW)})
    network.db.analytics.karma.update_one({"userId": user}, {"$set": {"actions.quote.karmaSeed": 0.5}})

    plan_actions(network.db, NOW + timedelta(days=2))

    assert [each["target"] for each in network.planned("UNFOLLOW_USER")] == [user]


def test_the_like_of_a_post_that_is_gone_is_taken_back(network: Network):
    post = network.post()
    network.configure(dryRun=False)
    plan_actions(network.db, NOW)
    carry_out(network.db, NOW + timedelta(hours=1), {"app": AppConnector(network.db, NOW)})
    network.db.app.contents.update_one({"_id": post}, {"$set": {"visibility": "deleted"}})

    plan_actions(network.db, NOW + timedelta(days=2))

    assert [each["target"] for each in network.planned("POST_UNLIKED")] == [post]


def test_requests_stay_within_the_budget(network: Network):
    for _ in range(4):
        network.with_karma()
    network.configure(dryRun=False, perHour=2, burst=4)
    plan_actions(network.db, NOW)
    action_budget.take(network.db, "app", 3, NOW + timedelta(hours=1), 2, 4)

    counts = carry_out(network.db, NOW + timedelta(hours=1), {"app": AppConnector(network.db, NOW)})

    assert (counts["done"], counts["overBudget"]) == (1, 1)


def test_the_kill_switch_stops_planning_and_carrying_out(network: Network):
    network.with_karma()
    network.configure(dryRun=False)
    plan_actions(network.db, NOW)

    actions.stop_everything(network.db)

    counts = carry_out(network.db, NOW + timedelta(hours=1), {"app": AppConnector(network.db, NOW)})
    assert (counts["done"], counts["stopped"]) == (0, 1)
    assert plan_actions(network.db, NOW)["stopped"] == 1


def test_bad_settings_name_the_field():
    with pytest.raises(ValueError, match="actor"):
        parsed({"_id": "pets"})
    with pytest.raises(ValueError, match="measure"):
        parsed({"_id": "pets", "actor": 1, "measure": "luck"})
    with pytest.raises(ValueError, match="like"):
        parsed({"_id": "pets", "actor": 1, "thresholds": {"like": "many"}})


@pytest.fixture
def mastodon():
    """A stand-in server that answers as Mastodon does, and notes what it was asked."""
    asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((self.path, self.headers["Authorization"]))
            missing = "/999/" in self.path
            body = json.dumps({"error": "Record not found"} if missing else {"id": self.path.split("/")[4]}).encode()
            self.send_response(404 if missing else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Silence."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_mastodon_is_asked_through_its_library(db: Databases, mastodon):
    address, asked = mastodon
    connector = MastodonConnector.at(address, "secret")
    for at, (event, target) in enumerate([("FOLLOW_USER", 7), ("POST_LIKED", 8), ("FOLLOW_USER", 999)]):
        key = {"_id": str(at), "event": event, "target": target, "actor": "us", "network": "mastodon"}
        limits = {"state": "planned", "dryRun": False, "dueAt": NOW, "budget": {"perHour": 9, "burst": 9}}
        db.analytics.actions.insert_one(key | limits)

    counts = carry_out(db, NOW, {"mastodon": connector})
    undo(db, "0", NOW, {"mastodon": connector})
    undo(db, "1", NOW, {"mastodon": connector})

    assert (counts["done"], counts["failed"]) == (2, 1)
    assert "404" in actions.find(db, "2")["error"] or "not found" in actions.find(db, "2")["error"]
    assert [path for path, _ in asked] == [
        "/api/v1/accounts/7/follow", "/api/v1/statuses/8/favourite", "/api/v1/accounts/999/follow",
        "/api/v1/accounts/7/unfollow", "/api/v1/statuses/8/unfavourite",
    ]  # fmt: skip
    assert {token for _, token in asked} == {"Bearer secret"}


def test_a_block_of_any_user_of_the_account_leaves_out_posts_and_reshares(network: Network):
    account = network.db.app.users.find_one({"_id": network.actor})["ownerAccount"]
    other, blocked = network.user(), network.user()
    network.db.app.users.update_one({"_id": other}, {"$set": {"ownerAccount": account}})
    network.db.app.relationships.insert_one({"user": blocked, "followedUser": other, "blocking": True})
    written, reshared = network.post(), network.post()
    own, plain = network.post(), network.post()
    network.db.app.contents.update_one({"_id": written}, {"$set": {"author.id": blocked}})
    network.db.app.contents.update_one({"_id": reshared}, {"$set": {"originalPost": post_by(blocked)}})
    network.db.app.contents.update_one({"_id": own}, {"$set": {"author.id": other}})
    network.configure()

    plan_actions(network.db, NOW)

    assert [action["target"] for action in network.planned("POST_LIKED")] == [plain]


def test_a_post_and_its_bare_reshares_are_liked_once(network: Network):
    original, copy, popular_copy = network.post(), network.post(likes=300), network.post(likes=200)
    liked_copy, gone = network.post(), post_by(ObjectId())
    for post, source in ((copy, original), (popular_copy, gone["_id"]), (liked_copy, ObjectId())):
        reshare = {"isRecast": True, "originalPost": {"_id": source}}
        network.db.app.contents.update_one({"_id": post}, {"$set": reshare})
    other_copy = network.post(likes=1)
    source = network.db.app.contents.find_one({"_id": liked_copy})["originalPost"]
    network.db.app.contents.update_one({"_id": other_copy}, {"$set": {"isRecast": True, "originalPost": source}})
    like = {"user": network.actor, "type": "like", "targetRef": DBRef("content", other_copy)}
    network.db.app.engagements.insert_one(like)
    network.configure()

    plan_actions(network.db, NOW)

    assert [action["target"] for action in network.planned("POST_LIKED")] == [
        original
    ]  # the other copies are not public: their originals are gone


def test_a_block_after_the_plan_stops_the_action(network: Network):
    followed, post = network.with_karma(), network.post()
    author = network.user()
    network.db.app.contents.update_one({"_id": post}, {"$set": {"author.id": author}})
    network.configure(dryRun=False)
    plan_actions(network.db, NOW)
    for user in (followed, author):
        network.db.app.relationships.insert_one({"user": user, "followedUser": network.actor, "blocking": True})

    counts = carry_out(network.db, NOW + timedelta(hours=1), {"app": AppConnector(network.db, NOW)})

    assert (counts["done"], counts["failed"]) == (0, 2)
    assert {action["error"] for action in network.planned()} == {"blocked"}


def post_by(author: ObjectId) -> dict:
    return {"_id": ObjectId(), "author": {"id": author}}
