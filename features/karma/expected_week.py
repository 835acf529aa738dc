"""Karma: how a user's posts in a category are received. The design's number, and an expectation that is tested.

`karmaSeed` is the design's: 100 · (median of the counts − benchmark) / standard deviation, where the benchmark is
1 % of the followers at post time. `karma` is the engagement that the coming week will bring the user in the category,
per 100 followers: 1 is a week that earns the benchmark once.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints
from features.karma.intervals import Spread, fit_spread
from features.milliseconds import DAY_MS
from store.rules.engagements import ENGAGEMENT_TYPES

_TYPES = len(ENGAGEMENT_TYPES)
ALL = _TYPES  # column of the sum of the actions
WEEK_DAYS = 7.0
ONE_POST, NO_SPREAD = "one post", "no spread"


@dataclass(frozen=True)
class Shrinkage:
    """How little evidence is believed; constants chosen on one simulated community."""

    half_life_days: float = 10.0  # of a post's weight
    subjects: float = 5.0  # posts that the app's mix of categories counts as, in a user's own mix
    reception: float = 1.0  # posts that the app's mean reception counts as, in a user's
    within: float = 2.0  # posts that the user's mean reception counts as, in one category
    silence: float = 0.1  # of the app's posting rate, which even a silent user has

    def weeks(self, days: float) -> float:
        """Weight of one post a week over so many days before the clock."""
        seen = 1.0 - 2.0 ** (-max(days, 1.0) / self.half_life_days)
        return float(self.half_life_days / (np.log(2.0) * WEEK_DAYS) * seen)


@dataclass(frozen=True)
class Posts:
    """The posts of a window."""

    user: Ints  # (p,) number of the author
    time_ms: Ints  # (p,)
    counts: Floats  # (p, 4) engagements by action
    member: NDArray[np.bool_]  # (p, k) belongs to the category
    followers: Floats  # (p,) of the author at that time, NaN when unknown

    def at(self, rows: NDArray[np.bool_], counts: Floats) -> "Posts":
        """Some of the posts, with other counts (of all)."""
        return Posts(self.user[rows], self.time_ms[rows], counts[rows], self.member[rows], self.followers[rows])


@dataclass(frozen=True)
class Acts:
    """Engagements with these posts."""

    post: Ints  # (a,) index of the post
    kind: Ints  # (a,) index into ENGAGEMENT_TYPES
    time_ms: Ints  # (a,)

    def counts(self, posts: int, since_ms: float, until_ms: float) -> Floats:
        """Engagements per post and action in [since, until), shape (posts, 4)."""
        inside = (self.time_ms >= since_ms) & (self.time_ms < until_ms)
        cell = self.post[inside] * _TYPES + self.kind[inside]
        return np.bincount(cell, minlength=posts * _TYPES).reshape(posts, _TYPES).astype(np.float64)


@dataclass(frozen=True)
class Pairs:
    """Users with the categories in which they posted, sorted; and which post belongs to which pair."""

    user: Ints  # (n,)
    category: Ints  # (n,)
    post: Ints  # (m,) index of the post
    pair: Ints  # (m,) index of the pair

    @classmethod
    def of(cls, posts: Posts) -> "Pairs":
        """The pairs of the posts."""
        post, category = np.nonzero(posts.member)
        key, pair = np.unique(posts.user[post] * posts.member.shape[1] + category, return_inverse=True)
        return cls(key // max(posts.member.shape[1], 1), key % max(posts.member.shape[1], 1), post, pair)

    def sums(self, values: Floats) -> Floats:
        """Sum over each pair's posts of values of shape (p, …), shape (n, …)."""
        total = np.zeros((len(self.user), *values.shape[1:]))
        np.add.at(total, self.pair, values[self.post])
        return total


@dataclass(frozen=True)
class Population:
    """What is common to all users: where little is known of one, it is taken from here."""

    subjects: Floats  # (k,) share of each category in the posts
    reception: Floats  # (5,) engagements per post: the actions, then all
    posting: float  # weight of the posts of a mean user
    level: Floats  # (5,) engagements that came per engagement expected, last week
    spread: tuple[Spread, ...]  # of what comes round what is expected, by column
    days: float  # since the oldest of the posts


@dataclass(frozen=True)
class Seeds:
    """The design's number and its parts, by pair and action."""

    median: Floats  # (n, 4)
    benchmark: Floats  # (n,) 1 % of the followers at post time, mean over the posts; 0 when unknown
    deviation: Floats  # (n, 4) of the sample; NaN for one post
    number: Floats  # (n, 4) NaN where there is none
    posts: Ints  # (n,)

    def reason(self, pair: int, action: int) -> str | None:
        """Why there is no number."""
        if self.posts[pair] == 1:
            return ONE_POST
        return NO_SPREAD if np.isnan(self.number[pair, action]) else None


def karma_seeds(posts: Posts, pairs: Pairs) -> Seeds:
    """100 · (median − benchmark) / standard deviation of the sample.

    >>> posts = Posts(np.zeros(3, int), np.zeros(3, int), np.array([[1.0] * 4, [2.0] * 4, [6.0] * 4]),
    ...               np.ones((3, 1), bool), np.full(3, 100.0))
    >>> karma_seeds(posts, Pairs.of(posts)).number.round(2)[0, 0].item()
    37.8
    """
    n = np.bincount(pairs.pair, minlength=len(pairs.user))
    mean = pairs.sums(posts.counts) / n[:, None]
    gap = posts.counts[pairs.post] - mean[pairs.pair]
    squares = np.zeros_like(mean)
    np.add.at(squares, pairs.pair, gap**2)
    deviation = np.sqrt(squares / np.where(n > 1, n - 1, np.nan)[:, None])
    benchmark = pairs.sums(0.01 * np.nan_to_num(posts.followers)) / n
    median = _medians(posts.counts, pairs, n)
    spread = np.where(deviation > 0, deviation, np.nan)
    return Seeds(median, benchmark, deviation, 100.0 * (median - benchmark[:, None]) / spread, n)


def expected_week(posts: Posts, pairs: Pairs, clock_ms: float, population: Population, rules: Shrinkage) -> Floats:
    """Engagements that the week after the clock will bring each pair, shape (n, 5): the actions, then all.

    posts per week · share of the category in them · engagements per post, each shrunk: the mix of categories towards
    the app's, the reception in the category towards the user's, and that towards the app's.
    """
    weight = 2.0 ** ((posts.time_ms - clock_ms) / DAY_MS / rules.half_life_days)
    users = int(posts.user.max(initial=-1)) + 1
    made = np.bincount(posts.user, weights=weight, minlength=users)
    whole = np.column_stack([posts.counts, posts.counts.sum(axis=1)]) * weight[:, None]
    got = np.stack([np.bincount(posts.user, weights=column, minlength=users) for column in whole.T], axis=1)
    own = (got + rules.reception * population.reception) / (made + rules.reception)[:, None]
    here = pairs.sums(weight)
    mix = (here + rules.subjects * population.subjects[pairs.category]) / (made[pairs.user] + rules.subjects)
    reception = (pairs.sums(whole) + rules.within * own[pairs.user]) / (here + rules.within)[:, None]
    weekly = (made[pairs.user] + rules.silence * population.posting) / rules.weeks(population.days)
    return (weekly * mix)[:, None] * reception * population.level


def population_of(posts: Posts, acts: Acts, clock_ms: float, rules: Shrinkage) -> Population:
    """What is common to all, from the weeks before the clock; level and spread from expecting the last of them."""
    before = clock_ms - WEEK_DAYS * DAY_MS
    known = posts.at(posts.time_ms < before, acts.counts(len(posts.user), 0.0, before))
    plain = _without_level(known, before, rules)
    pairs = Pairs.of(known)
    expected = expected_week(known, pairs, before, plain, rules)
    came = came_between(posts, acts, pairs, before, clock_ms)
    level = np.clip((came.sum(axis=0) + 1.0) / (expected.sum(axis=0) + 1.0), 0.2, 5.0)
    spread = tuple(fit_spread(expected[:, column] * level[column], came[:, column]) for column in range(ALL + 1))
    now = posts.at(posts.time_ms < clock_ms, acts.counts(len(posts.user), 0.0, clock_ms))
    plain = _without_level(now, clock_ms, rules)
    return replace(plain, level=level, spread=spread)


def came_between(posts: Posts, acts: Acts, pairs: Pairs, since_ms: float, until_ms: float) -> Floats:
    """Engagements in [since, until) with posts of any age, by pair and column, shape (n, 5)."""
    came = acts.counts(len(posts.user), since_ms, until_ms)
    k = posts.member.shape[1]
    post, category = np.nonzero(posts.member)
    key = posts.user[post] * k + category
    wanted = pairs.user * k + pairs.category
    at = np.searchsorted(wanted, key)
    known = (at < len(wanted)) & (wanted[np.minimum(at, len(wanted) - 1)] == key) if len(wanted) else key < 0
    total = np.zeros((len(wanted), ALL))
    np.add.at(total, at[known], came[post[known]])
    return np.column_stack([total, total.sum(axis=1)])


def _without_level(posts: Posts, clock_ms: float, rules: Shrinkage) -> Population:
    weight = 2.0 ** ((posts.time_ms - clock_ms) / DAY_MS / rules.half_life_days)
    whole = np.column_stack([posts.counts, posts.counts.sum(axis=1)])
    total = max(float(weight.sum()), 1e-9)
    subjects = weight @ posts.member / total
    authors = max(len(np.unique(posts.user)), 1)
    days = (clock_ms - int(posts.time_ms.min(initial=int(clock_ms)))) / DAY_MS
    return Population(subjects, weight @ whole / total, float(weight.sum()) / authors, np.ones(ALL + 1), (), days)


def _medians(counts: Floats, pairs: Pairs, n: Ints) -> Floats:
    first = np.cumsum(n) - n
    columns = []
    for column in counts.T:
        ordered = column[pairs.post][np.lexsort((column[pairs.post], pairs.pair))]
        columns.append((ordered[first + (n - 1) // 2] + ordered[first + n // 2]) / 2 if len(n) else ordered)
    return np.stack(columns, axis=1)
