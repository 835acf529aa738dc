"""Bots among the unverified: how many rows are left out, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from fraud.models.dataset import Sample
from fraud.models.label_noise import _without_excess, likely_people_or_verified

BOT, HUMAN, UNVERIFIED = 1, 0, -1


def sample(bots: int, people: int, unverified: int, hidden: int = 0) -> Sample:
    """Bots have numbers around 3 and people around 0; the last `hidden` unverified rows are bots too."""
    label = np.repeat([BOT, HUMAN, UNVERIFIED], [bots, people, unverified])
    middle = np.where(label == BOT, 3.0, 0.0)
    middle[len(label) - hidden :] = 3.0
    columns = np.random.default_rng(2).normal(size=(len(label), 8)) + middle[:, None]
    return Sample(columns, np.full(len(label), 60), label, np.arange(len(label)), np.arange(len(label)))


def odds_of(human: int, unverified: list[float]) -> np.ndarray:
    """Log odds of ten bots, of 36 people of whom so many look like bots, and of the unverified."""
    return np.array([5.0] * 10 + [1.0] * human + [-1.0] * (36 - human) + unverified)


def test_as_many_are_left_out_as_there_are_too_many() -> None:
    # 2 of 36 people look like bots, by Wilson's centre (2 + 2)/(36 + 4) = 10 %; 40 % of the unverified do:
    # 30 % of 100 rows are too many
    unverified = [*np.linspace(0.1, 4.0, 40), *[-1.0] * 60]

    kept = _without_excess(sample(10, 36, 100), odds_of(2, unverified))

    assert np.flatnonzero(~kept).tolist() == list(range(46 + 10, 46 + 40))  # the thirty with the highest odds


def test_nobody_is_left_out_while_people_look_like_bots_as_often() -> None:
    # (6 + 2)/(36 + 4) = 20 % of people, 20 % of the unverified
    kept = _without_excess(sample(10, 36, 100), odds_of(6, [1.0] * 20 + [-1.0] * 80))

    assert kept.all()


def test_hidden_bots_are_left_out() -> None:
    kept = likely_people_or_verified(sample(60, 60, 200, hidden=60))

    assert kept[:260].sum() >= 255
    assert kept[260:].sum() <= 15


def test_twenty_bots_and_thirty_people_are_verdicts_enough() -> None:
    assert not likely_people_or_verified(sample(20, 30, 200, hidden=60)).all()


@pytest.mark.parametrize(("bots", "people"), [(19, 30), (20, 29)])
def test_with_too_few_verdicts_everybody_stays(bots: int, people: int) -> None:
    assert likely_people_or_verified(sample(bots, people, 200, hidden=60)).all()


def test_verified_rows_are_never_left_out() -> None:
    several = sample(20, 60, 100, hidden=50)
    swapped = replace(several, label=np.where(np.arange(180) == 20, BOT, several.label))

    kept = likely_people_or_verified(swapped)

    assert kept[:80].all()
