"""The order of reading times: signs and bounds on sequences whose answer is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fraud.features.dwell_table import DwellTable
from fraud.features.sequence import long_lag_autocorrelation, predictability, sequence_features, spectral_peak
from tests.fraud.conftest import of_seconds


def readings_of(stayed: list[float], characters: list[float] | None = None) -> DwellTable:
    """Readings a minute apart, of posts of so many characters."""
    readings = of_seconds(([60.0 * place for place in range(len(stayed))], stayed))
    return replace(readings, text_length=np.array([characters])) if characters else readings


def orders(stayed: list[float], characters: list[float] | None = None) -> dict[str, float]:
    return {name: float(values[0]) for name, values in sequence_features(readings_of(stayed, characters)).items()}


def row(*values: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([values]), np.ones((1, len(values)), np.bool_)


DOUBLING = [2.0**power for power in range(10)]  # seconds; logarithms 0, 1, …, 9 times ln 2
LENGTHS = [2.0**power - 1 for power in range(10)]  # characters; ln(1 + characters) 0, 1, …, 9 times ln 2


def test_who_reads_longer_texts_longer_has_a_slope_of_one() -> None:
    assert orders(DOUBLING, LENGTHS)["textSlope"] == pytest.approx(1.0)


def test_who_reads_longer_texts_shorter_has_a_slope_of_minus_one() -> None:
    assert orders(DOUBLING[::-1], LENGTHS)["textSlope"] == pytest.approx(-1.0)


def test_the_slope_correlates_logarithms() -> None:
    # log times 0, 1, …, 9 in the order 1, 0, 2, 3, …: two neighbours swapped cost Σd² = 2, so that
    # r = 1 - 6·2/(10·99)
    swapped = [DOUBLING[1], DOUBLING[0], *DOUBLING[2:]]

    assert orders(swapped, LENGTHS)["textSlope"] == pytest.approx(1 - 12 / 990)


def test_nine_known_lengths_are_too_few_for_a_slope() -> None:
    assert math.isnan(orders(DOUBLING, [*LENGTHS[:9], math.nan])["textSlope"])


def test_unknown_lengths_take_no_part_in_the_slope() -> None:
    numbers = orders([*DOUBLING, 0.001], [*LENGTHS, math.nan])

    assert numbers["textSlope"] == pytest.approx(1.0)


def test_memory_is_the_correlation_of_each_reading_with_the_next() -> None:
    # log times 0, 1, 2, 3 pair up as (0, 1), (1, 2), (2, 3)
    assert orders([1.0, 2.0, 4.0, 8.0])["readingMemory"] == pytest.approx(1.0)


def test_a_to_and_fro_has_the_opposite_memory() -> None:
    assert orders([1.0, 2.0] * 8)["readingMemory"] == pytest.approx(-1.0)


def test_long_memory_is_the_mean_of_lags_two_to_five() -> None:
    # a to and fro repeats itself at lags 2 and 4 and reverses itself at lags 3 and 5
    assert orders([1.0, 2.0] * 8)["readingLongMemory"] == pytest.approx(0.0)
    # a round of three: correlations -1/2, 1, -1/2 and -1/2 at lags 2, 3, 4 and 5, on whole rounds nearly so
    assert orders([1.0, 2.0, 4.0] * 200)["readingLongMemory"] == pytest.approx(-1 / 8, abs=0.01)


def test_who_pauses_less_after_longer_readings_has_a_tie_of_minus_one() -> None:
    # readings of 1, 2, 4 and 8 seconds, each with a pause of 8, 4, 2 and 1 after it
    readings = of_seconds(([0.0, 9.0, 15.0, 21.0, 30.0], [1.0, 2.0, 4.0, 8.0, 5.0]))

    assert sequence_features(readings)["readingPauseTie"].tolist() == pytest.approx([-1.0])


def test_mood_is_the_mean_autocorrelation_at_lags_six_to_twenty() -> None:
    # ±1 in turns: products are +1 at the eight even lags from 6 to 20, and -1 at the seven odd ones
    values, inside = row(*([1.0, -1.0] * 20))

    assert long_lag_autocorrelation(values, inside).tolist() == pytest.approx([1 / 15])


def test_mood_needs_thirty_readings() -> None:
    values, inside = row(*([1.0, -1.0] * 15))

    assert np.isfinite(long_lag_autocorrelation(values, inside)).all()
    assert np.isnan(long_lag_autocorrelation(values[:, :29], inside[:, :29])).all()


def test_the_peak_of_a_sine_is_half_its_bound() -> None:
    values, inside = row(*np.sin(2 * np.pi * np.arange(64) / 8))

    assert spectral_peak(values, inside).tolist() == pytest.approx([0.5], abs=0.01)


def test_the_next_quarter_after_a_fixed_round_is_certain_and_after_both_of_two_is_not() -> None:
    # quarters 0, 1, 2, 3 in a round: the next is known. Then 0 0 1 1 0 0 1 1 …: after either comes either
    assert predictability(*row(*([1.0, 2.0, 3.0, 4.0] * 25))).tolist() == pytest.approx([1.0])
    assert predictability(*row(*([1.0, 1.0, 2.0, 2.0] * 100))).tolist() == pytest.approx([0.0], abs=0.01)


def test_four_values_are_four_quarters_of_two_bits() -> None:
    # every pair of the values 1 to 4 once in a round of 16: H(next) = 2 bits, H(next | this) = 2 bits
    values = [1, 1, 2, 1, 3, 1, 4, 2, 2, 3, 2, 4, 3, 3, 4, 4] * 25

    assert predictability(*row(*map(float, values))).tolist() == pytest.approx([0.0], abs=0.01)


def test_halves_that_alternate_leave_one_of_two_bits_open() -> None:
    # low (1 or 2) and high (3 or 4) in turns, every such pair as often: 1 of the 2 bits is known
    values = [1, 3, 1, 4, 2, 3, 2, 4] * 50

    assert predictability(*row(*map(float, values))).tolist() == pytest.approx([0.5], abs=0.01)


def test_a_content_read_again_counts_each_time_but_the_first() -> None:
    readings = readings_of([1.0] * 5)
    content = np.array([[2, 4, 2, 2, 6]], dtype=np.uint64)

    numbers = sequence_features(replace(readings, content=content))

    assert numbers["contentRepeatShare"].tolist() == pytest.approx([2 / 5])
