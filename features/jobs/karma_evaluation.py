"""Karma tested by prediction: what the users earned in the days after the clock. Nothing is written."""

from datetime import datetime
from typing import Any

import numpy as np

from features.arrays import Floats, positions
from features.jobs.karma import common_of, compute_karma, seeded_categories
from features.jobs.karma_evidence import Config, Evidence, read_evidence
from features.karma.backtest import compared, coverages
from features.karma.documents import Karma
from features.karma.expected_week import ALL, WEEK_DAYS, Pairs, came_between
from features.milliseconds import DAY_MS, to_ms
from features.statistics.pipelines import later_engagements
from store import queries
from store.client import Databases

_CONFIG = Config()


def evaluate_karma(db: Databases, since: datetime, until: datetime, config: Config = _CONFIG) -> dict[str, Any]:
    """Users ranked as of `since`, compared with the engagement per follower in [since, until).

    Raises:
        ValueError: when the days are in the wrong order, nobody posted before them, or nobody engaged in them.
    """
    if until <= since:
        raise ValueError(f"until: {until.isoformat()} is not after since")
    known = seeded_categories(db)
    before, after = (read_evidence(db, clock, known, config, _replay(db, clock)) for clock in (since, until))
    start_ms, end_ms = to_ms(since), to_ms(until)
    pairs = Pairs.of(before.posts)
    common, ranks = common_of(before, pairs, start_ms, config.rules)
    karma = compute_karma(before, pairs, common, ranks, start_ms, config.rules)
    if not len(karma.pairs.user):
        raise ValueError(f"since: nobody posted in a category in the {config.window_days:g} days before")

    came = _came(karma, before, after, start_ms, end_ms)
    if not came.any():
        raise ValueError(f"until: nobody engaged between {since.isoformat()} and {until.isoformat()}")
    weeks = (end_ms - start_ms) / DAY_MS / WEEK_DAYS
    counted = karma.known[karma.pairs.user]
    rows = counted if counted.any() else np.ones(len(counted), dtype=bool)
    target = (came[:, ALL] / karma.followers[karma.pairs.user])[rows]
    rankers = {name: compared(values[rows], target) for name, values in _rankers(karma, before).items()}
    return {"pairs": int(rows.sum()), "rankers": rankers, **coverages(karma.population, karma.expected * weeks, came)}


def _replay(db: Databases, clock: datetime) -> bool:
    return queries.exists(db, "engagements", later_engagements(clock))


def _came(karma: Karma, before: Evidence, after: Evidence, start_ms: float, end_ms: float) -> Floats:
    user = positions(after.user_ids, before.user_ids)[karma.pairs.user]
    pairs = Pairs(user, karma.pairs.category, karma.pairs.post, karma.pairs.pair)
    return came_between(after.posts, after.acts, pairs, start_ms, end_ms)


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
