"""friendToFollow: accounts worth following for one account, as of a clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from features.arrays import Floats, positions
from features.categories import GLOBAL
from predictors.social.follow import Person, affinity, endorsed, interest, nearness, ranked
from store.client import Databases
from store.columns import NO_ID, Columns, id_array, object_ids
from store.ids import ObjectId
from store.inputs import social_graph

Ids = Any  # (n,) S12, ascending
_NONE = np.array([NO_ID.binary], dtype="S12")
_MOST = 14  # recommendations
_ROWS = 20_000  # follows of accounts of interest
_NEAR = 500  # nearest users whose follows are read
_LOOKED_THROUGH = 200  # candidates whose karma is read


@dataclass(frozen=True)
class Me:
    """The account to recommend to, and the users it has to do with; ids ascending."""

    ids: Ids
    interest: Floats  # (n,)
    engagements: Floats  # (n,)
    follows_me: Floats  # (n,) 1 or 0
    unwanted: Ids  # own users, followed, blocked and blocking users


def recommend(db: Databases, account: ObjectId, now: datetime) -> list[dict[str, Any]]:
    """Returns the accounts, best first: userId, engagements, score, reason and the facts behind it.

    Raises:
        ValueError: naming the field, when no user belongs to the account.
    """
    users = social_graph.users_of(db, account)
    if not users:
        raise ValueError(f"accountId: {account} owns no user")
    me = _known(db, users, now)
    interesting = [user for user in object_ids(me.ids[me.interest > 0]) if user is not None]
    around = social_graph.followers_of(db, interesting, now, _ROWS)
    ids, tie = _tied(me, around)
    nearest = np.argsort(-tie, kind="stable")[:_NEAR]
    follows = social_graph.follows_of(db, [user for user in object_ids(ids[nearest[tie[nearest] > 0]]) if user], now)

    whole = np.union1d(ids, follows["followed"])
    user, followed = (positions(whole, follows[name]) for name in ("user", "followed"))
    near = nearness(_spread(ids, tie, whole), user)
    total, endorsers = endorsed(near, user, followed)
    chosen = _candidates(me, whole, total, _LOOKED_THROUGH)
    people = _people(db, me, whole[chosen], now)
    public = [place for place, user in zip(chosen.tolist(), object_ids(whole[chosen]), strict=True) if user in people]
    subjects = {slug for karma in social_graph.karma_of(db, interesting).values() for slug in karma} - {GLOBAL}

    rows = ranked(total[public].tolist(), endorsers[public].tolist(), people, subjects, _MOST)
    return [row | {"userId": str(row["userId"])} for row in rows]


def _known(db: Databases, users: list[ObjectId], now: datetime) -> Me:
    own = np.sort(id_array(users))
    links, engaged = social_graph.relations(db, users, now), social_graph.engaged_authors(db, users, now)
    blocked = np.unique(id_array(list(social_graph.blocked(db, users))))
    mine = positions(own, links["user"]) >= 0
    other = np.where(mine, links["followed"], links["user"])
    following = links["following"] == 1
    authors = id_array(list(engaged))
    ids = np.setdiff1d(np.union1d(other, authors), np.concatenate([own, blocked, _NONE]))
    count = np.zeros(len(ids) + 1)
    count[positions(ids, authors)] = list(engaged.values())
    followed, back = (_flags(ids, other[following & side]) for side in (mine, ~mine))
    unwanted = np.unique(np.concatenate([own, other[following & mine], blocked]))
    return Me(ids, interest(followed, count[:-1]), count[:-1], back, unwanted)


def _tied(me: Me, around: Columns) -> tuple[Ids, Floats]:
    """Returns the users of interest and their followers, with their affinity to me; both (n,)."""
    ids = np.union1d(np.union1d(me.ids, around["user"]), around["followed"])
    mine, back = (_spread(me.ids, values, ids) for values in (me.interest, me.follows_me))
    tie = affinity(mine, back, *(positions(ids, around[name]) for name in ("user", "followed")))
    return ids, np.where(positions(me.unwanted, ids) >= 0, tie * (mine > 0), tie)  # without me and blocked users


def _candidates(me: Me, ids: Ids, total: Floats, most: int) -> Any:
    """Returns rows of the best endorsed users, and of all who follow me or wrote posts I engaged with."""
    wanted = (positions(me.unwanted, ids) < 0) & (ids != _NONE)
    best = np.argsort(-np.where(wanted, total, 0.0), kind="stable")[:most]
    known = positions(ids, me.ids[(me.engagements + me.follows_me) > 0])
    chosen = np.union1d(best[total[best] > 0], known)
    return chosen[wanted[chosen]]


def _people(db: Databases, me: Me, ids: Ids, now: datetime) -> dict[ObjectId, Person]:
    users = [user for user in object_ids(ids) if user is not None]
    there, karma = social_graph.public_among(db, users, now), social_graph.karma_of(db, users)
    engaged, back = (_spread(me.ids, values, ids).tolist() for values in (me.engagements, me.follows_me))
    return {
        user: Person(int(count), bool(follows), karma.get(user, {}).get(GLOBAL, 0.0), _subjects(karma.get(user, {})))
        for user, count, follows in zip(users, engaged, back, strict=True)
        if user in there
    }


def _subjects(karma: dict[str, float]) -> frozenset[str]:
    return frozenset(set(karma) - {GLOBAL})


def _flags(ids: Ids, chosen: Ids) -> Floats:
    flags = np.zeros(len(ids) + 1)
    flags[positions(ids, chosen)] = 1.0
    return flags[:-1]


def _spread(ids: Ids, values: Floats, wider: Ids) -> Floats:
    """Returns the values for more ids, 0 for new ones; shape (wider,)."""
    return np.append(values, 0.0)[positions(ids, wider)]
