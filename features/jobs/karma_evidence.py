"""Reads what karma is computed from: posts, engagements and users as of a clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from features.arrays import Floats, Ints, positions
from features.categories import Category, all_hashtags, membership
from features.karma.expected_week import Acts, Posts, Shrinkage
from features.milliseconds import to_ms
from features.ranking.point_in_time import PairIndex
from features.statistics.pipelines import Statistics, content_facts
from store.client import Databases
from store.columns import NO_ID, Columns
from store.ids import ObjectId
from store.inputs import event_log, hashtag_forms
from store.outputs import karma
from store.rules.engagements import ENGAGEMENT_TYPES, REPORT
from store.rules.hashtags import normal_tags
from store.rules.visibility import Hidden

_NONE = np.array([NO_ID.binary], dtype="S12")


@dataclass(frozen=True)
class Config:
    """Window and rules of karma."""

    window_days: float = 60.0  # before midnight; six half-lives: older posts weigh less than 2 %
    rules: Shrinkage = field(default_factory=Shrinkage)
    most_changed: float = 0.25  # share of changed users above which a whole run costs less


@dataclass(frozen=True)
class Evidence:
    """Posts, engagements and users as of a clock."""

    posts: Posts
    post_ids: Any  # (p,) S12, ascending
    acts: Acts
    actor: Ints  # (a,) number of the user who engaged, -1 when unknown
    user_ids: Any  # (users,) S12, ascending
    followers: Floats  # (users,) at midnight, NaN when unknown
    followed: Floats  # (users,) at midnight, 0 when unknown
    suspicion: Floats  # (users,) from the cases that existed at midnight
    present: Any  # (users,) bool, had a profile at midnight


def read_evidence(
    db: Databases,
    now: datetime,
    subjects: list[Category],
    config: Config,
    replay: bool,
    hidden: Hidden,
    authors: Sequence[ObjectId] | None = None,
) -> Evidence:
    """Reads the evidence as of `now`; with `authors`, only their posts and no engagements."""
    midnight = midnight_of(now)
    since = midnight - timedelta(days=config.window_days)
    listed = {"$in": list(authors)} if authors is not None else None
    inside = {"author.id": listed} if listed else {}
    window = Statistics(window_days=config.window_days + 1)
    rows = _sorted(karma.read_own_posts(db, since, inside, content_facts(now, window, hidden, replay)))
    rows = {name: values[rows["author"] != _NONE] for name, values in rows.items()}
    people = _sorted(karma.read_people(db, {"_id": listed} if listed else {}))
    users = np.union1d(people["id"], rows["author"])
    person = positions(people["id"], users)
    followers, followed = (np.append(people[name], np.nan)[person] for name in ("followers", "followed"))
    author = positions(users, rows["author"])
    either = {"$or": [{"user": listed}, {"followedUser": listed}]} if listed else {}
    follows = event_log.read_follows(db, {"createdAt": {"$gt": since}, **either})
    follower_gain, followed_gain = (_follows_after(follows, side, users) for side in ("followed", "user"))
    tags = normal_tags("$hashtags", hashtag_forms.read_forms(db, since, now, all_hashtags(subjects)))
    members = karma.read_memberships(db, since, now, inside, tags, membership("$tags", subjects))
    posts = Posts(
        author,
        rows["time"],
        np.stack([rows[kind] for kind in ENGAGEMENT_TYPES], axis=1),
        _members(members, rows["id"], subjects),
        np.maximum(followers[author] - follower_gain(author, rows["time"]), 0.0),
    )
    number, midnight_ms = np.arange(len(users)), np.full(len(users), to_ms(midnight))
    followers = np.maximum(followers - follower_gain(number, midnight_ms), 0.0)
    followed = np.nan_to_num(np.maximum(followed - followed_gain(number, midnight_ms), 0.0))
    acts, actor = _acts(db, since, now, rows["id"], users) if authors is None else _no_acts()
    account = np.append(people["account"], _NONE)[person]
    present = np.append(people["created"] <= to_ms(midnight), False)[person]
    suspicion = _suspicion(db, midnight, account)
    return Evidence(posts, rows["id"], acts, actor, users, followers, followed, suspicion, present)


def midnight_of(now: datetime) -> datetime:
    """Returns the midnight at or before `now`, UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _no_acts() -> tuple[Acts, Ints]:
    none = np.empty(0, dtype=np.int64)
    return Acts(none, none, none), none


def _acts(db: Databases, since: datetime, now: datetime, posts: Any, users: Any) -> tuple[Acts, Ints]:
    rows = event_log.read_engagements(db, {"createdAt": {"$gte": since, "$lt": now}})
    post = positions(posts, rows["content"])
    mask = (post >= 0) & (rows["kind"] < REPORT)
    acts = Acts(post[mask], rows["kind"][mask], rows["time"][mask])
    return acts, positions(users, rows["user"])[mask]


def _follows_after(follows: Columns, side: str, users: Any) -> Any:
    """Returns a function of users and times that counts each user's follows after the time.

    Subtracted from the app's counters, which include all follows, it yields the counters at that time.
    """
    row = positions(users, follows[side])
    index = PairIndex.build(row, np.zeros(len(row), dtype=np.int64), follows["time"], 1)

    def follows_after(user: Ints, time_ms: Ints) -> Floats:
        key = index.key(user, np.zeros(len(user), dtype=np.int64))
        end = np.full(len(user), 2**42)
        return (index.index.before(key, end) - index.index.before(key, time_ms.astype(np.int64) + 1)).astype(np.float64)

    return follows_after


def _members(rows: Columns, posts: Any, subjects: list[Category]) -> Any:
    member = np.zeros((len(posts), len(subjects)), dtype=bool)
    post = positions(posts, rows["id"])
    flags = [rows[subject.slug] == 1 for subject in subjects]
    inside = np.stack(flags, axis=1) if subjects else np.zeros((len(post), 0), bool)
    member[post[post >= 0]] = inside[post >= 0]
    return member


def _suspicion(db: Databases, now: datetime, account: Any) -> Floats:
    """Returns the highest score of each user's credentials, shape (users,)."""
    rows = karma.read_suspicion(db, now)
    accounts = np.unique(account)
    highest = np.zeros(len(accounts) + 1)
    np.maximum.at(highest, positions(accounts, rows["account"]), rows["score"])
    highest[-1] = 0.0
    return np.where(account == _NONE, 0.0, highest[positions(accounts, account)])


def _sorted(columns: Columns) -> Columns:
    order = np.argsort(columns["id"], kind="stable")
    return {name: values[order] for name, values in columns.items()}
