"""Posts that the app's feed can show at a step: trending, by interest, and fresh."""

from dataclasses import dataclass

import numpy as np

from features.milliseconds import DAY_MS, HOUR_MS

from .config import Config
from .places import COUNTRIES, LANGUAGES
from .preference import Posts
from .sampling import Groups
from .vocabulary import TOPICS
from .world import Floats, Ints

_STARTING_POPULARITY = 0.3  # added to the engagements of every post


@dataclass(frozen=True)
class Pools:
    """Live posts of a step, their weights in each source, and the groups to draw from."""

    time_ms: int
    rows: Ints  # (live,) content rows
    trending: Floats  # (live,) weights
    interest: Floats  # (live,) weights
    fresh: Floats  # (live,) weights
    by_language: Groups  # trending
    by_country: Groups  # trending
    by_interest: Groups  # interest; group = language · topics + topic
    ungrouped: Groups  # fresh

    def draw(self, pool: Groups, group: Ints, rng: np.random.Generator) -> Ints:
        """Draws one content row of each group (any shape) of a pool, -1 for an empty group."""
        place = pool.draw(group, rng)
        return np.append(self.rows, -1)[place]


def age_hours(posts: Posts, rows: Ints, time_ms: int) -> Floats:
    """Returns hours since the creation of content rows; shape (rows,)."""
    hours: Floats = (time_ms - posts.created_ms[rows]) / HOUR_MS
    return hours


def live_rows(config: Config, posts: Posts, time_ms: int) -> Ints:
    """Returns contents that exist at a time and are not too old, including recasts."""
    created = posts.created_ms
    return np.flatnonzero((created < time_ms) & (created >= time_ms - config.live_days * DAY_MS))


def make_pools(config: Config, posts: Posts, popularity: Floats, time_ms: int) -> Pools:
    """Returns the pools of a step; `popularity` (contents,) is the decayed engagement before it."""
    rows = live_rows(config, posts, time_ms)
    rows = rows[posts.original[rows]]
    age = age_hours(posts, rows, time_ms)
    known = popularity[rows] + _STARTING_POPULARITY
    trending = known * np.exp(-age / config.trending_decay_hours)
    interest = np.sqrt(known) * np.exp(-age / config.interest_decay_hours)
    fresh = np.exp(-age / config.fresh_decay_hours)
    language, country, interest_group = posts.language[rows], posts.country[rows], interest_groups(posts, rows)
    return Pools(
        time_ms=time_ms,
        rows=rows,
        trending=trending,
        interest=interest,
        fresh=fresh,
        by_language=Groups.of(language, trending, len(LANGUAGES)),
        by_country=Groups.of(country, trending, len(COUNTRIES)),
        by_interest=Groups.of(interest_group, interest, len(LANGUAGES) * len(TOPICS)),
        ungrouped=Groups.of(np.zeros_like(rows), fresh, 1),
    )


def interest_groups(posts: Posts, rows: Ints) -> Ints:
    """Returns language and topic of content rows as one number; shape (rows,)."""
    interest_group: Ints = (posts.language[rows] * len(TOPICS) + posts.topic[rows]).astype(np.int16)
    return interest_group


def source_shares(config: Config) -> Floats:
    """Returns the chances of world.SOURCES without profile visits; they sum to 1."""
    shares = [
        config.followed_share,
        config.trending_language_share,
        config.trending_country_share,
        config.interest_share,
    ]
    return np.array([*shares, 1 - sum(shares)])
