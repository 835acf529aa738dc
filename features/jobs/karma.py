"""Karma of everybody who posts in a category, as of a clock; only what changed is written."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import numpy as np

from features.asof import PairIndex, positions
from features.cascades import Floats, Ints
from features.categories import Category, category, membership
from features.influence import interactions, personalised_pagerank, published_score, standing
from features.karma import DAY_MS, Acts, Pairs, Posts, Shrinkage, expected_week, karma_seeds, population_of
from features.karma_documents import Karma, documents
from features.statistics import Statistics, content_facts, later_engagements
from store import categories, karma, logs, reads, spread
from store.client import Databases
from store.columns import NO_ID, Columns, object_ids
from store.schema import ensure_indexes

Counts = dict[str, Any]
_NONE = np.array([NO_ID.binary], dtype="S12")


@dataclass(frozen=True)
class Config:
    """What karma is taken over."""

    window_days: float = 60.0  # six half lives: what is older weighs less than 2 %
    rules: Shrinkage = field(default_factory=Shrinkage)


@dataclass(frozen=True)
class Evidence:
    """What was read."""

    posts: Posts
    post_ids: Any  # (p,) S12, ascending
    acts: Acts
    actor: Ints  # (a,) number of the user who engaged, -1 when unknown
    user_ids: Any  # (users,) S12, ascending
    followers: Floats  # (users,) at midnight, NaN when unknown
    followed: Floats
    suspicion: Floats


def update_karma(db: Databases, now: datetime, config: Config = Config()) -> Counts:
    """karma as of `now`: a document for each user and category with a post, and one for each user over all.

    Weights and what is common to all are of the midnight before the clock, so that within a day only those change
    whose posts or engagements do; the others' documents stay as they are.
    """
    ensure_indexes(db, "contents", "engagements", "relationships", "karma")
    known = seeded_categories(db)
    evidence = read_evidence(db, now, known, config)

    computed = compute_karma(evidence, _midnight_ms(now), config.rules)
    kept, found = karma.kept_digests(db), 0
    fresh = []
    users, posts = object_ids(evidence.user_ids), object_ids(evidence.post_ids)
    seen = set()
    for document in documents(computed, users, posts, [each.slug for each in known]):
        seen.add(document["_id"])
        found += 1
        if kept.get(document["_id"]) != document["digest"]:
            fresh.append(document)

    written = spread.replace_by_id(db, "karma", fresh)
    left = spread.remove_by_id(db, "karma", [each for each in kept if each not in seen])
    return {"karma": found, "written": written, "left": left, "categories": len(known)}


def seeded_categories(db: Databases) -> list[Category]:
    """The operator's categories; where there are none, those that ship with the project are written first."""
    if not (rows := categories.read_categories(db)):
        shipped = json.loads((files("features") / "categories.json").read_text())
        made = [category(**each) for each in shipped]
        rows = [{"slug": each.slug, "name": each.name, "hashtags": list(each.hashtags)} for each in made]
        categories.add_missing(db, rows)
    return [
        category(each["slug"], each["name"], each["hashtags"])
        for each in sorted(rows, key=lambda row: str(row["slug"]))
    ]


def compute_karma(evidence: Evidence, midnight_ms: float, rules: Shrinkage) -> Karma:
    """Everything that is known of the pairs of users and categories."""
    posts, pairs = evidence.posts, Pairs.of(evidence.posts)
    population = population_of(posts, evidence.acts, midnight_ms, rules)
    counted = np.isfinite(evidence.followers) & (evidence.followers > 0)
    typical = float(np.median(evidence.followers[counted])) if counted.any() else 1.0
    here = pairs.sums(2.0 ** ((posts.time_ms - midnight_ms) / DAY_MS / rules.half_life_days))
    pagerank = _pageranks(evidence, pairs, midnight_ms, rules)
    return Karma(
        posts=posts,
        pairs=pairs,
        seeds=karma_seeds(posts, pairs),
        expected=expected_week(posts, pairs, midnight_ms, population, rules),
        population=population,
        followers=np.where(counted, evidence.followers, typical),
        known=counted,
        pagerank=pagerank,
        influence=published_score(pagerank),
        suspicion=evidence.suspicion,
        evidence=here / (here + rules.within),
    )


def read_evidence(db: Databases, now: datetime, known: list[Category], config: Config) -> Evidence:
    """Posts, engagements and people as of `now`."""
    since = now - timedelta(days=config.window_days)
    facts = content_facts(
        now, Statistics(window_days=config.window_days), reads.exists(db, "engagements", later_engagements(now))
    )
    rows = _sorted(karma.read_own_posts(db, facts))
    rows = {name: values[rows["author"] != _NONE] for name, values in rows.items()}
    people = _sorted(karma.read_people(db))
    users = np.union1d(people["id"], rows["author"])
    at = positions(people["id"], users)
    followers, followed = (np.append(people[name], np.nan)[at] for name in ("followers", "followed"))
    author = positions(users, rows["author"])
    later = _later_follows(karma.read_follows_since(db, since), users)
    acts, actor = _acts(db, since, now, rows["id"], users)
    posts = Posts(
        author,
        rows["time"],
        np.stack([rows[kind] for kind in ("like", "comment", "recast", "quote")], axis=1),
        _members(karma.read_memberships(db, since, now, membership("$hashtags", known)), rows["id"], known),
        np.maximum(followers[author] - later(author, rows["time"]), 0.0),
    )
    at_midnight = np.maximum(followers - later(np.arange(len(users)), np.full(len(users), _midnight_ms(now))), 0.0)
    account = np.append(people["account"], _NONE)[at]
    return Evidence(
        posts, rows["id"], acts, actor, users, at_midnight, np.nan_to_num(followed), _suspicion(db, now, account)
    )


def _acts(db: Databases, since: datetime, now: datetime, posts: Any, users: Any) -> tuple[Acts, Ints]:
    rows = logs.read_engagements(db, {"createdAt": {"$gte": since, "$lt": now}})
    post = positions(posts, rows["content"])
    kept = (post >= 0) & (rows["kind"] < 4)  # reports are no engagement
    acts = Acts(post[kept], rows["kind"][kept], rows["time"][kept])
    return acts, positions(users, rows["user"])[kept]


def _later_follows(follows: Columns, users: Any) -> Any:
    """A function of users and times: how many follows each user won after the time; the counters have them all."""
    followed = positions(users, follows["followed"])
    index = PairIndex.build(followed, np.zeros(len(followed), dtype=np.int64), follows["time"], 1)

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


def _pageranks(evidence: Evidence, pairs: Pairs, midnight_ms: float, rules: Shrinkage) -> Floats:
    """PageRank of each pair's user in the pair's category, shape (n,)."""
    acts, users = evidence.acts, len(evidence.user_ids)
    before = acts.time_ms < midnight_ms
    weight = 2.0 ** ((acts.time_ms - midnight_ms) / DAY_MS / rules.half_life_days)
    weight *= before * (1.0 - evidence.suspicion[evidence.actor]) * (evidence.actor >= 0)
    voice = standing(np.nan_to_num(evidence.followers), evidence.followed, evidence.suspicion)
    ranks = np.zeros(len(pairs.user))
    for subject in np.unique(pairs.category).tolist():
        inside = evidence.posts.member[acts.post, subject]
        graph = interactions(evidence.actor[inside], evidence.posts.user[acts.post[inside]], weight[inside], users)
        rows = pairs.category == subject
        ranks[rows] = personalised_pagerank(graph, voice)[pairs.user[rows]]
    return ranks


def _sorted(columns: Columns) -> Columns:
    order = np.argsort(columns["id"], kind="stable")
    return {name: values[order] for name, values in columns.items()}


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _midnight_ms(now: datetime) -> int:
    return _ms(now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
