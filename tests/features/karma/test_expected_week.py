"""The expected week of karma: numbers by hand for one user, the level of last week, and what a window contains."""

from math import log

import numpy as np
import pytest

from features.karma.expected_week import Acts, Pairs, Population, Posts, Shrinkage, expected_week, population_of

DAY_MS = 86_400_000
CLOCK_MS = 20_000 * DAY_MS
LIKE, COMMENT = 0, 1


def posts(*ages_days: float, likes: tuple[float, ...] | None = None) -> Posts:
    """Posts of one user in the only category."""
    n = len(ages_days)
    counts = np.zeros((n, 4))
    counts[:, LIKE] = likes or 0.0
    time_ms = np.array([CLOCK_MS - round(age * DAY_MS) for age in ages_days], dtype=np.int64)
    return Posts(np.zeros(n, dtype=np.int64), time_ms, counts, np.ones((n, 1), dtype=bool), np.full(n, 100.0))


def acts(*rows: tuple[int, int, float]) -> Acts:
    """Acts as (post, kind, days before the clock)."""
    post, kind, age = zip(*rows, strict=True)
    time_ms = [CLOCK_MS - round(days * DAY_MS) for days in age]
    return Acts(np.array(post), np.array(kind), np.array(time_ms, dtype=np.int64))


def test_a_week_computed_by_hand():
    """Two posts, of now with 4 likes and of 10 days ago with 2; after one half-life of 10 days a post weighs 1/2.

    Posts 1 + 1/2 = 3/2, likes 4 + 2/2 = 5.
    Reception: the user's (5 + 1 · 1)/(3/2 + 1) = 2.4 with the app's 1 like as one post;
    in the category (5 + 2 · 2.4)/(3/2 + 2) = 2.8.
    Mix: (3/2 + 5 · 1/2)/(3/2 + 5) = 8/13 with the app's share of 1/2 as five posts.
    One post a week over 10 days weighs (1 - 1/2) · 10/(7 log 2), so (3/2 + 0.1 · 2) posts are 1.7 · 7 log 2/5 a week.
    Last week brought half of the expected engagements.
    """
    window = posts(0, 10, likes=(4, 2))
    reception, level = np.array([1.0, 0.0, 0.0, 0.0, 1.0]), np.full(5, 0.5)
    population = Population(np.array([0.5]), reception, posting=2.0, level=level, spread=(), days=10.0)

    week_counts = expected_week(window, Pairs.of(window), CLOCK_MS, population, Shrinkage())

    week = 1.7 * 7 * log(2) / 5 * (8 / 13) * 2.8 * 0.5
    assert week_counts == pytest.approx(np.array([[week, 0.0, 0.0, 0.0, week]]))


def test_a_post_of_one_half_life_ago_weighs_half_in_the_population():
    """Posts of 0 and 10 days ago with 4 and 1 likes before the clock: (4 + 1/2)/(1 + 1/2) = 3 likes a post."""
    likes = [(0, LIKE, 0.001)] * 4 + [(1, LIKE, 9.0)]

    population = population_of(posts(0.002, 10.002), acts(*likes), CLOCK_MS, Shrinkage())

    assert population.reception == pytest.approx([3.0, 0.0, 0.0, 0.0, 3.0])
    assert population.posting == pytest.approx(1.5, rel=1e-3)
    assert population.days == pytest.approx(10.002)


@pytest.mark.parametrize(
    ("before", "last_week", "level"),
    [(0, 99, 5.0), (0, 3, 4.0), (0, 0, 1.0), (600, 0, 0.2)],
    ids=["at most five times", "as observed", "nothing expected, nothing observed", "at least a fifth"],
)
def test_the_level_is_limited_to_a_factor_of_five(before: int, last_week: int, level: float):
    """Without engagements before the week, 0 is expected, so the level is (observed + 1)/(0 + 1), within [1/5, 5]."""
    rows = [(0, COMMENT, 60.0)] + [(0, LIKE, 8.0)] * before + [(0, LIKE, 1.0)] * last_week

    population = population_of(posts(9), acts(*rows), CLOCK_MS, Shrinkage())

    assert population.level[LIKE] == pytest.approx(level)


def test_acts_count_from_since_on_and_before_until():
    counts = acts((0, LIKE, 7), (0, LIKE, 7.001), (1, COMMENT, 3), (1, LIKE, 0)).counts(
        posts=2, since_ms=CLOCK_MS - 7 * DAY_MS, until_ms=CLOCK_MS
    )

    assert counts.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0]]
