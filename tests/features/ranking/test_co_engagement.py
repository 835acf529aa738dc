"""Co-engagement: a golden example by hand, and a plain loop over every act as the oracle."""

from math import log, sqrt

import numpy as np
import pytest

from features.matrix import co_engagement_of
from features.ranking.co_engagement import interests
from features.ranking.indexes import build_index
from tests.golden.logs import Log, random_log, rows

MIDNIGHT = 12.0  # hours after the log begins, which is at noon


def test_an_interest_is_the_logarithm_of_the_acts_over_the_root_of_the_popularity():
    """Account 0 viewed content 0 and liked content 1, account 1 viewed content 0.

    A view weighs 1 and an engagement 3; two accounts acted on content 0, one on content 1. So the interests of
    account 0 are log(1 + 1)/√2 and log(1 + 3)/√1, which are log 2 · (1/√2, 2). Their length is log 2 · 3/√2.
    """
    contents = [(number, 0, 0, "", [], None, 0, 0) for number in range(2)]
    log = Log(countries=[0, 0], contents=contents, engagements=[(2, 0, 1, 0)], exposures=[(1, 0, 0), (1, 1, 0)])

    vectors = interests(log.history(), log.moment(MIDNIGHT))

    assert vectors.toarray() == pytest.approx(np.array([[1 / 3, 2 * sqrt(2) / 3], [1.0, 0.0]]))


def test_columns_sum_the_similarity_of_accounts_that_acted_before_the_row():
    """The cosine of accounts 0 and 1 of the example above is 1/3; account 1 acted on content 2 after midnight."""
    contents = [(number, 0, 0, "", [], None, 0, 0) for number in range(3)]
    log = Log(countries=[0, 0], contents=contents, engagements=[(2, 0, 1, 0), (16, 1, 2, 0), (20, 1, 2, 1)])
    log.exposures = [(1, 0, 0), (1, 1, 0), (15, 1, 2), (17, 1, 2)]
    history = log.history()

    columns = co_engagement_of(build_index(history), rows(history, [(0, 2), (1, 2)], log.moment(20)))

    assert columns["tasteEngaged"] == pytest.approx([1 / 3, 0.0])  # the comment at hour 20 is not before the row
    assert columns["tasteViewed"] == pytest.approx([2 / 3, 0.0])  # an account does not count for itself
    assert columns["tasteMean"] == pytest.approx([1 / 3, 0.0])


@pytest.mark.parametrize("seed", range(3))
def test_columns_equal_those_of_a_loop(seed):
    log, hour = random_log(seed), 100.0
    pairs = [(account, content[0]) for account in range(len(log.countries)) for content in log.contents]
    pairs = [(account, content) for account, content in pairs if log.contents[content][1] < hour]
    history = log.history()

    columns = co_engagement_of(build_index(history), rows(history, pairs, log.moment(hour)))

    loop = LoopCoEngagement(log, hour)
    assert columns["tasteEngaged"] == pytest.approx([loop.summed(loop.engaged, *pair) for pair in pairs])
    assert columns["tasteViewed"] == pytest.approx([loop.summed(loop.viewed, *pair) for pair in pairs])
    assert columns["tasteViewed"].max() > 0


class LoopCoEngagement:
    """The formulas of features.ranking.co_engagement, with an account's interests as a dict by content."""

    def __init__(self, log: Log, hour: float) -> None:
        begin = (hour - MIDNIGHT) // 24 * 24 + MIDNIGHT  # of the UTC day
        self.viewed = [act for act in log.exposures if act[0] < hour]
        self.engaged = [act[:3] for act in log.engagements if act[0] < hour and act[3] < 4]
        weighed = [(1.0, *act) for act in self.viewed] + [(3.0, *act) for act in self.engaged]
        past = [act for act in weighed if act[1] < begin]
        pairs = {(account, content) for _, _, account, content in past}
        contents_of_pairs = [content for _, content in pairs]
        self.interest: dict[int, dict[int, float]] = {account: {} for account in range(len(log.countries))}
        for account, content in pairs:
            acts = sum(weight for weight, _, *pair in past if pair == [account, content])
            self.interest[account][content] = log1p_of_at_most_five(acts) / sqrt(contents_of_pairs.count(content))

    def similarity(self, one: int, other: int) -> float:
        first, second = self.interest[one], self.interest[other]
        lengths = [sqrt(sum(value**2 for value in interest.values())) for interest in (first, second)]
        shared = sum(first[content] * second[content] for content in first.keys() & second.keys())
        return shared / (lengths[0] * lengths[1]) if all(lengths) and one != other else 0.0

    def summed(self, acts: list[tuple[float, int, int]], account: int, content: int) -> float:
        return sum(self.similarity(account, actor) for _, actor, of in acts if of == content)


def log1p_of_at_most_five(acts: float) -> float:
    return log(1 + min(acts, 5.0))
