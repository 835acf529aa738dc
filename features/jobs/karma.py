"""Karma of all users who post in a category, as of a clock.

The daily baseline and PageRank are computed as of the midnight before the clock. The first run of a day computes all
users. Later runs compute only users whose posts or engagements changed since the last run; the numbers are the same.
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
from features.categories import GLOBAL, Category, category
from features.jobs.karma_evidence import Config, Evidence, midnight_of, read_evidence
from features.karma.daily_baseline import DailyBaseline, from_document, to_document
from features.karma.documents import Karma, documents
from features.karma.expected_week import Pairs, Shrinkage, expected_week, karma_seeds, population_of
from features.karma.pagerank import (
    credibility,
    interactions,
    pagerank_and_dangling_mass,
    published_score,
    rank_without_engagements,
)
from features.milliseconds import DAY_MS, to_ms
from features.statistics.pipelines import later_engagements
from store import queries
from store.client import Databases
from store.columns import object_ids
from store.ids import Document, ObjectId
from store.inputs import reshares
from store.inputs.visibility import read_hidden
from store.outputs import categories, karma
from store.rules.visibility import Hidden
from store.schema import ensure_indexes

Counts = dict[str, Any]
Ranks = dict[tuple[ObjectId, str], float]
_LATE = timedelta(minutes=10)  # documents that arrive later wait for the first run of the next day


@dataclass(frozen=True)
class LastRun:
    """State of the last run of the same day."""

    until: datetime
    baseline: DailyBaseline


def update_karma(db: Databases, now: datetime, config: Config = Config(), whole: bool = False) -> Counts:
    """Writes karma as of `now`: a document for each user and category with a post, and one for each user over all.

    `whole` computes all users, whatever the state of the last run.
    """
    ensure_indexes(db, "contents", "engagements", "relationships", "karma")
    subjects = seeded_categories(db)
    replay = queries.exists(db, "engagements", later_engagements(now))
    salt = _salt(subjects, config, replay)
    hidden = read_hidden(db)
    last_run = None if whole or replay else _last_run(db, now, salt)
    changed = _changed(db, last_run, now, config, hidden) if last_run else None

    if last_run and changed is not None:
        baseline, evidence = last_run.baseline, read_evidence(db, now, subjects, config, replay, hidden, changed)
        pairs, digests = Pairs.of(evidence.posts), karma.stored_digests(db, changed)
        pagerank = _stored_ranks(evidence, pairs, baseline, karma.stored_ranks(db, changed), subjects)
    else:
        evidence = read_evidence(db, now, subjects, config, replay, hidden)
        pairs, digests = Pairs.of(evidence.posts), karma.stored_digests(db)
        baseline, pagerank = daily_baseline_of(evidence, pairs, to_ms(midnight_of(now)), config.rules)
    computed = compute_karma(evidence, pairs, baseline, pagerank, to_ms(midnight_of(now)), config.rules)

    counts = _write(db, _documents(evidence, computed, subjects), digests)
    state = {"until": now, "salt": salt, "karma": queries.estimated(db, "karma"), "common": to_document(baseline)}
    karma.save_state(db, state)
    scope = {"users": len(evidence.user_ids) if changed is None else len(changed), "whole": int(changed is None)}
    return {"karma": state["karma"], "categories": len(subjects)} | scope | counts


def seeded_categories(db: Databases) -> list[Category]:
    """Returns the operator's categories; if there are none, writes those that ship with the project first."""
    if not (rows := categories.read_categories(db)):
        shipped = [category(**row) for row in json.loads((files("features") / "categories.json").read_text())]
        rows = [{"slug": subject.slug, "name": subject.name, "hashtags": list(subject.hashtags)} for subject in shipped]
        categories.add_missing(db, rows)
    rows = sorted(rows, key=lambda row: str(row["slug"]))
    return [category(row["slug"], row["name"], row["hashtags"]) for row in rows]


def daily_baseline_of(
    evidence: Evidence, pairs: Pairs, midnight_ms: int, rules: Shrinkage
) -> tuple[DailyBaseline, Floats]:
    """Returns the baseline as of midnight, and the PageRank of each pair's user in its category, shape (n,)."""
    population = population_of(evidence.posts, evidence.acts, midnight_ms, rules)
    known = np.isfinite(evidence.followers) & (evidence.followers > 0)
    typical = float(np.median(evidence.followers[known])) if known.any() else 1.0
    acts, users, teleport_weight = evidence.acts, len(evidence.user_ids), _teleport_weight(evidence)
    weight = 2.0 ** ((acts.time_ms - midnight_ms) / DAY_MS / rules.half_life_days)
    weight *= (acts.time_ms < midnight_ms) * (1.0 - evidence.suspicion[evidence.actor]) * (evidence.actor >= 0)
    ranks, dangling_mass = np.zeros(len(pairs.user)), np.zeros(evidence.posts.member.shape[1])
    for subject in range(len(dangling_mass)):
        inside = evidence.posts.member[acts.post, subject]
        author = evidence.posts.user[acts.post[inside]]
        graph = interactions(evidence.actor[inside], author, weight[inside], users)
        rank, dangling_mass[subject] = pagerank_and_dangling_mass(graph, teleport_weight)
        rows = pairs.category == subject
        ranks[rows] = rank[pairs.user[rows]]
    return DailyBaseline(population, typical, float(teleport_weight.sum()), dangling_mass), ranks


def compute_karma(
    evidence: Evidence, pairs: Pairs, baseline: DailyBaseline, pagerank: Floats, midnight_ms: int, rules: Shrinkage
) -> Karma:
    """Computes karma and its parts for the pairs of users and categories."""
    posts = evidence.posts
    known = np.isfinite(evidence.followers) & (evidence.followers > 0)
    weight = pairs.sums(2.0 ** ((posts.time_ms - midnight_ms) / DAY_MS / rules.half_life_days))
    return Karma(
        posts=posts,
        pairs=pairs,
        seeds=karma_seeds(posts, pairs),
        expected=expected_week(posts, pairs, midnight_ms, baseline.population, rules),
        population=baseline.population,
        followers=np.where(known, evidence.followers, baseline.typical_followers),
        followers_known=known,
        pagerank=pagerank,
        influence=published_score(pagerank),
        suspicion=evidence.suspicion,
        evidence=weight / (weight + rules.within),
    )


def _last_run(db: Databases, now: datetime, salt: str) -> LastRun | None:
    """Returns the state of the last run, None unless this run may continue from it."""
    state = karma.read_state(db)
    if not state or state["salt"] != salt or state["karma"] != queries.estimated(db, "karma"):
        return None
    same_day = midnight_of(now) <= state["until"] <= now
    return LastRun(state["until"], from_document(state["common"])) if same_day else None


def _changed(db: Databases, last_run: LastRun, now: datetime, config: Config, hidden: Hidden) -> list[ObjectId] | None:
    """Returns the authors to compute again; None when there are so many that a whole run costs less."""
    changed = karma.authors_changed(db, last_run.until - _LATE, now)
    since = midnight_of(now) - timedelta(days=config.window_days)
    authors = sorted({*changed, *karma.authors_recounted(db, since, now, hidden, GLOBAL)})
    most = config.most_changed * queries.estimated(db, "users")
    return authors if len(authors) <= max(most, 100) else None


def _stored_ranks(
    evidence: Evidence, pairs: Pairs, baseline: DailyBaseline, stored: Ranks, subjects: Sequence[Category]
) -> Floats:
    """Returns PageRank as of midnight; pairs that are new since get the rank of a user nobody engaged with."""
    ids, weight = object_ids(evidence.user_ids), _teleport_weight(evidence)[pairs.user]
    new_ranks = rank_without_engagements(weight, baseline.teleport_weight, baseline.dangling_mass[pairs.category])
    rows = zip(pairs.user.tolist(), pairs.category.tolist(), new_ranks.tolist(), strict=True)
    return np.array([stored.get((ids[user], subjects[n].slug), rank) for user, n, rank in rows], dtype=np.float64)


def _teleport_weight(evidence: Evidence) -> Floats:
    """Returns each user's credibility, 0 for users without a profile at midnight."""
    followers = np.nan_to_num(evidence.followers)
    return np.where(evidence.present, credibility(followers, evidence.followed, evidence.suspicion), 0.0)


def _documents(evidence: Evidence, computed: Karma, subjects: Sequence[Category]) -> Iterator[Document]:
    users, posts = object_ids(evidence.user_ids), object_ids(evidence.post_ids)
    return documents(computed, users, posts, [subject.slug for subject in subjects])


def _write(db: Databases, computed: Iterator[Document], digests: dict[str, str]) -> Counts:
    """Writes the documents whose digest differs from the stored one, and removes stored documents not computed."""
    ids, changed = set(), []
    for document in computed:
        ids.add(document["_id"])
        if digests.get(document["_id"]) != document["digest"]:
            changed.append(document)
    written = reshares.replace_by_id(db, "karma", changed)
    return {"written": written, "left": reshares.remove_by_id(db, "karma", [id for id in digests if id not in ids])}


def _salt(subjects: Sequence[Category], config: Config, replay: bool) -> str:
    """Returns a digest of the settings; a run continues only from a state with the same one."""
    return blake2b(repr((subjects, config, replay)).encode(), digest_size=8).hexdigest()
