"""Fingerprints of sequences: what makes two pieces the same."""

from dataclasses import replace

import numpy as np
import pytest

from fraud.features.dwell_table import DwellTable
from fraud.features.sketches import lockstep_keys, replay_keys
from tests.fraud.conftest import of_seconds


def doubling(readings: int, factor: float = 1.0) -> DwellTable:
    """Readings of 1, 2, 4, … seconds that begin 1000 seconds apart; the third is longer by a factor."""
    stayed = [2.0**place * (factor if place == 2 else 1.0) for place in range(readings)]
    return of_seconds(([1000.0 * place for place in range(readings)], stayed))


@pytest.mark.parametrize(("readings", "keys"), [(6, 0), (7, 1), (10, 4), (60, 32)])
def test_six_readings_and_their_gaps_make_a_piece(readings: int, keys: int) -> None:
    found = replay_keys(of_seconds(([1000.0 * n for n in range(readings)], [1.2**n for n in range(readings)])))

    assert found.shape == (1, 32)
    assert (found != -1).sum() == keys


@pytest.mark.parametrize(("factor", "same"), [(1.1, True), (1.2, False)])
def test_a_symbol_is_half_a_unit_of_log_seconds_wide(factor: float, same: bool) -> None:
    # ln 4 = 1.386, ln 4.4 = 1.482 and ln 4.8 = 1.569: the symbol ends at 1.5
    assert (replay_keys(doubling(7, factor)) == replay_keys(doubling(7))).all() == same


def test_a_replay_is_the_same_whenever_it_is() -> None:
    later = replace(doubling(7), seen_ms=doubling(7).seen_ms + 123_456_789)

    np.testing.assert_array_equal(replay_keys(later), replay_keys(doubling(7)))


@pytest.mark.parametrize(("later", "same"), [(29_999, True), (30_000, False)])
def test_two_are_together_within_the_same_thirty_seconds(later: int, same: bool) -> None:
    readings = of_seconds(([0.0, 0.0], [1.0, 1.0]))
    shifted = replace(readings, seen_ms=readings.seen_ms + later)

    assert (lockstep_keys(shifted) == lockstep_keys(readings)).all() == same


def test_the_same_posts_in_another_order_are_not_together() -> None:
    readings = of_seconds(([0.0, 1.0], [1.0, 1.0]))
    swapped = replace(readings, content=readings.content[:, ::-1])

    assert (lockstep_keys(swapped) != lockstep_keys(readings)).any()


@pytest.mark.parametrize(("readings", "keys"), [(1, 0), (2, 1), (9, 8), (40, 16)])
def test_sixteen_pairs_of_posts_are_kept(readings: int, keys: int) -> None:
    found = lockstep_keys(of_seconds(([60.0 * n for n in range(readings)], [1.0] * readings)))

    assert found.shape == (1, 16)
    assert (found != -1).sum() == keys
