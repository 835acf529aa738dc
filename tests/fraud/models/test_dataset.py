"""Columns of what credentials have in common, and who has readings enough."""

import numpy as np
import pytest

from fraud.features.behaviour import Behaviour
from fraud.models.dataset import columns_of, has_enough


def test_thirty_readings_are_enough() -> None:
    assert has_enough(np.array([0, 29, 30, 500])).tolist() == [False, False, True, True]


def test_copies_and_company_are_the_last_three_columns() -> None:
    # four credentials replay one sequence; the last two were seen together
    replay = np.repeat([[1, 2, 3, 4]], 4, axis=0)
    lockstep = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [11, 12, 13, 14], [11, 12, 23, 24]])
    turn = np.arange(4)
    behaviour = Behaviour(np.full(4, 60), turn, turn + 9, np.zeros((4, 53)), replay, lockstep)

    columns = columns_of(behaviour)

    assert columns.shape == (4, 56)
    assert columns[:, 53].tolist() == [1.0, 1.0, 1.0, 1.0]
    assert columns[:, 54].tolist() == pytest.approx([np.log(4), np.log(2), np.log(3), np.log(4)])
    assert columns[:, 55].tolist() == [0.0, 0.0, 0.0, 0.5]
