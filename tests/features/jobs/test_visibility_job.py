"""What stops being public is in no feed, list or statistic: at once by its trigger, at the next run without one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers import features, predictors
from store.client import Databases
from store.ids import ObjectId
from tests.golden.reading import oid

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EVENT = {"time": NOW.isoformat()}
LATER = {"time": (NOW + timedelta(hours=1)).isoformat()}
READER = oid("reader.account")
Cause = tuple[str, str, dict[str, Any] | None]  # collection, whose document, its fields; None: it is deleted
CAUSES: dict[str, Cause] = {
    f"{name} {visibility}": (name, key, {"visibility": visibility})
    for name, key in (("users", "ada"), ("accounts", "ada.account"), ("contents", "original"))
    for visibility in ("illegal", "deleted", "private", "hidden")
} | {
    "users gone": ("users", "ada", None),
    "accounts gone": ("accounts", "ada.account", None),
    "contents gone": ("contents", "original", None),
}


@pytest.fixture
def app(db: Databases) -> Databases:
    """Ada wrote a post, Bob quoted it and wrote one of his own, Cyd quoted Bob's quote; all are tagged."""
    names = ("ada", "bob", "cyd", "reader")
    place = {"countryCode": "th"}
    old = {"visibility": "publish", "createdAt": NOW - timedelta(days=40)}
    db.app.accounts.insert_many([{"_id": oid(f"{name}.account"), "geolocation": place, **old} for name in names])
    db.app.users.insert_many(
        [{"_id": oid(name), "ownerAccount": oid(f"{name}.account"), "followerCount": 9, **old} for name in names]
    )
    posts = (
        ("original", "ada", None),
        ("reshare", "bob", "original"),
        ("again", "cyd", "reshare"),
        ("own", "bob", None),
    )
    for name, author, original in posts:
        post = {"_id": oid(name), "author": {"id": oid(author)}, "hashtags": ["football", author], **old}
        post |= {"createdAt": NOW - timedelta(hours=2), "payload": {"message": name}}
        post |= {"originalPost": {"_id": oid(original)}, "isQuote": True} if original else {}
        db.app.contents.insert_one(post)
    return db


def hide(db: Databases, cause: Cause) -> None:
    name, key, fields = cause
    if fields is None:
        db.app[name].delete_one({"_id": oid(key)})
    else:
        db.app[name].update_one({"_id": oid(key)}, {"$set": fields})


def trigger(cause: Cause) -> dict[str, Any]:
    name, key, fields = cause
    detail = {"ns": {"db": "app-db", "coll": name}, "documentKey": {"_id": str(oid(key))}}
    return LATER | {"detail": detail | {"operationType": "delete" if fields is None else "update"}}


def shown(db: Databases) -> set[ObjectId]:
    return set(db.app.guestfeeditems.distinct("content"))


def personal(event: dict[str, Any]) -> set[ObjectId]:
    answer = predictors.personalize_content_predictor({**event, "accountId": str(READER)}, None)
    return {ObjectId(key) for key in answer["result"]}


EVERYTHING = {oid(name) for name in ("original", "reshare", "again", "own")}
LEFT = {oid("own")}


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_it_leaves_the_guest_feed_and_every_answer_at_its_trigger(app: Databases, cause: Cause) -> None:
    predictors.coldstart_predictor(EVENT, None)
    predictors.serving_snapshot(EVENT, None)
    assert (shown(app), personal(EVENT)) == (EVERYTHING, EVERYTHING)

    hide(app, cause)
    answered = personal(LATER)
    handler: Callable[..., Any] = features.topics_classify if cause[0] == "contents" else features.visibility_changed
    counts = handler(trigger(cause), None)

    assert (answered, shown(app)) == (LEFT, LEFT)
    assert counts["withdrawn"] == 3 * 251


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_it_is_in_no_list_or_statistic_of_the_next_run(app: Databases, cause: Cause) -> None:
    jobs = (features.content_stats, features.creator_stats, features.hashtag_stats, features.karma_stats)
    for job in jobs:
        job(EVENT, None)
    hide(app, cause)

    for job in (*jobs, predictors.coldstart_predictor, predictors.serving_snapshot):
        job(LATER, None)

    stats = app.analytics
    assert set(stats.contentStats.distinct("_id")) == shown(app) == personal(LATER) == LEFT
    assert {tag["_id"]: tag["contentCount"] for tag in stats.hashtagStats.find()} == {"football": 1, "bob": 1}
    assert set(stats.creatorStats.distinct("_id", {"contentCount": {"$gt": 0}})) == {oid("bob")}
    assert set(stats.karma.distinct("userId")) == {oid("bob")}
    if cause[0] != "contents":
        assert oid("ada") not in stats.creatorStats.distinct("_id")


def test_the_last_live_post_leaves_too(app: Databases) -> None:
    predictors.coldstart_predictor(EVENT, None)
    app.app.contents.update_many({}, {"$set": {"visibility": "illegal"}})

    counts = predictors.coldstart_predictor(LATER, None)

    assert (counts["items"], counts["withdrawn"]) == (0, 4 * 251)
    assert app.app.guestfeeditems.count_documents({}) == 0


def test_a_feed_that_runs_dry_keeps_what_is_still_public(app: Databases) -> None:
    predictors.coldstart_predictor(EVENT, None)
    app.app.users.update_one({"_id": oid("ada")}, {"$set": {"visibility": "private"}})

    predictors.coldstart_predictor({"time": (NOW + timedelta(days=40)).isoformat()}, None)

    assert shown(app) == LEFT


def test_what_is_hidden_while_a_feed_is_made_is_not_in_it(app: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    from predictors.jobs import guest_feed

    made = guest_feed.country_feeds

    def then_hidden(*arguments: Any) -> Any:
        hide(app, CAUSES["contents illegal"])
        features.topics_classify(trigger(CAUSES["contents illegal"]), None)
        return made(*arguments)

    monkeypatch.setattr(guest_feed, "country_feeds", then_hidden)
    predictors.coldstart_predictor(EVENT, None)

    assert shown(app) == LEFT


def test_a_user_who_is_still_public_withdraws_nothing(app: Databases) -> None:
    predictors.coldstart_predictor(EVENT, None)

    counts = features.visibility_changed({**EVENT, "users": [str(oid("ada"))]}, None)

    assert counts == {"users": 1, "hidden": 0, "withdrawn": 0}
    assert shown(app) == EVERYTHING


def test_without_a_change_everything_that_is_shown_is_checked(app: Databases) -> None:
    predictors.coldstart_predictor(EVENT, None)
    hide(app, CAUSES["accounts gone"])

    assert features.visibility_changed(LATER, None)["withdrawn"] == 3 * 251
    assert shown(app) == LEFT


def test_nobody_who_is_not_public_is_suggested(app: Databases) -> None:
    names = ("ada", "bob", "cyd")
    for name in names:
        follow = {"user": oid("reader"), "followedUser": oid(name), "following": True, "createdAt": NOW}
        app.app.relationships.insert_one(follow | {"user": oid(name), "followedUser": oid("reader")})
    event = {**LATER, "accountId": str(READER), "userId": str(oid("reader"))}

    def suggested() -> tuple[set[str], set[str]]:
        follows = {person["userId"] for person in predictors.friend_to_follow(event, None)}
        friends = predictors.recommend_friends(event, None)
        return follows, {person["userId"] for person in (*friends["accounts"], *friends["friends"])}

    assert all(str(oid(name)) in people for name in names for people in suggested())

    hide(app, CAUSES["accounts deleted"])
    hide(app, ("users", "cyd", {"visibility": "illegal"}))

    assert suggested() == ({str(oid("bob"))}, {str(oid("bob"))})
