"""What people look like, on a hundred and one people with the numbers 0, 1, …, 100."""

import numpy as np
import pytest

from fraud.models.reference import fit_reference

PEOPLE = np.arange(101.0)[:, None]


def gaussian(*values: float) -> list[float]:
    return fit_reference(PEOPLE).gaussian(np.array(values)[:, None])[:, 0].tolist()


def test_values_become_the_normal_quantiles_of_their_rank() -> None:
    # of the normal law: 0.5, 0.841345 and 0.158655 are at 0, 1 and -1 deviations
    assert gaussian(50.0, 84.1345, 15.8655) == pytest.approx([0.0, 1.0, -1.0], abs=1e-4)


def test_the_edges_of_people_are_at_the_quantiles_005_and_995() -> None:
    assert gaussian(0.0, 100.0) == pytest.approx([-2.5758, 2.5758], abs=1e-4)


def test_beyond_all_people_a_value_counts_in_spreads() -> None:
    # the spread is (95 - 5)/3.3 = 27.2727; one of it beyond the edge adds 1
    assert gaussian(100 + 27.2727, -27.2727) == pytest.approx([3.5758, -3.5758], abs=1e-4)


def test_nothing_is_farther_than_six_deviations() -> None:
    assert gaussian(1e9, -1e9) == [6.0, -6.0]


def test_a_number_that_seven_people_have_says_nothing() -> None:
    people = np.repeat(PEOPLE, 2, axis=1)
    people[7:, 0] = np.nan
    people[8:, 1] = np.nan

    assert fit_reference(people).gaussian(np.array([[1e9, 1e9]])).tolist() == [[0.0, 6.0]]


def test_seven_people_are_too_few() -> None:
    with pytest.raises(ValueError, match="7 rows, at least 8"):
        fit_reference(PEOPLE[:7])


def test_the_covariance_is_drawn_a_tenth_towards_the_identity() -> None:
    # two equal numbers: along (1, -1) people do not vary, which leaves the 0.1 of the identity; its inverse is 10
    precision = fit_reference(np.repeat(PEOPLE, 2, axis=1)).precision

    assert (precision @ [1.0, -1.0]).tolist() == pytest.approx([10.0, -10.0])


def test_strangeness_is_the_mean_of_the_five_strangest_numbers() -> None:
    people = np.random.default_rng(1).permuted(np.repeat(PEOPLE, 7, axis=1), axis=0)

    distances = fit_reference(people).distances(np.array([[1e9, -1e9, 1e9, 50.0, 50.0, 50.0, 50.0]]))

    assert distances[0, 1] == pytest.approx(3 * 6 / 5)


def test_distance_is_the_root_mean_square_of_deviations() -> None:
    # one number: z = 6 over the variance 0.9·E[z²] + 0.1 of people
    reference = fit_reference(PEOPLE)
    variance = 0.9 * float((reference.gaussian(PEOPLE) ** 2).mean()) + 0.1

    assert reference.distances(np.array([[1e9]]))[0, 0] == pytest.approx(6 / np.sqrt(variance))
