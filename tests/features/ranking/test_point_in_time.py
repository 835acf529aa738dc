import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.arrays import positions
from features.ranking.point_in_time import EventIndex, PairIndex, first_times

HOUR_MS, NEVER_HOURS = 3_600_000, 10_000.0
DAY_MS = 24 * HOUR_MS
NOW_MS = 1_768_478_400_000  # 2026-01-15T12:00:00Z

keys = st.integers(-1, 4)
moments = st.one_of(st.integers(0, 20), st.integers(0, 40).map(lambda hour: hour * HOUR_MS)).map(lambda ms: NOW_MS + ms)
events = st.lists(st.tuples(keys, moments), max_size=25)
query_lists = st.lists(st.tuples(keys, moments), min_size=1, max_size=15)


def columns(rows, width=2):
    return (np.array(column, dtype=np.int64) for column in (zip(*rows, strict=True) if rows else [[]] * width))


def earlier(happened, key, moment):
    return [time for event_key, time in happened if event_key == key >= 0 and time < moment]


@given(happened=events, queries=query_lists)
def test_counts_before_within_and_since_equal_those_of_a_loop(happened, queries):
    index = EventIndex.build(*columns(happened))
    key, moment = columns(queries)

    counts = [index.before(key, moment), index.within(key, moment, 6), index.hours_since(key, moment)]

    for row, (query_key, at) in enumerate(queries):
        before = earlier(happened, query_key, at)
        recent = [time for time in before if time >= at - 6 * HOUR_MS]
        since = (at - max(before)) / HOUR_MS if before else NEVER_HOURS
        assert [column[row] for column in counts] == [len(before), len(recent), pytest.approx(since)]


@given(
    happened=st.lists(st.tuples(keys, st.integers(-1, 3), moments), max_size=25),
    queries=st.lists(st.tuples(keys, st.integers(-1, 3), moments), min_size=1, max_size=15),
)
def test_pairs_are_counted_apart(happened, queries):
    left, right, moment = columns(happened, 3)
    index = PairIndex.build(left, right, moment, 4)
    left, right, at = columns(queries, 3)

    counts = index.index.before(index.key(left, right), at)

    for row, (one, other, time) in enumerate(queries):
        same = [event for event in happened if event[:2] == (one, other) and min(one, other) >= 0 and event[2] < time]
        assert counts[row] == len(same)


def test_an_event_at_the_same_time_is_not_before_it():
    index = EventIndex.build(np.array([0]), np.array([NOW_MS]))

    assert index.before(np.array([0, 0]), np.array([NOW_MS, NOW_MS + 1])).tolist() == [0, 1]
    assert index.within(np.array([0, 0]), np.array([NOW_MS, NOW_MS + HOUR_MS]), 1).tolist() == [0, 1]


def test_without_events_all_counts_are_zero():
    index = EventIndex.build(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    one = np.array([3])

    assert index.before(one, one).tolist() == [0]
    assert index.hours_since(one, one).tolist() == [NEVER_HOURS]


@pytest.mark.parametrize("years", [3, 10, 56])
def test_one_event_of_long_ago_does_not_hide_what_happened_since(years):
    """An app's oldest follow is years old, or was noted at 1970."""
    old = NOW_MS - int(years * 365.25 * DAY_MS)
    index = EventIndex.build(np.array([0, 0, 1]), np.array([old, NOW_MS - 2 * DAY_MS, NOW_MS - DAY_MS]))
    key, moment = np.array([0, 1, 0]), np.array([NOW_MS, NOW_MS, NOW_MS - 3 * DAY_MS])

    assert index.before(key, moment).tolist() == [2, 1, 1]
    assert index.within(key, moment, 72).tolist() == [1, 1, 0]
    assert index.hours_since(key, moment).tolist() == [48.0, 24.0, NEVER_HOURS]


def test_a_time_long_after_the_last_event_counts_all():
    index = EventIndex.build(np.array([0, 0]), np.array([NOW_MS - DAY_MS, NOW_MS]))
    late = np.array([NOW_MS + 10 * 366 * DAY_MS])

    assert index.before(np.array([0]), late).tolist() == [2]
    assert index.hours_since(np.array([0]), late).tolist() == [NEVER_HOURS]


@given(st.lists(st.tuples(st.integers(-2, 3), st.integers(-2, 3)), max_size=20))
def test_first_times_marks_each_pair_once_and_first(pairs):
    left, right = columns(pairs)

    marked = first_times(left, right)

    assert [pairs.index(pair) == row for row, pair in enumerate(pairs)] == marked.tolist()


@given(st.lists(st.binary(min_size=12, max_size=12), min_size=1, max_size=8), st.binary(min_size=12, max_size=12))
def test_positions_finds_ids_of_any_bytes(some, other):
    sought = np.frombuffer(b"".join([*some, other]), dtype="S12")
    sorted_ids = np.unique(sought[:-1])

    place = positions(sorted_ids, sought)

    assert (sorted_ids[place[:-1]] == sought[:-1]).all()
    assert (place[-1] >= 0) == (other in some)


def test_no_position_is_found_among_no_ids():
    assert positions(np.zeros(0, dtype="S12"), np.array([b"x" * 12])).tolist() == [-1]
