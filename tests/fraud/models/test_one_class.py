"""One class of people: who is left out of the reference, and how scores are scaled."""

import numpy as np
import pytest

from fraud.models.dataset import Sample
from fraud.models.one_class import OneClass, fit_one_class
from fraud.models.reference import fit_reference


def sample(columns: np.ndarray, label: int = -1) -> Sample:
    rows = np.arange(len(columns))
    return Sample(columns, np.full(len(columns), 60), np.full(len(columns), label), rows, rows)


@pytest.fixture
def people() -> np.ndarray:
    """A hundred people, the last two of whom read unlike all others."""
    columns = np.random.default_rng(3).normal(size=(100, 6))
    columns[98:] = 50.0
    return columns


def test_two_in_a_hundred_are_left_out_of_the_reference(people: np.ndarray) -> None:
    learnt = fit_one_class(sample(people)).reference

    np.testing.assert_array_equal(learnt.quantiles, fit_reference(people[:98]).quantiles)


def test_the_median_person_scores_0_and_the_84th_in_a_hundred_one_spread(people: np.ndarray) -> None:
    fitted = fit_one_class(sample(people))

    both = fitted.reference.distances(people)
    median, high = np.quantile(both, 0.5, axis=0), np.quantile(both, 0.84, axis=0)
    np.testing.assert_allclose(fitted.usual, [median, high - median])


def test_the_score_adds_both_distances_in_spreads(people: np.ndarray) -> None:
    reference = fit_reference(people)
    ((distance, strangeness),) = reference.distances(people[:1])
    usual = np.array([[distance - 2.0, strangeness + 3.0], [0.5, 1.5]])

    assert OneClass(reference, usual).score(people[:1]).tolist() == pytest.approx([2 / 0.5 - 3 / 1.5])
