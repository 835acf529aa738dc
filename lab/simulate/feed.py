"""The app's feed: fills slots with posts from a mixture of sources with known chances."""

import numpy as np

from .config import Config
from .pools import Pools, age_hours, source_shares
from .posts import topic_chances
from .preference import Posts
from .vocabulary import TOPICS
from .world import SOURCES, Accounts, Flags, Floats, Follows, Ints, Users, draw_per_row

FOLLOWING, TRENDING, COUNTRY, INTEREST, FRESH, PROFILE = range(len(SOURCES))
RECENT = 8  # newest posts of an author in followers' feeds
OLDER = 0.45  # chance to go one post back in a followed author's list
_MEMORY = 64  # views that the app's filter of seen posts remembers
_DRAWS = 8  # candidates per slot


def language_chances(fluency: Floats) -> Floats:
    """Returns the language shares of trending and interest posts: fluency squared; shape (accounts, languages)."""
    squared = fluency**2
    chances: Floats = squared / squared.sum(axis=1, keepdims=True)
    return chances


class Feed:
    """Stores each author's newest posts and each viewer's latest views, and fills slots."""

    def __init__(self, config: Config, accounts: Accounts, users: Users, follows: Follows, client: Ints) -> None:
        self.config, self.accounts, self.users, self.follows = config, accounts, users, follows
        self.client = client
        self.languages = np.cumsum(language_chances(accounts.fluency), axis=1)
        self.topics = np.cumsum(topic_chances(accounts.affinity), axis=1)
        self.shares = np.cumsum(source_shares(config))
        self.recent = np.full((len(users.account), RECENT), -1, dtype=np.int32)
        self.posted = np.zeros(len(users.account), dtype=np.int64)
        self.viewed = np.full((len(accounts.bot), _MEMORY), -1, dtype=np.int32)
        self.views = np.zeros(len(accounts.bot), dtype=np.int64)

    def publish(self, rows: Ints, author: Ints) -> None:
        """Makes new contents, in order of time, visible to followers."""
        turn = occurrence(author)
        self.recent[author, (self.posted[author] + turn) % RECENT] = rows
        self.posted += np.bincount(author, minlength=len(self.posted))

    def remember(self, account: Ints, content: Ints) -> None:
        """Records deliveries in the filter of seen posts."""
        turn = occurrence(account)
        self.viewed[account, (self.views[account] + turn) % _MEMORY] = content
        self.views += np.bincount(account, minlength=len(self.views))

    def fill(
        self, account: Ints, posts: Posts, pools: Pools, rng: np.random.Generator
    ) -> tuple[Ints, Ints, Flags, Floats]:
        """Returns content row (-1 = none left), source, whether seen before, and the app's score; each (slots,)."""
        source = self._sources(account, rng)
        candidates = self._candidates(account, source, posts, pools, rng)  # (slots, draws)
        weight = self._weights(account, source, candidates, posts, pools, rng)
        empty = np.flatnonzero(weight.sum(axis=1) == 0)
        source[empty] = TRENDING
        candidates[empty] = self._candidates(account[empty], source[empty], posts, pools, rng)
        weight[empty] = self._weights(account[empty], source[empty], candidates[empty], posts, pools, rng)
        place, slot = draw_per_row(np.cumsum(weight, axis=1), rng), np.arange(len(account))
        content = np.where(weight.sum(axis=1) > 0, candidates[slot, place], -1)
        repeated = (self.viewed[account] == content[:, None]).any(axis=1)
        return content, source, repeated, weight[slot, place]

    def _sources(self, account: Ints, rng: np.random.Generator) -> Ints:
        source = np.minimum(np.searchsorted(self.shares, rng.random(len(account)), side="right"), FRESH)
        lonely = np.diff(self.follows.first)[account] == 0
        source = np.where(lonely & (source == FOLLOWING), TRENDING, source)
        hired = (self.client[account] >= 0) & (rng.random(len(account)) < self.config.click_farm_visits)
        return np.where(hired, PROFILE, source)

    def _candidates(self, account: Ints, source: Ints, posts: Posts, pools: Pools, rng: np.random.Generator) -> Ints:
        candidates = np.full((len(account), _DRAWS), -1)
        rows = [np.flatnonzero(source == number) for number in range(len(SOURCES))]
        candidates[rows[FOLLOWING]] = self._followed(account[rows[FOLLOWING]], pools.time_ms, rng)
        candidates[rows[PROFILE]] = self._profile(account[rows[PROFILE]], rng)
        language = draw_per_row(self.languages[account], rng)
        topic = draw_per_row(self.topics[account], rng)
        for number, pool, group in (
            (TRENDING, pools.by_language, language),
            (COUNTRY, pools.by_country, self.accounts.country[account]),
            (INTEREST, pools.by_interest, language * len(TOPICS) + topic),
            (FRESH, pools.ungrouped, np.zeros_like(language)),
        ):
            candidates[rows[number]] = pools.draw(pool, self._repeat(group[rows[number]]), rng)
        return candidates

    @staticmethod
    def _repeat(group: Ints) -> Ints:
        return np.repeat(group[:, None], _DRAWS, axis=1)

    def _followed(self, account: Ints, time_ms: int, rng: np.random.Generator) -> Ints:
        """Returns one of the newest posts of random followed authors; shape (slots, draws)."""
        first, number = self.follows.first[account], np.diff(self.follows.first)[account]
        edge = first[:, None] + (rng.random((len(account), _DRAWS)) * number[:, None]).astype(int)
        content = self._newest(self.follows.user[edge], rng)
        return np.where(self.follows.since_ms[edge] < time_ms, content, -1)

    def _profile(self, account: Ints, rng: np.random.Generator) -> Ints:
        """Returns one of the newest posts of a click farm's client; shape (slots, draws)."""
        return self._newest(self._repeat(self.client[account]), rng)

    def _newest(self, author: Ints, rng: np.random.Generator) -> Ints:
        back = rng.geometric(1 - OLDER, author.shape) - 1
        there = back < np.minimum(self.posted[author], RECENT)
        return np.where(there, self.recent[author, (self.posted[author] - 1 - back) % RECENT], -1)

    def _weights(
        self,
        account: Ints,
        source: Ints,
        candidates: Ints,
        posts: Posts,
        pools: Pools,
        rng: np.random.Generator,
    ) -> Floats:
        """Returns 0 for posts that may not be shown; followed authors' posts fade with age; shape (slots, draws)."""
        age = age_hours(posts, candidates, pools.time_ms)
        known = (self.viewed[account][:, None, :] == candidates[:, :, None]).any(axis=2)
        known &= rng.random(candidates.shape) >= self.config.repeat_share
        known &= (self.accounts.bot[account] < 0)[:, None]
        own = self.users.account[posts.author[candidates]] == account[:, None]
        proper = (candidates >= 0) & ~known & ~own & (age < self.config.live_days * 24)
        fading = np.where((source == FOLLOWING)[:, None], np.exp(-age / self.config.follow_decay_hours), 1.0)
        return np.where(proper, fading, 0.0)


def occurrence(values: Ints) -> Ints:
    """Returns how often each value occurred before; shape (values,).

    >>> occurrence(np.array([5, 3, 5, 5])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.searchsorted(ordered, ordered, side="left")
    turn = np.empty(len(values), dtype=np.int64)
    turn[order] = np.arange(len(values)) - first
    return turn
