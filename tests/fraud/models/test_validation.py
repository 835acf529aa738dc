"""Figures of a detector worked by hand, and the split by time."""

import numpy as np
import pytest

from fraud.models.dataset import Sample
from fraud.models.one_class import fit_one_class
from fraud.models.validation import classification_metrics, cross_scores, folds, latest_groups, ranking_metrics

BOT, HUMAN = 1, 0


def test_figures_are_counts_of_hits_and_misses() -> None:
    # at 0.9 or above: two of three bots, and one of five people
    suspicion = np.array([0.95, 0.9, 0.1, 0.92, 0.2, 0.3, 0.4, 0.5])
    bot = np.array([True] * 3 + [False] * 5)

    found = classification_metrics(suspicion, bot, alpha=0.1)

    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert found["fpr"] == pytest.approx(1 / 5)
    assert found["accuracy"] == pytest.approx(6 / 8)
    assert (found["bots"], found["people"]) == (3, 5)
    assert found["auc"] == pytest.approx((5 + 4 + 0) / 15)  # people that each bot is above


def test_recall_is_measured_at_the_99th_percentile_of_people() -> None:
    # people 0, 1, …, 100: their 99th percentile is 99
    found = ranking_metrics(np.arange(101.0), np.array([95.0, 98.0, 99.0, 99.5, 100.0, 101.0]))

    assert found["tpr@1%fpr"] == pytest.approx(3 / 6)


def test_nobody_on_one_side_has_no_figures() -> None:
    assert np.isnan([*ranking_metrics(np.zeros(0), np.ones(3)).values()]).tolist() == [True, True]


def sample(*rows: tuple[int, int, int]) -> Sample:
    """Rows of (label, group, time)."""
    label, group, time = np.array(rows).T
    return Sample(np.zeros((len(rows), 1)), np.full(len(rows), 60), label, group, time)


def test_the_latest_share_of_bots_and_people_from_then_on_are_later() -> None:
    bots = [(BOT, number, 10 * number) for number in range(1, 11)]  # at 10, 20, …, 100
    people = [(HUMAN, 11, 5), (HUMAN, 12, 72), (HUMAN, 13, 74), (HUMAN, 14, 200)]

    found = latest_groups(sample(*bots, *people), share=0.3)  # the 0.7 quantile of the bots' times is 73

    assert found.tolist() == [False] * 7 + [True] * 3 + [False, False, True, True]


def test_a_group_is_as_old_as_its_first_row() -> None:
    rows = [(BOT, 1, 10), (BOT, 1, 900), (BOT, 2, 500), (BOT, 3, 600)]

    assert latest_groups(sample(*rows), share=0.5).tolist() == [False, False, True, True]


def test_groups_are_dealt_to_three_folds_evenly() -> None:
    group = np.repeat(np.arange(9), 4)

    found = folds(group)

    assert np.bincount(found).tolist() == [12, 12, 12]
    assert [len(set(found[group == number])) for number in range(9)] == [1] * 9


@pytest.mark.parametrize(("rows", "parts"), [(500, 10), (501, 3)])
def test_without_labels_up_to_five_hundred_are_scored_by_fits_of_nine_in_ten(rows: int, parts: int) -> None:
    number = np.arange(rows)
    columns = np.random.default_rng(1).normal(size=(rows, 6))
    people = Sample(columns, np.full(rows, 60), np.full(rows, -1), number, number)

    scores = cross_scores(people, labelled=False)["one_class"]

    first = folds(number, parts) == 0
    np.testing.assert_array_equal(scores[first], fit_one_class(people.at(~first)).score(columns[first]))
