import numpy as np
import pytest
from scipy.stats import chisquare

from trainers.evaluation.ab_test import Activity, compared, explored_rate, followed, ratio_chance

HALVES = {"a": 0.5, "b": 0.5}


def community(seed, people=400, lift=0.0):
    """Two halves of people; the second one engages more by `lift` an exposure."""
    draw = np.random.default_rng(seed)
    variant = draw.integers(0, 2, people)
    exposures = draw.poisson(20, people)
    rate = draw.beta(2, 18, people) + lift * variant
    return Activity(variant, exposures, draw.binomial(exposures, rate))


def test_rates_and_differences_are_those_of_plain_sums():
    activity = Activity(np.array([0, 0, 1, 1]), np.array([10, 30, 20, 20]), np.array([1, 3, 8, 0]))

    result = compared(activity, HALVES)

    assert result["variants"]["a"]["perMember"]["rate"] == 2.0
    assert result["variants"]["a"]["perExposure"]["rate"] == 0.1
    assert result["variants"]["b"]["members"] == 2
    assert result["differences"]["b - a"]["perMember"]["difference"] == 2.0
    assert result["differences"]["b - a"]["perExposure"]["difference"] == pytest.approx(0.1)


def test_intervals_are_as_wide_as_the_theory_of_ratios_says():
    activity = community(1, people=4_000)

    rate = compared(activity, HALVES)["variants"]["a"]["perExposure"]

    mine = activity.variant == 0
    shown, engaged = activity.exposures[mine], activity.engagements[mine]
    residual = engaged - rate["rate"] * shown
    error = residual.std(ddof=1) / np.sqrt(mine.sum()) / shown.mean()  # the delta method
    assert rate["ci"] == pytest.approx([rate["rate"] - 1.96 * error, rate["rate"] + 1.96 * error], rel=0.02)


def test_without_a_difference_the_interval_holds_0_in_about_95_of_100_worlds():
    intervals = [compared(community(seed, 60), HALVES)["differences"]["b - a"]["perMember"]["ci"] for seed in range(60)]

    holding = sum(low <= 0 <= high for low, high in intervals)

    assert 51 <= holding <= 60


def test_a_difference_that_is_there_is_found():
    low, high = compared(community(5, 2_000, lift=0.03), HALVES)["differences"]["b - a"]["perExposure"]["ci"]

    assert 0 < low < 0.03 < high


def test_the_order_of_people_makes_no_difference():
    activity = community(2)
    order = np.random.default_rng(3).permutation(len(activity.variant))

    assert compared(Activity(*(column[order] for column in vars(activity).values())), HALVES) == compared(
        activity, HALVES
    )


def test_a_variant_without_people_has_no_rates_and_no_differences():
    result = compared(Activity(np.array([0, 0]), np.array([5, 0]), np.array([1, 0])), HALVES)

    assert result["variants"]["b"] == {"share": 0.5, "members": 0, "exposures": 0, "engagements": 0,
                                     "perMember": None, "perExposure": None}  # fmt: skip
    assert result["differences"]["b - a"] == {"perMember": None, "perExposure": None}


def test_nobody_at_all_is_no_mismatch():
    none = np.zeros(0, dtype=np.int64)

    result = compared(Activity(none, none, none), HALVES)

    assert result["sampleRatio"] == {"p": 1.0, "mismatch": False}


def test_the_chance_of_the_shares_is_scipys():
    people, shares = np.array([480, 300, 260]), np.array([2.0, 1.0, 1.0])

    assert ratio_chance(people, shares) == pytest.approx(chisquare(people, people.sum() * shares / 4).pvalue)


def test_lost_people_are_a_mismatch():
    activity = community(4, 4_000)
    present = (activity.variant == 0) | (np.random.default_rng(1).random(4_000) < 0.8)

    result = compared(Activity(*(column[present] for column in vars(activity).values())), HALVES)

    assert result["sampleRatio"]["mismatch"]


def test_the_explored_rate_is_that_of_the_whole_pool_though_some_are_drawn_seldom():
    draw = np.random.default_rng(7)
    propensity = draw.choice([0.02, 0.5], 40_000)
    engages = draw.random(40_000) < np.where(propensity < 0.1, 0.3, 0.05)  # what is seldom drawn is liked more
    drawn = draw.random(40_000) < propensity
    person = draw.integers(0, 2_000, 40_000)

    result = explored_rate(person[drawn], engages[drawn], propensity[drawn])

    assert result["ci"][0] < engages.mean() < result["ci"][1]
    assert engages[drawn].mean() < result["ci"][0]  # a plain mean does not see them


def test_no_draws_have_no_rate():
    assert explored_rate(np.zeros(0), np.zeros(0, bool), np.zeros(0)) is None


def test_an_act_follows_for_a_day_and_only_of_the_same_account_and_content():
    drawn = {"account": np.array([b"a"] * 4), "content": np.array([b"1", b"2", b"3", b"4"]), "time": np.full(4, 100)}
    acts = {
        "account": np.array([b"a", b"a", b"b", b"a"]),
        "content": np.array([b"1", b"2", b"3", b"4"]),
        "time": np.array([100, 99, 150, 100 + 86_400_000]),
    }

    assert followed(drawn, acts).tolist() == [True, False, False, False]


@pytest.mark.parametrize(("first", "mismatch"), [(549, False), (556, True)])
def test_shares_with_a_chance_under_one_in_a_thousand_are_a_mismatch(first, mismatch):
    # of 1000 people in halves: χ² = 98²/1000 = 9.604 has the chance 0.0019, and 112²/1000 = 12.544 has 0.0004
    variant = np.repeat([0, 1], [first, 1000 - first])

    result = compared(Activity(variant, np.ones(1000, dtype=np.int64), np.zeros(1000, dtype=np.int64)), HALVES)

    assert result["sampleRatio"]["mismatch"] is mismatch
