"""Karma of everybody who posts in a category, as of a clock.

What is common to all (weights, the graph, the population) is that of the midnight before the clock. So the first run
of a day computes everything, and the others only the users whose posts or engagements changed since the last run: both
give the same numbers.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from importlib.resources import files
from typing import Any

import numpy as np

from features.arrays import Floats
from features.categories import Category, category
from features.jobs.karma_evidence import Config, Evidence, midnight_of, read_evidence
from features.karma.daily_baseline import Common, from_document, to_document
from features.karma.documents import Karma, documents
from features.karma.expected_week import Pairs, Shrinkage, expected_week, karma_seeds, population_of
from features.karma.pagerank import interactions, published_score, rank_unheard, standing, walked
from features.milliseconds import DAY_MS, to_ms
from features.statistics.pipelines import later_engagements
from store import queries
from store.client import Databases
from store.columns import object_ids
from store.ids import Document, ObjectId
from store.inputs import reshares
from store.outputs import categories, karma
from store.schema import ensure_indexes

Counts = dict[str, Any]
Ranks = dict[tuple[ObjectId, str], float]
_LATE = timedelta(minutes=10)  # what is noted later than that waits for the next day's first run


@dataclass(frozen=True)
class Before:
    """What the last run left for this one."""

    until: datetime
    common: Common


def update_karma(db: Databases, now: datetime, config: Config = Config(), whole: bool = False) -> Counts:
    """karma as of `now`: a document for each user and category with a post, and one for each user over all.

    With `whole` everything is computed anew, whatever the last run left.
    """
    ensure_indexes(db, "contents", "engagements", "relationships", "karma")
    known = seeded_categories(db)
    replay = queries.exists(db, "engagements", later_engagements(now))
    salt = _salt(known, config, replay)
    before = None if whole or replay else _before(db, now, salt)
    changed = _changed(db, before, now, config) if before else None

    if before and changed is not None:
        common, evidence = before.common, read_evidence(db, now, known, config, replay, changed)
        pairs, kept = Pairs.of(evidence.posts), karma.stored_digests(db, changed)
        pagerank = _kept_ranks(evidence, pairs, common, karma.stored_ranks(db, changed), known)
    else:
        evidence = read_evidence(db, now, known, config, replay)
        pairs, kept = Pairs.of(evidence.posts), karma.stored_digests(db)
        common, pagerank = common_of(evidence, pairs, to_ms(midnight_of(now)), config.rules)
    computed = compute_karma(evidence, pairs, common, pagerank, to_ms(midnight_of(now)), config.rules)

    counts = _write(db, _documents(evidence, computed, known), kept)
    state = {"until": now, "salt": salt, "karma": queries.estimated(db, "karma"), "common": to_document(common)}
    karma.save_state(db, state)
    looked = {"users": len(evidence.user_ids) if changed is None else len(changed), "whole": int(changed is None)}
    return {"karma": state["karma"], "categories": len(known)} | looked | counts


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


def common_of(evidence: Evidence, pairs: Pairs, midnight_ms: int, rules: Shrinkage) -> tuple[Common, Floats]:
    """What all share at midnight, and the PageRank of each pair's user in its category, shape (n,)."""
    population = population_of(evidence.posts, evidence.acts, midnight_ms, rules)
    counted = np.isfinite(evidence.followers) & (evidence.followers > 0)
    typical = float(np.median(evidence.followers[counted])) if counted.any() else 1.0
    acts, users, voice = evidence.acts, len(evidence.user_ids), _voice(evidence)
    weight = 2.0 ** ((acts.time_ms - midnight_ms) / DAY_MS / rules.half_life_days)
    weight *= (acts.time_ms < midnight_ms) * (1.0 - evidence.suspicion[evidence.actor]) * (evidence.actor >= 0)
    ranks, lost = np.zeros(len(pairs.user)), np.zeros(evidence.posts.member.shape[1])
    for subject in range(len(lost)):
        inside = evidence.posts.member[acts.post, subject]
        author = evidence.posts.user[acts.post[inside]]
        rank, lost[subject] = walked(interactions(evidence.actor[inside], author, weight[inside], users), voice)
        rows = pairs.category == subject
        ranks[rows] = rank[pairs.user[rows]]
    return Common(population, typical, float(voice.sum()), lost), ranks


def compute_karma(
    evidence: Evidence, pairs: Pairs, common: Common, pagerank: Floats, midnight_ms: int, rules: Shrinkage
) -> Karma:
    """Everything that is known of the pairs of users and categories."""
    posts = evidence.posts
    counted = np.isfinite(evidence.followers) & (evidence.followers > 0)
    here = pairs.sums(2.0 ** ((posts.time_ms - midnight_ms) / DAY_MS / rules.half_life_days))
    return Karma(
        posts=posts,
        pairs=pairs,
        seeds=karma_seeds(posts, pairs),
        expected=expected_week(posts, pairs, midnight_ms, common.population, rules),
        population=common.population,
        followers=np.where(counted, evidence.followers, common.typical),
        known=counted,
        pagerank=pagerank,
        influence=published_score(pagerank),
        suspicion=evidence.suspicion,
        evidence=here / (here + rules.within),
    )


def _before(db: Databases, now: datetime, salt: str) -> Before | None:
    """The last run's state, if this run may go on from it."""
    state = karma.read_state(db)
    if not state or state["salt"] != salt or state["karma"] != queries.estimated(db, "karma"):
        return None
    same_day = midnight_of(now) <= state["until"] <= now
    return Before(state["until"], from_document(state["common"])) if same_day else None


def _changed(db: Databases, before: Before, now: datetime, config: Config) -> list[ObjectId] | None:
    """The authors to compute anew; None when they are so many that a whole run costs less."""
    authors = karma.authors_changed(db, before.until - _LATE, now)
    most = config.most_changed * queries.estimated(db, "users")
    return authors if len(authors) <= max(most, 100) else None


def _kept_ranks(evidence: Evidence, pairs: Pairs, common: Common, kept: Ranks, known: Sequence[Category]) -> Floats:
    """Ranks of the midnight: those that are kept, and of pairs that are new since, of whom nobody was heard then."""
    ids = object_ids(evidence.user_ids)
    unheard = rank_unheard(_voice(evidence)[pairs.user], common.standing, common.lost[pairs.category])
    keys = zip(pairs.user.tolist(), pairs.category.tolist(), unheard.tolist(), strict=True)
    return np.array([kept.get((ids[user], known[at].slug), rank) for user, at, rank in keys], dtype=np.float64)


def _voice(evidence: Evidence) -> Floats:
    """How much each user's own voice counts; who came after midnight, or has no profile, has none."""
    followers = np.nan_to_num(evidence.followers)
    return np.where(evidence.present, standing(followers, evidence.followed, evidence.suspicion), 0.0)


def _documents(evidence: Evidence, computed: Karma, known: Sequence[Category]) -> Iterator[Document]:
    users, posts = object_ids(evidence.user_ids), object_ids(evidence.post_ids)
    return documents(computed, users, posts, [each.slug for each in known])


def _write(db: Databases, made: Iterator[Document], kept: dict[str, str]) -> Counts:
    """Writes the documents that differ from those kept, and removes what is kept and no longer made."""
    seen, fresh = set(), []
    for document in made:
        seen.add(document["_id"])
        if kept.get(document["_id"]) != document["digest"]:
            fresh.append(document)
    written = reshares.replace_by_id(db, "karma", fresh)
    return {"written": written, "left": reshares.remove_by_id(db, "karma", [each for each in kept if each not in seen])}


def _salt(known: Sequence[Category], config: Config, replay: bool) -> str:
    """Tells apart runs whose numbers can't go on from each other."""
    return blake2b(repr((known, config, replay)).encode(), digest_size=8).hexdigest()
