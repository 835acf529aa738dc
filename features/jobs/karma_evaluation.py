"""Evaluates karma against the engagement of the days after the clock. Writes nothing."""

from datetime import datetime
from typing import Any

import numpy as np

from features.arrays import Floats, positions
from features.jobs.karma import compute_karma, daily_baseline_of, seeded_categories
from features.jobs.karma_evidence import Config, Evidence, read_evidence
from features.karma.backtest import coverage_figures, ranking_figures
from features.karma.documents import Karma
from features.karma.expected_week import ALL, WEEK_DAYS, Pairs, observed_between
from features.milliseconds import DAY_MS, to_ms
from features.statistics.pipelines import later_engagements
from store import queries
from store.client import Databases
from store.inputs.visibility import read_hidden

_CONFIG = Config()


def evaluate_karma(db: Databases, since: datetime, until: datetime, config: Config = _CONFIG) -> dict[str, Any]:
    """Compares rankings of users as of `since` with the engagement per follower in [since, until).

    Raises:
        ValueError: if `until` is not after `since`, nobody posted before them, or nobody engaged between them.
    """
    if until <= since:
        raise ValueError(f"until: {until.isoformat()} is not after since")
    subjects = seeded_categories(db)
    hidden = read_hidden(db)
    before, after = (read_evidence(db, clock, subjects, config, _replay(db, clock), hidden) for clock in (since, until))
    start_ms, end_ms = to_ms(since), to_ms(until)
    pairs = Pairs.of(before.posts)
    baseline, ranks = daily_baseline_of(before, pairs, start_ms, config.rules)
    karma = compute_karma(before, pairs, baseline, ranks, start_ms, config.rules)
    if not len(karma.pairs.user):
        raise ValueError(f"since: nobody posted in a category in the {config.window_days:g} days before")

    observed = _observed(karma, before, after, start_ms, end_ms)
    if not observed.any():
        raise ValueError(f"until: nobody engaged between {since.isoformat()} and {until.isoformat()}")
    expected = karma.expected * ((end_ms - start_ms) / DAY_MS / WEEK_DAYS)
    known = karma.followers_known[karma.pairs.user]
    rows = known if known.any() else np.ones(len(known), dtype=bool)
    target = (observed[:, ALL] / karma.followers[karma.pairs.user])[rows]
    rankers = {name: ranking_figures(values[rows], target) for name, values in _rankers(karma, before).items()}
    return {"pairs": int(rows.sum()), "rankers": rankers, **coverage_figures(karma.population, expected, observed)}


def _replay(db: Databases, clock: datetime) -> bool:
    return queries.exists(db, "engagements", later_engagements(clock))


def _observed(karma: Karma, before: Evidence, after: Evidence, start_ms: float, end_ms: float) -> Floats:
    user = positions(after.user_ids, before.user_ids)[karma.pairs.user]
    pairs = Pairs(user, karma.pairs.category, karma.pairs.post, karma.pairs.pair)
    return observed_between(after.posts, after.acts, pairs, start_ms, end_ms)


def _rankers(karma: Karma, before: Evidence) -> dict[str, Floats]:
    followers, posts = karma.followers[karma.pairs.user], karma.seeds.posts
    total = karma.pairs.sums(before.posts.counts).sum(axis=1)
    seeds = np.where(np.isnan(karma.seeds.number), -1e9, karma.seeds.number).mean(axis=1)
    return {
        "karma": karma.values[:, ALL],
        "rate": total / followers,
        "ratePerPost": total / followers / posts,
        "followers": followers,
        "karmaSeed": seeds,
        "pagerank": karma.pagerank,
    }
