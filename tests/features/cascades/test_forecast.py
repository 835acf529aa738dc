"""the final size of a tree: numbers by hand, and what must hold for every tree."""

from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.cascades.forecast import forecast_size, reacted

Z_80 = 1.2815515655446004  # the normal quantile of 0.9: ends of an interval of 80 %


def test_reactions_are_constant_for_ten_minutes_then_follow_a_power_law():
    """The rate is 0.6/(10 · 1.6) a minute for 10 minutes, which is 3/8 of all; the rest falls as minutes^-0.6."""
    minutes = np.array([-1.0, 0.0, 5.0, 10.0, 320.0])

    assert reacted(minutes) == pytest.approx([0.0, 0.0, 3 / 16, 3 / 8, 1 - 5 / 8 / 8])  # 32^0.6 = 8


def test_a_size_computed_by_hand():
    """Three posts of now, seen 10 minutes later: 3/8 of the reactions of 9,800 + 100 + 100 followers have come.

    Chance 2/3750; children of a later sharer with 200 followers 2/3750 · 200 = 8/75; still to react 6,250.
    Growth still due 0.3 · 2/3750 · 6250/(1 - 8/75) = 75/67.
    """
    size = forecast_size(np.zeros(3), np.array([9_800.0, 100.0, 100.0]), 10.0)

    due, wide = 75 / 67, exp(Z_80 * 1.1 * sqrt(1 + 1 / 2))
    assert (size.size, size.low) == pytest.approx((3 + due, 3 + due / wide))
    assert size.high == pytest.approx(3 + (due + 0.5) * wide)


def test_unknown_followers_are_200_and_those_of_an_unknown_root_2_000():
    minutes = np.array([0.0, 1.0])

    unknown = forecast_size(minutes, np.array([np.nan, 0.0]), 10.0)

    assert unknown == forecast_size(minutes, np.array([2_000.0, 200.0]), 10.0)


def test_children_per_sharer_stay_below_one_so_that_the_sum_converges():
    """Probability 2/1 with nearly no audience; at most 0.8 children a sharer: 0.3 · 2 · 3 · 5/8 / (1 - 0.8)."""
    size = forecast_size(np.zeros(3), np.full(3, 0.8), 10.0)

    assert size.size == pytest.approx(3 + 0.3 * 2 * (3 * 0.8 * 5 / 8) / 0.2)


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.one_of(st.just(float("nan")), st.floats(0, 1e7))), max_size=20),
    st.floats(0, 1e6),
)
def test_the_size_is_inside_its_interval_and_at_least_the_current_size(reshares, age):
    minutes = np.array([0.0, *(minute for minute, _ in reshares)])
    followers = np.array([float("nan"), *(count for _, count in reshares)])

    size = forecast_size(minutes, followers, age)

    assert len(minutes) <= size.low <= size.size <= size.high
