"""Karma: how well a user's posts in a category are received, as the design's number and as a tested expectation.

`karmaSeed` is the design's number: 100 · (median of the counts − benchmark) / standard deviation. The benchmark is 1 %
of the followers at post time. `karma` is the number of engagements that the coming week is expected to bring the user
in the category, per 100 followers.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.arrays import Floats, Ints, positions
from features.karma.intervals import Spread, fit_spread
from features.milliseconds import DAY_MS
from store.rules.engagements import ENGAGEMENT_TYPES

_TYPES = len(ENGAGEMENT_TYPES)
ALL = _TYPES  # column of the sum of the actions
WEEK_DAYS = 7.0
ONE_POST, NO_SPREAD = "one post", "no spread"


@dataclass(frozen=True)
class Shrinkage:
    """Weights of the priors; constants chosen on one simulated community."""

    half_life_days: float = 10.0  # of a post's weight
    subjects: float = 5.0  # weight of the app's mix of categories in a user's mix, in posts
    reception: float = 1.0  # weight of the app's mean reception in a user's, in posts
    within: float = 2.0  # weight of the user's mean reception in that of one category, in posts
    silence: float = 0.1  # least posting rate of a user, as a share of the app's

    def weeks(self, days: float) -> float:
        """Returns the weight of one post a week over so many days before the clock."""
        share = 1.0 - 2.0 ** (-max(days, 1.0) / self.half_life_days)
        return float(self.half_life_days / (np.log(2.0) * WEEK_DAYS) * share)


@dataclass(frozen=True)
class Posts:
    """The posts of a window."""

    user: Ints  # (p,) number of the author
    time_ms: Ints  # (p,)
    counts: Floats  # (p, 4) engagements by action
    member: NDArray[np.bool_]  # (p, k) belongs to the category
    followers: Floats  # (p,) of the author at that time, NaN when unknown

    def at(self, rows: NDArray[np.bool_], counts: Floats) -> "Posts":
        """Returns some of the posts with other counts; `counts`: (p, 4)."""
        return Posts(self.user[rows], self.time_ms[rows], counts[rows], self.member[rows], self.followers[rows])


@dataclass(frozen=True)
class Acts:
    """Engagements with the posts."""

    post: Ints  # (a,) index of the post
    kind: Ints  # (a,) index into ENGAGEMENT_TYPES
    time_ms: Ints  # (a,)

    def counts(self, posts: int, since_ms: float, until_ms: float) -> Floats:
        """Counts engagements per post and action in [since, until), shape (posts, 4)."""
        inside = (self.time_ms >= since_ms) & (self.time_ms < until_ms)
        cell = self.post[inside] * _TYPES + self.kind[inside]
        return np.bincount(cell, minlength=posts * _TYPES).reshape(posts, _TYPES).astype(np.float64)


@dataclass(frozen=True)
class Pairs:
    """Pairs of a user and a category with posts, sorted, and the pairs of each post."""

    user: Ints  # (n,)
    category: Ints  # (n,)
    post: Ints  # (m,) index of the post
    pair: Ints  # (m,) index of the pair

    @classmethod
    def of(cls, posts: Posts) -> "Pairs":
        """Returns the pairs of the posts."""
        post, category = np.nonzero(posts.member)
        key, pair = np.unique(posts.user[post] * posts.member.shape[1] + category, return_inverse=True)
        return cls(key // max(posts.member.shape[1], 1), key % max(posts.member.shape[1], 1), post, pair)

    def sums(self, values: Floats) -> Floats:
        """Sums `values` (p, …) over each pair's posts, shape (n, …)."""
        total = np.zeros((len(self.user), *values.shape[1:]))
        np.add.at(total, self.pair, values[self.post])
        return total


@dataclass(frozen=True)
class Population:
    """Statistics of all users; the priors of users with few posts."""

    subjects: Floats  # (k,) share of each category in the posts
    reception: Floats  # (5,) engagements per post: the actions, then all
    posting: float  # mean weight of a user's posts
    level: Floats  # (5,) observed per expected engagement, last week
    spread: tuple[Spread, ...]  # of observed around expected counts, by column
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
        """Returns why there is no number, None where there is one."""
        if self.posts[pair] == 1:
            return ONE_POST
        return NO_SPREAD if np.isnan(self.number[pair, action]) else None


def karma_seeds(posts: Posts, pairs: Pairs) -> Seeds:
    """Returns 100 · (median − benchmark) / standard deviation of the sample.

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
    """Estimates the engagements of each pair in the week after the clock, shape (n, 5): the actions, then all.

    The product of posts per week, share of the category in them, and engagements per post. Each factor is shrunk: the
    share towards the app's, the reception in the category towards the user's, and the user's towards the app's.
    """
    weight = 2.0 ** ((posts.time_ms - clock_ms) / DAY_MS / rules.half_life_days)
    users = int(posts.user.max(initial=-1)) + 1
    user_posts = np.bincount(posts.user, weights=weight, minlength=users)
    counts = np.column_stack([posts.counts, posts.counts.sum(axis=1)]) * weight[:, None]
    user_counts = np.stack([np.bincount(posts.user, weights=column, minlength=users) for column in counts.T], axis=1)
    user_reception = (user_counts + rules.reception * population.reception) / (user_posts + rules.reception)[:, None]
    pair_posts, posts_of_user = pairs.sums(weight), user_posts[pairs.user]
    mix = (pair_posts + rules.subjects * population.subjects[pairs.category]) / (posts_of_user + rules.subjects)
    reception = pairs.sums(counts) + rules.within * user_reception[pairs.user]
    reception /= (pair_posts + rules.within)[:, None]
    weekly = (posts_of_user + rules.silence * population.posting) / rules.weeks(population.days)
    return (weekly * mix)[:, None] * reception * population.level


def population_of(posts: Posts, acts: Acts, clock_ms: float, rules: Shrinkage) -> Population:
    """Returns the statistics as of the clock; level and spread come from predicting the last week."""
    week_start = clock_ms - WEEK_DAYS * DAY_MS
    earlier = posts.at(posts.time_ms < week_start, acts.counts(len(posts.user), 0.0, week_start))
    pairs = Pairs.of(earlier)
    expected = expected_week(earlier, pairs, week_start, _without_level(earlier, week_start, rules), rules)
    observed = observed_between(posts, acts, pairs, week_start, clock_ms)
    level = np.clip((observed.sum(axis=0) + 1.0) / (expected.sum(axis=0) + 1.0), 0.2, 5.0)
    spread = tuple(fit_spread(expected[:, column] * level[column], observed[:, column]) for column in range(ALL + 1))
    current = posts.at(posts.time_ms < clock_ms, acts.counts(len(posts.user), 0.0, clock_ms))
    return replace(_without_level(current, clock_ms, rules), level=level, spread=spread)


def observed_between(posts: Posts, acts: Acts, pairs: Pairs, since_ms: float, until_ms: float) -> Floats:
    """Counts engagements in [since, until) with posts of any age, by pair and column, shape (n, 5)."""
    counts = acts.counts(len(posts.user), since_ms, until_ms)
    k = posts.member.shape[1]
    post, category = np.nonzero(posts.member)
    pair = positions(pairs.user * k + pairs.category, posts.user[post] * k + category)
    total = np.zeros((len(pairs.user), ALL))
    np.add.at(total, pair[pair >= 0], counts[post[pair >= 0]])
    return np.column_stack([total, total.sum(axis=1)])


def _without_level(posts: Posts, clock_ms: float, rules: Shrinkage) -> Population:
    weight = 2.0 ** ((posts.time_ms - clock_ms) / DAY_MS / rules.half_life_days)
    counts = np.column_stack([posts.counts, posts.counts.sum(axis=1)])
    total = max(float(weight.sum()), 1e-9)
    subjects = weight @ posts.member / total
    authors = max(len(np.unique(posts.user)), 1)
    days = (clock_ms - int(posts.time_ms.min(initial=int(clock_ms)))) / DAY_MS
    return Population(subjects, weight @ counts / total, float(weight.sum()) / authors, np.ones(ALL + 1), (), days)


def _medians(counts: Floats, pairs: Pairs, n: Ints) -> Floats:
    first = np.cumsum(n) - n
    columns = []
    for column in counts.T:
        ordered = column[pairs.post][np.lexsort((column[pairs.post], pairs.pair))]
        columns.append((ordered[first + (n - 1) // 2] + ordered[first + n // 2]) / 2 if len(n) else ordered)
    return np.stack(columns, axis=1)
