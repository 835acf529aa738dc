"""What the app's feed can offer at a step besides followed authors: trending, interests, fresh posts."""

from dataclasses import dataclass

import numpy as np

from features.milliseconds import DAY_MS, HOUR_MS

from .config import Config
from .places import COUNTRIES, LANGUAGES
from .preference import Posts
from .sampling import Groups
from .vocabulary import TOPICS
from .world import Floats, Ints

_STARTING_POPULARITY = 0.3  # engagements that a post without any counts for


@dataclass(frozen=True)
class Pools:
    """Live posts of a step with their weight in each source, and the groups to draw from."""

    time_ms: int
    rows: Ints  # (live,) content rows
    trending: Floats  # (live,) weights
    interest: Floats  # (live,) weights
    fresh: Floats  # (live,) weights
    by_language: Groups  # trending
    by_country: Groups  # trending
    by_circle: Groups  # interest; group = language · topics + topic
    by_nothing: Groups  # fresh

    def draw(self, pool: Groups, group: Ints, rng: np.random.Generator) -> Ints:
        """One content row of each group (any shape) of one of the pools, -1 where it is empty."""
        place = pool.draw(group, rng)
        return np.append(self.rows, -1)[place]


def age_hours(posts: Posts, rows: Ints, time_ms: int) -> Floats:
    """Hours since the creation of content rows, (rows,)."""
    hours: Floats = (time_ms - posts.created_ms[rows]) / HOUR_MS
    return hours


def live_rows(config: Config, posts: Posts, time_ms: int) -> Ints:
    """Contents that exist at a time and are not too old to be shown, recasts included."""
    created = posts.created_ms
    return np.flatnonzero((created < time_ms) & (created >= time_ms - config.live_days * DAY_MS))


def make_pools(config: Config, posts: Posts, popularity: Floats, time_ms: int) -> Pools:
    """The pools of a step; `popularity` (contents,) holds the decayed engagements before it."""
    rows = live_rows(config, posts, time_ms)
    rows = rows[posts.original[rows]]
    age = age_hours(posts, rows, time_ms)
    known = popularity[rows] + _STARTING_POPULARITY
    trending = known * np.exp(-age / config.trending_decay_hours)
    interest = np.sqrt(known) * np.exp(-age / config.interest_decay_hours)
    fresh = np.exp(-age / config.fresh_decay_hours)
    language, country, circle = posts.language[rows], posts.country[rows], circles(posts, rows)
    return Pools(
        time_ms=time_ms,
        rows=rows,
        trending=trending,
        interest=interest,
        fresh=fresh,
        by_language=Groups.of(language, trending, len(LANGUAGES)),
        by_country=Groups.of(country, trending, len(COUNTRIES)),
        by_circle=Groups.of(circle, interest, len(LANGUAGES) * len(TOPICS)),
        by_nothing=Groups.of(np.zeros_like(rows), fresh, 1),
    )


def circles(posts: Posts, rows: Ints) -> Ints:
    """Language and topic of content rows as one number, (rows,)."""
    circle: Ints = (posts.language[rows] * len(TOPICS) + posts.topic[rows]).astype(np.int16)
    return circle


def source_shares(config: Config) -> Floats:
    """Chances of the sources in the order of world.SOURCES without the profile visits; they sum to 1."""
    named = [
        config.followed_share,
        config.trending_language_share,
        config.trending_country_share,
        config.interest_share,
    ]
    return np.array([*named, 1 - sum(named)])
