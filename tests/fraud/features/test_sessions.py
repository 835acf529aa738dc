"""When a credential reads: sessions, hours and days worked by hand."""

import math

import numpy as np
import pytest

from fraud.features.sessions import longest_rest, session_features
from tests.fraud.conftest import of_seconds

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def rhythm(*seen: float, stayed: float = 1.0) -> dict[str, float]:
    numbers = session_features(of_seconds((list(seen), [stayed] * len(seen))))
    return {name: float(values[0]) for name, values in numbers.items()}


def test_a_session_ends_after_half_an_hour_without_a_reading() -> None:
    # gaps of 6 minutes, 30 minutes, and 30 minutes and a second
    numbers = rhythm(0, 6 * MINUTE, 36 * MINUTE, 66 * MINUTE + 1)

    assert numbers["sessionShare"] == pytest.approx(2 / 4)


def test_a_reader_without_a_break_has_one_session() -> None:
    assert rhythm(0, 10, 20, 30, 40)["sessionShare"] == pytest.approx(1 / 5)


def test_a_pause_of_more_than_eight_seconds_inside_a_session_is_a_look_away() -> None:
    # pauses of 7, 8, 8.001 and 60 seconds, and one of an hour, which ends the session
    numbers = rhythm(0, 8, 17, 26.001, 87.001, 88.001 + HOUR)

    assert numbers["awayShare"] == pytest.approx(2 / 5)


def test_the_break_median_is_the_logarithm_of_hours() -> None:
    # breaks of 2, 4 and 8 hours
    numbers = rhythm(0, 2 * HOUR, 6 * HOUR, 14 * HOUR)

    assert numbers["breakLogMedian"] == pytest.approx(math.log(4))


def test_one_session_has_no_break_median() -> None:
    assert math.isnan(rhythm(0, 10, 20)["breakLogMedian"])


def test_reading_at_four_hours_alike_is_two_bits() -> None:
    assert rhythm(0, HOUR, 2 * HOUR, 3 * HOUR)["hourEntropy"] == pytest.approx(2.0)


def test_rest_is_the_longest_run_of_hours_round_midnight_too() -> None:
    # readings from 5:00 to 20:00 on one day: at rest from 21:00 to 4:59
    assert rhythm(*(hour * HOUR for hour in range(5, 21)))["dailyRestHours"] == 8.0


@pytest.mark.parametrize(("readings", "hours"), [(1, 8.0), (2, 4.0), (20, 4.0)])
def test_an_hour_rests_under_one_reading_in_a_hundred(readings: int, hours: float) -> None:
    # 16 busy hours, then 8 of which the fifth has 1, 2 or 20 of about 200 readings
    day = np.array([[12.0] * 16 + [0.0] * 4 + [float(readings)] + [0.0] * 3])

    assert longest_rest(day).tolist() == [hours]


def test_nobody_who_reads_in_one_hour_only_rests_longer_than_23_hours() -> None:
    assert rhythm(0, 10, 20)["dailyRestHours"] == 23.0


def test_sessions_that_start_at_the_same_hour_have_no_spread() -> None:
    numbers = rhythm(0, DAY, 2 * DAY, 3 * DAY)

    assert numbers["startHourSpread"] == pytest.approx(0.0, abs=1e-12)


def test_the_spread_of_starts_is_one_minus_the_length_of_their_mean_arrow() -> None:
    # sessions begin at 6:00, 12:00 and 18:00: arrows (0, 1), (-1, 0) and (0, -1) add up to (-1, 0)
    numbers = rhythm(0, 6 * HOUR, 12 * HOUR, 18 * HOUR)

    assert numbers["startHourSpread"] == pytest.approx(1 - 1 / 3)


def test_two_breaks_are_too_few_for_a_spread_of_starts() -> None:
    assert math.isnan(rhythm(0, 6 * HOUR, 12 * HOUR)["startHourSpread"])


def test_readings_a_day_count_the_days_of_the_calendar_that_have_one() -> None:
    # six readings on the first and the third day
    numbers = rhythm(0, 10, 20, 2 * DAY, 2 * DAY + 10, 2 * DAY + 20)

    assert numbers["readingsPerDayLog"] == pytest.approx(math.log(3))
