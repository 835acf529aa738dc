"""The booster: what rows weigh."""

import numpy as np
import pytest

from fraud.models.dataset import Sample
from fraud.models.supervised import fit_supervised

BOT, HUMAN, UNVERIFIED = 1, 0, -1


def sample(bots: tuple[int, int], people: tuple[int, int], unverified: tuple[int, int]) -> Sample:
    """Rows with one number that is 0 or 1: so many of each kind with 0, and so many with 1."""
    counts = [*bots, *people, *unverified]
    label = np.repeat([BOT, BOT, HUMAN, HUMAN, UNVERIFIED, UNVERIFIED], counts)
    number = np.repeat([0.0, 1.0] * 3, counts)[:, None]
    return Sample(number, np.full(len(label), 60), label, np.arange(len(label)), np.arange(len(label)))


def test_two_unverified_rows_weigh_as_much_as_one_verified_person() -> None:
    # 400 unverified people where the number is 0 and 200 verified ones where it is 1: it says nothing
    zero, one = fit_supervised(sample((200, 200), (0, 200), (400, 0))).score(np.array([[0.0], [1.0]]))

    assert zero == pytest.approx(one, abs=0.2)


def test_bots_weigh_as_much_as_everybody_else() -> None:
    # 40 bots and 800 people without a difference: even odds
    scores = fit_supervised(sample((20, 20), (400, 400), (0, 0))).score(np.array([[0.0], [1.0]]))

    assert scores.tolist() == pytest.approx([0.0, 0.0], abs=0.2)


def test_what_only_bots_have_is_suspicious() -> None:
    zero, one = fit_supervised(sample((0, 100), (100, 0), (0, 0))).score(np.array([[0.0], [1.0]]))

    assert zero < -1
    assert one > 1


@pytest.mark.parametrize("several", [sample((0, 0), (9, 9), (0, 0)), sample((9, 9), (0, 0), (0, 0))])
def test_one_side_alone_is_refused(several: Sample) -> None:
    with pytest.raises(ValueError, match="both classes are needed"):
        fit_supervised(several)
