"""startAnalysis and recommendFriends on a real server."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.features import hashtag_stats
from handlers.predictors import recomend_friends, recommend_friends, start_analysis
from store.client import Databases
from store.ids import ObjectId
from store.outputs.moods import delete_moods, give_consent, write_mood
from store.schema import collection

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
EVENT = {"time": NOW.isoformat()}
ACCOUNT = ObjectId()
HAPPY, SAD = {"joy": 0.9, "sadness": 0.02}, {"sadness": 0.9, "joy": 0.02}


def person(db: Databases, followers: int = 0, **fields: Any) -> ObjectId:
    user = ObjectId()
    document = {"_id": user, "type": "people", "followerCount": followers, "createdAt": NOW - timedelta(days=9)}
    collection(db, "users").insert_one(document | fields)
    return user


def post(db: Databases, author: ObjectId, emotions: dict[str, float], language: str = "en", **fields: Any) -> ObjectId:
    content = ObjectId()
    document = {
        "_id": content,
        "author": {"id": author},
        "visibility": "publish",
        "createdAt": NOW - timedelta(hours=3),
    }
    collection(db, "contents").insert_one(document | fields)
    known = {"contentId": content, "emotions": emotions, "language": language, "updatedAt": NOW}
    collection(db, "contentinfo").insert_one(known)
    return content


def follow(db: Databases, user: ObjectId, followed: ObjectId, **fields: Any) -> None:
    edge = {"user": user, "followedUser": followed, "following": True, "blocking": False, "createdAt": NOW}
    collection(db, "relationships").insert_one(edge | fields)


def analyse(user: ObjectId, **more: Any) -> dict[str, Any]:
    return start_analysis(EVENT | {"userId": str(user)} | more, None)


def moods(db: Databases) -> list[dict[str, Any]]:
    return list(collection(db, "moods").find().sort("analysedAt", 1))


def test_without_consent_nothing_is_read_or_kept(db: Databases) -> None:
    user = person(db)
    for _ in range(6):
        post(db, user, HAPPY)

    answer = analyse(user)

    assert answer["mood"] == "unknown"
    assert "consent" in answer["reason"]
    assert moods(db) == []


def test_the_mood_of_six_happy_posts_is_cheerful(db: Databases) -> None:
    user = person(db)
    contents = [post(db, user, HAPPY) for _ in range(5)] + [post(db, user, SAD)]

    answer = analyse(user, consent=True)

    assert answer["mood"] == "Cheerful"
    assert answer["saddest"] == str(contents[-1])
    assert answer["interval"]["positivity"][0] <= answer["positivity"] <= answer["interval"]["positivity"][1]
    assert json.dumps(answer)


def test_under_five_posts_the_mood_is_unknown(db: Databases) -> None:
    user = person(db)
    post(db, user, HAPPY)

    answer = analyse(user, consent=True)

    assert (answer["mood"], answer["contents"]) == ("unknown", 1)


def test_posts_that_the_user_engaged_with_count(db: Databases) -> None:
    user, other = person(db), person(db)
    for _ in range(6):
        content = post(db, other, SAD)
        act = {"user": user, "type": "like", "createdAt": NOW - timedelta(hours=1)}
        collection(db, "engagements").insert_one(act | {"targetRef": {"$ref": "content", "$id": content}})

    assert analyse(user, consent=True)["mood"] == "Depressed"


def test_posts_later_than_the_clock_do_not_exist(db: Databases) -> None:
    user = person(db)
    for _ in range(6):
        post(db, user, HAPPY, createdAt=NOW + timedelta(hours=1))

    assert analyse(user, consent=True)["contents"] == 0


def test_the_same_event_twice_gives_the_same_documents(db: Databases) -> None:
    user = person(db)
    for _ in range(6):
        post(db, user, HAPPY)
    first = analyse(user, consent=True)
    kept = moods(db)

    again = analyse(user, consent=True)

    assert (again, moods(db)) == (first, kept)


def test_earlier_moods_stay_as_history(db: Databases) -> None:
    user = person(db)
    for _ in range(6):
        post(db, user, HAPPY)
    start_analysis({"time": (NOW - timedelta(hours=1)).isoformat(), "userId": str(user), "consent": True}, None)

    history = analyse(user)["history"]

    assert [each["mood"] for each in history] == ["Cheerful", "Cheerful"]


def test_moods_older_than_the_retention_go(db: Databases) -> None:
    user = person(db)
    old = NOW - timedelta(days=91)
    start_analysis({"time": old.isoformat(), "userId": str(user), "consent": True}, None)

    analyse(user)

    assert [each["analysedAt"] for each in moods(db) if "analysedAt" in each] == [NOW]


def test_withdrawn_consent_deletes_everything(db: Databases) -> None:
    user = person(db)
    analyse(user, consent=True)

    answer = analyse(user, consent=False)

    assert answer["deleted"] == 2
    assert moods(db) == []


@pytest.mark.parametrize("event", [{}, {"userId": "me"}, {"userId": {"$ne": None}}])
def test_a_bad_user_is_told_by_its_field(db: Databases, event: dict[str, Any]) -> None:
    for handler in (start_analysis, recommend_friends):
        with pytest.raises(ValueError, match="userId"):
            handler(event, None)


@pytest.mark.parametrize("consent", ["maybe", "true", 1, 0, 1.0, [], {}])
def test_a_consent_that_is_no_yes_or_no_is_refused(db: Databases, consent: Any) -> None:
    with pytest.raises(ValueError, match="consent"):
        analyse(ObjectId(), consent=consent)

    assert moods(db) == []


FEELINGS = ("Cheerful", "Satisfied", "Stressed", "Depressed", None)
MOODS = [(own, other) for own in FEELINGS for other in FEELINGS]


def set_mood(db: Databases, user: ObjectId, mood: str | None, at: datetime, consent: bool) -> None:
    """Replaces what is stored of the user's mood."""
    delete_moods(db, [user])
    if consent:
        give_consent(db, user, at)
    if mood:
        write_mood(db, user, at, {"mood": mood, "positivity": 0.5, "negativity": 0.5})


@pytest.mark.parametrize("consent", [True, False])
def test_an_attacker_who_sets_the_own_mood_learns_nothing_of_another_persons(db: Databases, consent: bool) -> None:
    user, friends, target = person(db), [person(db) for _ in range(4)], person(db)
    others = [person(db) for _ in range(4)]  # as decoys: one to four friends in common, around the target's two
    for place, friend in enumerate(friends):
        follow(db, user, friend)
        for decoy in others[place:]:
            follow(db, friend, decoy)
    for friend in friends[:2]:
        follow(db, friend, target)
    earlier = NOW - timedelta(hours=1)

    answers = []
    for own, other in MOODS:
        set_mood(db, user, own, earlier, True)
        set_mood(db, target, other, earlier, consent)
        answers.append(json.dumps(recommend_friends(EVENT | {"userId": str(user)}, None)))

    assert str(target) in answers[0]
    assert len(set(answers)) == 1


@pytest.mark.parametrize("blocker", ["user", "other"])
def test_who_is_blocked_or_blocks_is_not_recommended(db: Databases, blocker: str) -> None:
    user, friend, other = person(db), person(db), person(db, followers=9)
    follow(db, user, friend)
    follow(db, friend, other)
    sides = (user, other) if blocker == "user" else (other, user)
    follow(db, *sides, following=False, blocking=True)

    answer = recommend_friends(EVENT | {"userId": str(user)}, None)

    assert str(other) not in json.dumps({"friends": answer["friends"], "accounts": answer["accounts"]})


def test_who_writes_another_language_is_not_recommended(db: Databases) -> None:
    user, friend, other = (person(db) for _ in range(3))
    follow(db, user, friend)
    follow(db, friend, other)
    post(db, user, HAPPY, language="th")
    post(db, other, HAPPY, language="en")

    assert recommend_friends(EVENT | {"userId": str(user)}, None)["friends"] == []


def test_a_new_user_gets_large_accounts_and_live_hashtags(db: Databases) -> None:
    large = [person(db, followers=count) for count in (50, 40, 30, 20)]
    for tag in ("one", "two", "three", "four"):
        post(db, large[0], HAPPY, hashtags=[tag])
    post(db, large[1], HAPPY, hashtags=["#One"])
    hashtag_stats(EVENT, None)

    answer = recomend_friends(EVENT | {"userId": str(ObjectId())}, None)

    assert [each["userId"] for each in answer["accounts"]] == [str(each) for each in large[:3]]
    assert answer["hashtags"][0] == "one"
    assert len(answer["hashtags"]) == 3
    assert [each["userId"] for each in answer["friends"]] == [str(large[3])]


@pytest.mark.parametrize("blocker", ["user", "other"])
def test_a_block_of_another_user_of_the_account_holds_too(db: Databases, blocker: str) -> None:
    user, friend, other, page = person(db, ownerAccount=ACCOUNT), person(db), person(db, 50), person(db, 60)
    own_page = person(db, 70, ownerAccount=ACCOUNT)
    account = {"$set": {"ownerAccount": ObjectId()}}
    db.app.users.update_many({"_id": {"$in": [other, page]}}, account)
    follow(db, user, friend)
    for candidate in (other, page, own_page):
        follow(db, friend, candidate)
    sides = (own_page, other) if blocker == "user" else (other, own_page)
    follow(db, *sides, following=False, blocking=True)

    answer = recommend_friends(EVENT | {"userId": str(user)}, None)

    assert answer["friends"] == answer["accounts"] == []


def test_a_followed_user_who_blocks_recommends_nobody(db: Databases) -> None:
    user, friend, candidate = person(db), person(db), person(db)
    follow(db, user, friend)
    follow(db, friend, candidate)
    follow(db, friend, user, following=False, blocking=True)

    assert recommend_friends(EVENT | {"userId": str(user)}, None)["friends"] == []
