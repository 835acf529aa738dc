"""Accounts worth following for one account, from the database as of a clock."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from features.categories import GLOBAL
from predictors.follow import Me, Person, endorsed, interests, likenesses, ranked, voices
from store import circle
from store.client import Databases
from store.documents import ObjectId


@dataclass(frozen=True)
class Config:
    """How far one looks."""

    most: int = 14  # recommendations
    like_users: int = 500  # whose follows are looked at, the most alike
    looked_through: int = 300  # candidates whose karma is read


def recommend(db: Databases, account: ObjectId, now: datetime, config: Config = Config()) -> list[dict[str, Any]]:
    """The accounts, the best first: userId, engagements, score, reason, and what it rests on.

    Raises:
        ValueError: naming the field, when no user belongs to the account.
    """
    users = circle.users_of(db, account)
    if not users:
        raise ValueError(f"accountId: {account} owns no user")
    me = _known(db, users, now)
    interest = interests(me)
    around = circle.followers_of(db, list(interest), now)
    raw = likenesses(interest, (pair for pair in around if pair[0] not in users), Counter(whom for _, whom in around))
    alike = sorted(raw, key=lambda user: (-raw[user], user))[: config.like_users]
    follows = circle.follows_of(db, alike, now)
    found = endorsed(me, voices(raw, follows), follows)

    best = sorted(found, key=lambda user: (-found[user][0], -me.engagements.get(user, 0), user))[
        : config.looked_through
    ]
    chosen = set(best) | (set(found) & (me.followers | set(me.engagements)))
    there = circle.public(db, list(chosen), now)
    people = {user: _person(karma) for user, karma in circle.karma_of(db, list(there)).items()}
    rows = ranked(me, {user: found[user] for user in there}, people, config.most)
    return [row | {"userId": str(row["userId"])} for row in rows]


def _known(db: Databases, users: set[ObjectId], now: datetime) -> Me:
    own = list(users)
    followed = {user for targets in circle.follows_of(db, own, now).values() for user in targets}
    engagements = circle.engaged_authors(db, own, now)
    subjects = circle.karma_of(db, list(followed | set(engagements)))
    return Me(
        users=users,
        followed=followed,
        engagements=engagements,
        followers={follower for follower, _ in circle.followers_of(db, own, now)},
        excluded=circle.blocked(db, own, now),
        subjects={slug for each in subjects.values() for slug in each} - {GLOBAL},
    )


def _person(karma: dict[str, float]) -> Person:
    return Person(karma.get(GLOBAL, 0.0), frozenset(set(karma) - {GLOBAL}))
