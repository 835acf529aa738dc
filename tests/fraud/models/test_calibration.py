"""From a raw score to the share of people below it, worked by hand."""

import math

import numpy as np
import pytest

from features.arrays import Floats
from fraud.models.calibration import Calibration, calibrate


def suspicion(people: Floats, *scores: float, readings: int = 60) -> list[float]:
    calibration = calibrate(people, np.full(len(people), readings))
    return calibration.suspicion(np.array(scores), np.full(len(scores), readings)).tolist()


THOUSAND = np.arange(1.0, 1001.0)  # people with the scores 1, 2, …, 1000


def test_a_score_of_many_people_counts_those_at_it_or_above() -> None:
    # at or above 991: 10 people, p = (1 + 10)/(1 + 1000); above 991.5: 9 people
    found = suspicion(THOUSAND, 991.0, 991.5, 1.0)

    assert found == pytest.approx([1 - 11 / 1001, 1 - 10 / 1001, 0.0])


def test_people_with_the_same_score_all_count_against_suspicion() -> None:
    people = np.repeat([1.0, 5.0], 500)

    assert suspicion(people, 5.0) == pytest.approx([1 - 501 / 1001])


def test_beyond_the_highest_of_many_people_the_tail_falls_off() -> None:
    # people from the 0.9 quantile 900.1 on are 901, …, 1000: on average 50.4 above it
    found = suspicion(THOUSAND, 1000.0, 1050.4)

    assert [1 - score for score in found] == pytest.approx([2 / 1001, math.exp(-1) / 1001])


def test_the_highest_tenth_of_few_people_is_an_exponential_tail() -> None:
    # the 0.9 quantile of 0, 1, …, 100 is 90; the eleven from there on are on average 5 above it
    found = suspicion(np.arange(101.0), 90.0, 95.0, 100.0, 200.0)

    expected = [0.9, 1 - 0.1 * math.exp(-1), 1 - 0.1 * math.exp(-2), 1 - 0.1 * math.exp(-22)]
    assert found == pytest.approx(expected)


def test_below_the_tail_few_people_are_counted_too() -> None:
    # at or above 50: 51 of 101 people, p = (1 + 51)/(1 + 101)
    assert suspicion(np.arange(101.0), 50.0) == pytest.approx([1 - 52 / 102])


@pytest.mark.parametrize(("people", "smoothed"), [(499, True), (500, False)], ids=["499 people", "500 people"])
def test_the_tail_is_smoothed_under_five_hundred_people(people: int, smoothed: bool) -> None:
    # all have the score 0: the tail has no width, so 0 is p = 0.1 when smoothed and p = 1 when counted
    assert suspicion(np.zeros(people), 0.0) == pytest.approx([0.9 if smoothed else 0.0])


@pytest.mark.parametrize(
    ("readings", "bucket"), [(30, 0), (74, 0), (75, 1), (149, 1), (150, 2), (349, 2), (350, 3), (500, 3)]
)
def test_a_score_is_compared_with_people_of_as_many_readings(readings: int, bucket: int) -> None:
    # the people of bucket n all have the score 10·n, so what lies just above it is beyond all of them there only
    people = np.repeat([[0.0], [10.0], [20.0], [30.0]], 500, axis=1)
    calibration = Calibration(people, np.full(4, 500))

    just_below, just_above = calibration.suspicion(np.array([10.0, 10.5]) + 10 * (bucket - 1), np.full(2, readings))

    assert just_below == pytest.approx(0.0)
    assert just_above == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("readings", "bucket"), [(30, 0), (74, 0), (75, 1), (149, 1), (150, 2), (349, 2), (350, 3), (500, 3)]
)
def test_people_calibrate_the_bucket_of_their_readings(readings: int, bucket: int) -> None:
    count = np.concatenate([np.full(100, readings), np.repeat([30, 100, 200, 500], 100)])
    score = np.concatenate([np.full(100, 7.0), np.zeros(400)])

    calibration = calibrate(score, count)

    with_sevens = [number for number in range(4) if 7.0 in calibration.people[number]]
    assert with_sevens == [bucket]
    assert calibration.size.tolist() == [200 if number == bucket else 100 for number in range(4)]


@pytest.mark.parametrize(("few", "size"), [(99, 399), (100, 100)])
def test_a_bucket_with_fewer_than_a_hundred_people_takes_everybody(few: int, size: int) -> None:
    count = np.concatenate([np.full(few, 500), np.full(300, 30)])

    calibration = calibrate(np.arange(float(len(count))), count)

    assert calibration.size[3] == size


def test_two_thousand_scores_are_kept_evenly_and_all_people_are_counted() -> None:
    calibration = calibrate(np.arange(4001.0), np.full(4001, 30))

    assert calibration.people.shape == (4, 2000)
    assert calibration.people[0, [0, 1, -1]].tolist() == [0.0, 2.0, 4000.0]
    assert calibration.size.tolist() == [4001] * 4


def test_nobody_to_calibrate_on_is_refused() -> None:
    with pytest.raises(ValueError, match="0 scores"):
        calibrate(np.zeros(0), np.zeros(0, np.int64))
