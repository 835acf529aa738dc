"""How long a credential reads and pauses: every number of `pace_numbers` worked by hand."""

import math

import numpy as np
import pytest

from fraud.features.dwell import dwell_features
from tests.fraud.conftest import of_seconds


def paces(seen: list[float], stayed: list[float]) -> dict[str, float]:
    return {name: float(numbers[0]) for name, numbers in dwell_features(of_seconds((seen, stayed))).items()}


def every_minute(*stayed: float) -> dict[str, float]:
    """The numbers of readings that begin a minute apart."""
    return paces([60.0 * place for place in range(len(stayed))], list(stayed))


def test_a_reading_under_600_milliseconds_is_skimmed() -> None:
    numbers = every_minute(0.5, 0.599, 0.6, 0.601, 5.0)

    assert numbers["readingSkimShare"] == pytest.approx(2 / 5)


def test_a_metronome_has_burstiness_minus_one() -> None:
    assert every_minute(1.0, 1.0, 1.0, 1.0)["gapBurstiness"] == pytest.approx(-1.0)


def test_burstiness_is_deviation_minus_mean_over_their_sum() -> None:
    # gaps 1, 1, 1 and 97: mean 25, deviation √((3·24² + 72²)/3) = 48
    numbers = paces([0.0, 1.0, 2.0, 3.0, 100.0], [0.5] * 5)

    assert numbers["gapBurstiness"] == pytest.approx((48 - 25) / (48 + 25))


def test_a_reading_overlaps_when_the_next_begins_before_it_ends() -> None:
    # pauses -1, 0, 1 and 2
    numbers = paces([0.0, 2.0, 4.0, 6.0, 9.0], [3.0, 2.0, 1.0, 1.0, 1.0])

    assert numbers["overlapShare"] == pytest.approx(1 / 4)


def test_the_round_share_is_that_of_the_commonest_remainder_by_a_hundred_milliseconds() -> None:
    # remainders 50, 50, 50, 40, 0; by ten milliseconds they would all be the same
    numbers = every_minute(1.05, 2.15, 3.95, 1.04, 1.0)

    assert numbers["readingRoundShare"] == pytest.approx(3 / 5)


def test_the_shape_is_made_of_quantiles_of_logarithms() -> None:
    # logarithms 0, 1, …, 19 and 40 times ln 2; the 0.05, 0.25, 0.5, 0.75, 0.95 quantiles are 1, 5, 10, 15 and 19
    numbers = every_minute(*(0.001 * 2.0**power for power in [*range(20), 40]))

    unit = math.log(2)
    assert numbers["readingLogMedian"] == pytest.approx(math.log(0.001) + 10 * unit)
    assert numbers["readingLogMad"] == pytest.approx(5 * unit)  # away: 0, 1, 1, …, 9, 9, 10 and 30; the 11th is 5
    assert numbers["readingLogIqr"] == pytest.approx(10 * unit)
    assert numbers["readingLogTail"] == pytest.approx(9 * unit)
    assert numbers["readingLogHead"] == pytest.approx(9 * unit)


def test_the_log_skew_is_the_third_moment_over_the_deviation_cubed() -> None:
    # logarithms 0, 0 and 3 units: moments m2 = (1 + 1 + 4)/3 = 2 and m3 = (-1 - 1 + 8)/3 = 2
    numbers = every_minute(1.0, 1.0, 8.0)

    assert numbers["readingLogSkew"] == pytest.approx(2 / 2**1.5)


def test_the_log_skew_of_equal_readings_is_0() -> None:
    assert every_minute(2.0, 2.0, 2.0)["readingLogSkew"] == 0.0


def test_the_repeat_share_counts_every_reading_that_has_a_twin() -> None:
    assert every_minute(1.0, 1.0, 2.0, 3.0, 3.0)["readingRepeatShare"] == pytest.approx(4 / 5)


def test_a_pause_of_nothing_counts_as_one_millisecond() -> None:
    numbers = paces([0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0])

    assert numbers["pauseLogMedian"] == pytest.approx(math.log(0.001))


def test_the_exponential_distance_is_the_widest_step_from_the_curve() -> None:
    # both readings equal their mean, where the curve is at 1 - 1/e; the steps go from 0 to 1 there
    assert every_minute(4.0, 4.0)["readingExponentialDistance"] == pytest.approx(1 - math.exp(-1))


def test_the_exponential_distance_looks_above_the_curve_too() -> None:
    # readings 0 and 2, mean 1: the steps jump to 1/2 at 0, where the curve is 0; below the curve the widest
    # distance is 1 - e^-2 - 1/2 = 0.365
    assert every_minute(0.0, 2.0)["readingExponentialDistance"] == pytest.approx(0.5)


def test_the_log_normal_distance_is_measured_from_the_credentials_own_mean_and_deviation() -> None:
    # logarithms 0 and 2 units: mean 1, deviation √2, so that they lie at ∓1/√2, where the normal law is at
    # 0.2398 and 0.7602; the steps are at 1/2 between them
    numbers = every_minute(1.0, 4.0)

    assert numbers["readingLogNormalDistance"] == pytest.approx(0.2602, abs=5e-5)


def test_one_reading_has_a_pace_and_no_gaps() -> None:
    numbers = every_minute(4.0)

    assert numbers["readingLogMedian"] == pytest.approx(math.log(4))
    assert math.isnan(numbers["gapLogMedian"])
    assert math.isnan(numbers["gapBurstiness"])
    assert math.isnan(numbers["overlapShare"])


def test_gaps_run_from_seen_to_seen_and_pauses_from_left_to_seen() -> None:
    numbers = paces([0.0, 10.0, 20.0], [2.0, 2.0, 2.0])

    np.testing.assert_allclose(numbers["gapLogMedian"], math.log(10))
    np.testing.assert_allclose(numbers["pauseLogMedian"], math.log(8))
