"""Properties of every behaviour number, and known answers of some."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud.features.behaviour import FEATURES, measure, stacked
from fraud.features.coordination import sketch_overlap
from fraud.features.dwell_table import DwellTable, padded
from lab.evaluate.attacks import dwell_table, people
from lab.simulate.reading import Reading, noisy_copy
from tests.fraud.conftest import of_seconds

streams = st.lists(st.tuples(st.integers(0, 90_000_000), st.integers(0, 900_000)), min_size=1, max_size=40)


def rows_of(*streams: list[tuple[int, int]]) -> DwellTable:
    ordered = [sorted(stream) for stream in streams]
    return of_seconds(*(([s / 1000 for s, _ in row], [d / 1000 for _, d in row]) for row in ordered))


@settings(max_examples=80, deadline=None)
@given(streams, streams)
def test_a_credential_is_measured_the_same_alone_and_beside_others(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    both, alone = measure(rows_of(one, other)), measure(rows_of(one))

    np.testing.assert_allclose(both.numbers[0], alone.numbers[0], rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(both.replay[0], alone.replay[0])


@settings(max_examples=80, deadline=None)
@given(streams)
def test_no_number_is_infinite(one: list[tuple[int, int]]) -> None:
    numbers = measure(rows_of(one)).numbers

    assert numbers.shape == (1, len(FEATURES))
    assert not np.isinf(numbers).any()


@settings(max_examples=60, deadline=None)
@given(streams, st.integers(0, 1000))
def test_numbers_of_pace_do_not_care_when_it_was(one: list[tuple[int, int]], days: int) -> None:
    later = [(seen + days * 86_400_000, stayed) for seen, stayed in one]

    found, moved = measure(rows_of(one)).numbers[0], measure(rows_of(later)).numbers[0]

    np.testing.assert_allclose(found, moved, rtol=1e-6, atol=1e-6)


def test_the_order_of_the_rows_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    readers = people(6, 60, rng).streams
    turned = measure(dwell_table(readers[::-1], [60] * 6, np.random.default_rng(0)))
    straight = measure(dwell_table(readers, [60] * 6, np.random.default_rng(0)))

    paces = [FEATURES.index(name) for name in FEATURES if name != "contentRepeatShare"]
    np.testing.assert_allclose(turned.numbers[::-1][:, paces], straight.numbers[:, paces], rtol=1e-9, equal_nan=True)


def test_padded_puts_the_newest_reading_last() -> None:
    found = padded(np.array([2, 1]), np.array([30, 10, 50]), np.array([35, 12, 59]), np.zeros(3, "S12"))

    assert found.seen_ms.tolist() == [[10, 30], [50, 0]]
    assert found.dwell_ms.tolist() == [[2, 5], [9, 0]]
    assert len(set(found.content[found.inside].tolist())) == 3  # unknown contents are no repetition


def test_overlapping_readings_are_counted() -> None:
    numbers = measure(of_seconds(([0.0, 1.0, 9.0], [5.0, 1.0, 1.0]))).numbers[0]

    assert numbers[FEATURES.index("overlapShare")] == pytest.approx(0.5)


def test_a_replay_points_at_the_recording_and_not_the_other_way_round() -> None:
    rng = np.random.default_rng(4)
    readers = people(20, 200, rng).streams
    copy = noisy_copy(readers[3], 0.02, rng)
    copy = Reading(copy.seen_seconds + 5 * 86_400, copy.duration_seconds)

    behaviour = measure(dwell_table([*readers, copy], [200] * 21, rng))
    share = sketch_overlap(behaviour.replay, behaviour.first_seen_ms).share

    assert share[20] > 0.3
    assert share[:20].max() < 0.1


def test_a_recording_that_three_replay_is_looked_at_too() -> None:
    keys = np.arange(8)[None, :] + np.array([[0], [0], [0], [0], [100]])

    found = sketch_overlap(keys, np.array([5, 1, 2, 3, 4]))

    assert found.share.tolist() == [1.0, 1.0, 1.0, 1.0, 0.0]
    assert sketch_overlap(keys[:2], np.array([5, 1])).share.tolist() == [1.0, 0.0]


def test_parts_stack_to_the_whole() -> None:
    whole = rows_of([(0, 5), (9, 5), (20, 7)], [(3, 4), (8, 1), (50, 2)])
    first, second = rows_of([(0, 5), (9, 5), (20, 7)]), rows_of([(3, 4), (8, 1), (50, 2)])

    found = stacked([measure(first), measure(second)])

    np.testing.assert_allclose(found.numbers, measure(whole).numbers, equal_nan=True)
