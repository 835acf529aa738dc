"""What karma is computed from, read from both databases: posts, engagements and people as of a clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from features.arrays import Floats, Ints, positions
from features.categories import Category, membership
from features.karma.expected_week import Acts, Posts, Shrinkage
from features.milliseconds import to_ms
from features.ranking.point_in_time import PairIndex
from features.statistics.pipelines import Statistics, content_facts
from store.client import Databases
from store.columns import NO_ID, Columns
from store.ids import ObjectId
from store.inputs import event_log
from store.outputs import karma
from store.rules.engagements import ENGAGEMENT_TYPES, REPORT
from store.rules.hashtags import plain_tags

_NONE = np.array([NO_ID.binary], dtype="S12")


@dataclass(frozen=True)
class Config:
    """What karma is taken over."""

    window_days: float = 60.0  # before midnight; six half lives: what is older weighs less than 2 %
    rules: Shrinkage = field(default_factory=Shrinkage)
    most_changed: float = 0.25  # share of the users from which on a whole run costs less


@dataclass(frozen=True)
class Evidence:
    """What was read."""

    posts: Posts
    post_ids: Any  # (p,) S12, ascending
    acts: Acts
    actor: Ints  # (a,) number of the user who engaged, -1 when unknown
    user_ids: Any  # (users,) S12, ascending
    followers: Floats  # (users,) at midnight, NaN when unknown
    followed: Floats  # at midnight, 0 when unknown
    suspicion: Floats  # of the cases known at midnight
    present: Any  # (users,) bool, had a profile at midnight


def read_evidence(
    db: Databases,
    now: datetime,
    known: list[Category],
    config: Config,
    replay: bool,
    authors: Sequence[ObjectId] | None = None,
) -> Evidence:
    """Everything as of `now`, or only the posts of these authors, without engagements."""
    midnight = midnight_of(now)
    since = midnight - timedelta(days=config.window_days)
    inside = {"author.id": {"$in": list(authors)}} if authors is not None else {}
    listed = {"$in": list(authors)} if authors is not None else None
    wide = Statistics(window_days=config.window_days + 1)
    rows = _sorted(karma.read_own_posts(db, since, inside, content_facts(now, wide, replay)))
    rows = {name: values[rows["author"] != _NONE] for name, values in rows.items()}
    people = _sorted(karma.read_people(db, {"_id": listed} if listed else {}))
    users = np.union1d(people["id"], rows["author"])
    at = positions(people["id"], users)
    followers, followed = (np.append(people[name], np.nan)[at] for name in ("followers", "followed"))
    author = positions(users, rows["author"])
    either = {"$or": [{"user": listed}, {"followedUser": listed}]} if listed else {}
    follows = event_log.read_follows(db, {"createdAt": {"$gt": since}, **either})
    later, later_made = _later_follows(follows, "followed", users), _later_follows(follows, "user", users)
    members = karma.read_memberships(db, since, now, inside, plain_tags("$hashtags"), membership("$tags", known))
    posts = Posts(
        author,
        rows["time"],
        np.stack([rows[kind] for kind in ENGAGEMENT_TYPES], axis=1),
        _members(members, rows["id"], known),
        np.maximum(followers[author] - later(author, rows["time"]), 0.0),
    )
    midnight_ms = np.full(len(users), to_ms(midnight))
    at_midnight = np.maximum(followers - later(np.arange(len(users)), midnight_ms), 0.0)
    made = np.nan_to_num(np.maximum(followed - later_made(np.arange(len(users)), midnight_ms), 0.0))
    acts, actor = _acts(db, since, now, rows["id"], users) if authors is None else _no_acts()
    account = np.append(people["account"], _NONE)[at]
    present = np.append(people["created"] <= to_ms(midnight), False)[at]
    suspicion = _suspicion(db, midnight, account)
    return Evidence(posts, rows["id"], acts, actor, users, at_midnight, made, suspicion, present)


def midnight_of(now: datetime) -> datetime:
    """The midnight before, in UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _no_acts() -> tuple[Acts, Ints]:
    none = np.empty(0, dtype=np.int64)
    return Acts(none, none, none), none


def _acts(db: Databases, since: datetime, now: datetime, posts: Any, users: Any) -> tuple[Acts, Ints]:
    rows = event_log.read_engagements(db, {"createdAt": {"$gte": since, "$lt": now}})
    post = positions(posts, rows["content"])
    kept = (post >= 0) & (rows["kind"] < REPORT)
    acts = Acts(post[kept], rows["kind"][kept], rows["time"][kept])
    return acts, positions(users, rows["user"])[kept]


def _later_follows(follows: Columns, side: str, users: Any) -> Any:
    """A function of users and times: how many follows each user won, or made, after it; the counters have them all."""
    known = positions(users, follows[side])
    index = PairIndex.build(known, np.zeros(len(known), dtype=np.int64), follows["time"], 1)

    def later(user: Ints, time_ms: Ints) -> Floats:
        key = index.key(user, np.zeros(len(user), dtype=np.int64))
        end = np.full(len(user), 2**42)
        return (index.index.before(key, end) - index.index.before(key, time_ms.astype(np.int64) + 1)).astype(np.float64)

    return later


def _members(rows: Columns, posts: Any, known: list[Category]) -> Any:
    member = np.zeros((len(posts), len(known)), dtype=bool)
    at = positions(posts, rows["id"])
    inside = np.stack([rows[each.slug] for each in known], axis=1) == 1 if known else np.zeros((len(at), 0), bool)
    member[at[at >= 0]] = inside[at >= 0]
    return member


def _suspicion(db: Databases, now: datetime, account: Any) -> Floats:
    """The highest score of each user's devices, shape (users,)."""
    rows = karma.read_suspicion(db, now)
    accounts = np.unique(account)
    worst = np.zeros(len(accounts) + 1)
    np.maximum.at(worst, positions(accounts, rows["account"]), rows["score"])
    worst[-1] = 0.0
    return np.where(account == _NONE, 0.0, worst[positions(accounts, account)])


def _sorted(columns: Columns) -> Columns:
    order = np.argsort(columns["id"], kind="stable")
    return {name: values[order] for name, values in columns.items()}
