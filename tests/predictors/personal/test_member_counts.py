"""Counts of one member against an index that searches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.ranking.point_in_time import PairIndex
from predictors.personal.member_counts import MemberCounts, SingleAccountIndex


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 10**9)), max_size=30))
def test_counts_equal_those_of_an_index_of_the_same_events(events):
    events = sorted(events, key=lambda event: event[1])
    key, time_ms = np.array(events, dtype=np.int64).reshape(-1, 2).T
    account, keys, now = np.zeros(len(key), np.int64), np.arange(-1, 5), np.full(6, 10**9 + 1)
    searched = PairIndex.build(account, key, time_ms, 5)
    single = SingleAccountIndex.build(account, key, time_ms, 5)

    rows, places = (pairs.key(np.zeros(6, np.int64), keys) for pairs in (searched, single))

    np.testing.assert_array_equal(single.index.before(places, now), searched.index.before(rows, now))
    np.testing.assert_allclose(single.index.hours_since(places, now), searched.index.hours_since(rows, now))


def test_windows_are_refused():
    counts = MemberCounts.of(np.array([0]), np.array([1]), 1)

    with pytest.raises(ValueError, match="24 h"):
        counts.within(np.array([0]), np.array([2]), 24)
