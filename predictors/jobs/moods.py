"""startAnalysis and recommendFriends: moods of users who opted in, and friend recommendations."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from predictors.social.friends import Candidate, main_language, rank_friends
from predictors.social.mood import LABELS, Mood, Posts, read_mood
from predictors.social.mood import Config as MoodConfig
from store.client import Databases
from store.erasure import is_erased
from store.ids import Document, ObjectId
from store.inputs import social_graph
from store.outputs import moods

Answer = dict[str, Any]
ERASED = "this person was erased"
NO_CONSENT = 'no consent: send "consent": true once the user has opted in'


@dataclass(frozen=True)
class Config:
    """Limits of what is read, and the retention period."""

    mood: MoodConfig = field(default_factory=MoodConfig)
    own_posts: int = 50  # the latest
    engagements: int = 100  # the latest
    retention_days: float = 90.0  # until an analysis is deleted
    history: int = 30  # earlier moods in the answer
    friends: int = 10
    candidates: int = 200  # friends of friends that are read
    accounts: int = 3
    hashtags: int = 3


def analyse_mood(
    db: Databases, now: datetime, user: ObjectId, consent: bool | None = None, config: Config = Config()
) -> Answer:
    """Returns and stores the user's mood at `now`; unknown without consent, which `consent` gives or withdraws."""
    if consent is False:
        return _unknown(user, "consent withdrawn") | {"deleted": moods.delete_moods(db, [user])}
    if is_erased(db, user):
        return _unknown(user, ERASED)
    if consent:
        moods.give_consent(db, user, now)
    if not moods.has_consent(db, user):
        return _unknown(user, NO_CONSENT)

    since = now - timedelta(days=config.retention_days)
    moods.drop_older_moods(db, since)
    last = moods.latest_moods(db, [user], since, now).get(user)
    posts = _posts(db, now, user, config)

    mood = read_mood(_columns(posts, now), last, config.mood, seed=int(str(user)[-8:], 16))

    document = _document(mood, posts)
    moods.write_mood(db, user, now, document)
    if is_erased(db, user):  # meanwhile
        moods.delete_moods(db, [user])
        return _unknown(user, ERASED)
    history = moods.mood_history(db, user, since, now, config.history)
    return _answer(user, document) | {"history": history}


def recommend_friends(db: Databases, now: datetime, user: ObjectId, config: Config = Config()) -> Answer:
    """Returns large accounts, hashtags and friends of friends for a user, with reasons; no mood is read."""
    own_users = social_graph.own_users(db, user)
    blocked = social_graph.blocked(db, own_users)
    first = [followed for followed in social_graph.followed_by(db, [user], now) if followed not in blocked]
    hidden = blocked.union(own_users)
    large = social_graph.most_followed(db, [user, *first, *hidden], now, config.accounts + config.friends)
    language = main_language(moods.languages_of(db, [user], now)[user])
    candidates = _candidates(db, now, user, first, hidden, config) or _popular(large[config.accounts :])

    friends = rank_friends(candidates, language, config.friends)

    return {
        "userId": str(user),
        "accounts": [
            {"userId": str(account["_id"]), "reasons": ["many follow this account"]}
            for account in large[: config.accounts]
        ],
        "hashtags": social_graph.live_hashtags(db, config.hashtags),
        "friends": [{"userId": str(friend["user"]), "reasons": friend["reasons"]} for friend in friends],
    }


def _posts(db: Databases, now: datetime, user: ObjectId, config: Config) -> list[moods.ReadPost]:
    own = moods.own_posts(db, user, now, config.own_posts)
    return [*own, *moods.engaged_posts(db, user, now, config.engagements)]


def _columns(posts: Sequence[moods.ReadPost], now: datetime) -> Posts:
    emotions = [[float(post.emotions.get(label, 0.0)) for label in LABELS] for post in posts]
    return Posts(
        emotions=np.array(emotions, np.float64).reshape(len(posts), len(LABELS)),
        age_hours=np.array([(now - post.created_at) / timedelta(hours=1) for post in posts]),
        activity=np.array([post.activity for post in posts], np.float64),
        own=np.array([post.own for post in posts], np.bool_),
    )


def _document(mood: Mood, posts: Sequence[moods.ReadPost]) -> Document:
    def content(row: int | None) -> ObjectId | None:
        return None if row is None else posts[row].content

    positivity, negativity = mood.interval
    return {
        "mood": mood.name,
        "reason": mood.reason,
        "positivity": mood.positivity,
        "negativity": mood.negativity,
        "interval": {"positivity": list(positivity), "negativity": list(negativity)},
        "happiest": content(mood.happiest),
        "saddest": content(mood.saddest),
        "contents": len(posts),
    }


def _answer(user: ObjectId, document: Document) -> Answer:
    posts = {name: str(document[name]) if document[name] else None for name in ("happiest", "saddest")}
    return {"userId": str(user)} | document | posts


def _unknown(user: ObjectId, reason: str) -> Answer:
    return {"userId": str(user), "mood": "unknown", "reason": reason}


def _candidates(
    db: Databases,
    now: datetime,
    user: ObjectId,
    first: Sequence[ObjectId],
    hidden: set[ObjectId],
    config: Config,
) -> list[Candidate]:
    common = social_graph.second_degree(db, user, first, hidden, now, config.candidates)
    people = social_graph.public_people(db, list(common), now)
    languages = moods.languages_of(db, list(people), now)
    return [
        Candidate(person, common[person], main_language(Counter(languages[person])), _followers(document))
        for person, document in people.items()
    ]


def _popular(large: Sequence[Document]) -> list[Candidate]:
    """Returns large accounts as candidates, for a user without a network."""
    return [Candidate(account["_id"], 0, None, _followers(account)) for account in large]


def _followers(user: Document) -> int:
    count = user.get("followerCount")
    return count if isinstance(count, int) else 0
