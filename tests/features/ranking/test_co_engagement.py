"""Co-engagement: a golden example by hand, and a plain loop over every act as the oracle."""

from math import log, sqrt

import numpy as np
import pytest

from features.matrix import taste_of
from features.ranking.co_engagement import interests
from features.ranking.indexes import index
from tests.golden.logs import Log, random_log, rows

MIDNIGHT = 12.0  # hours after the log begins, which is at noon


def test_an_interest_is_the_logarithm_of_the_acts_over_the_root_of_the_popularity():
    """Account 0 viewed content 0 and liked content 1, account 1 viewed content 0.

    A view weighs 1 and an engagement 3; two accounts chose content 0, one chose content 1. So the interests of
    account 0 are log(1 + 1)/√2 and log(1 + 3)/√1, which are log 2 · (1/√2, 2). Their length is log 2 · 3/√2.
    """
    contents = [(number, 0, 0, "", [], None, 0, 0) for number in range(2)]
    log = Log(countries=[0, 0], contents=contents, engagements=[(2, 0, 1, 0)], exposures=[(1, 0, 0), (1, 1, 0)])

    found = interests(log.history(), log.moment(MIDNIGHT))

    assert found.toarray() == pytest.approx(np.array([[1 / 3, 2 * sqrt(2) / 3], [1.0, 0.0]]))


def test_taste_sums_the_likeness_of_who_acted_on_the_content_until_the_row():
    """The cosine of accounts 0 and 1 of the example above is 1/3; account 1 acted on content 2 after midnight."""
    contents = [(number, 0, 0, "", [], None, 0, 0) for number in range(3)]
    log = Log(countries=[0, 0], contents=contents, engagements=[(2, 0, 1, 0), (16, 1, 2, 0), (20, 1, 2, 1)])
    log.exposures = [(1, 0, 0), (1, 1, 0), (15, 1, 2), (17, 1, 2)]
    history = log.history()

    found = taste_of(index(history), rows(history, [(0, 2), (1, 2)], log.moment(20)))

    assert found["tasteEngaged"] == pytest.approx([1 / 3, 0.0])  # the comment at hour 20 is not before the row
    assert found["tasteViewed"] == pytest.approx([2 / 3, 0.0])  # nobody counts for their own taste
    assert found["tasteMean"] == pytest.approx([1 / 3, 0.0])


@pytest.mark.parametrize("seed", range(3))
def test_taste_is_that_of_a_plain_loop(seed):
    log, hour = random_log(seed), 100.0
    asked = [(account, content[0]) for account in range(len(log.countries)) for content in log.contents]
    asked = [(account, content) for account, content in asked if log.contents[content][1] < hour]
    history = log.history()

    found = taste_of(index(history), rows(history, asked, log.moment(hour)))

    plain = PlainTaste(log, hour)
    assert found["tasteEngaged"] == pytest.approx([plain.summed(plain.engaged, *pair) for pair in asked])
    assert found["tasteViewed"] == pytest.approx([plain.summed(plain.viewed, *pair) for pair in asked])
    assert found["tasteViewed"].max() > 0


class PlainTaste:
    """The formulas of features.ranking.co_engagement, with an account's interests as a dict by content."""

    def __init__(self, log: Log, hour: float) -> None:
        begin = (hour - MIDNIGHT) // 24 * 24 + MIDNIGHT  # of the UTC day
        self.viewed = [act for act in log.exposures if act[0] < hour]
        self.engaged = [act[:3] for act in log.engagements if act[0] < hour and act[3] < 4]
        weighed = [(1.0, *act) for act in self.viewed] + [(3.0, *act) for act in self.engaged]
        past = [act for act in weighed if act[1] < begin]
        pairs = {(account, content) for _, _, account, content in past}
        chosen = [content for _, content in pairs]
        self.interest: dict[int, dict[int, float]] = {account: {} for account in range(len(log.countries))}
        for account, content in pairs:
            acts = sum(weight for weight, _, *pair in past if pair == [account, content])
            self.interest[account][content] = log1p_of_at_most_five(acts) / sqrt(chosen.count(content))

    def likeness(self, one: int, other: int) -> float:
        mine, theirs = self.interest[one], self.interest[other]
        lengths = [sqrt(sum(value**2 for value in each.values())) for each in (mine, theirs)]
        shared = sum(mine[content] * theirs[content] for content in mine.keys() & theirs.keys())
        return shared / (lengths[0] * lengths[1]) if all(lengths) and one != other else 0.0

    def summed(self, acts: list[tuple[float, int, int]], account: int, content: int) -> float:
        return sum(self.likeness(account, actor) for _, actor, of in acts if of == content)


def log1p_of_at_most_five(acts: float) -> float:
    return log(1 + min(acts, 5.0))
