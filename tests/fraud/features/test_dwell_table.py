"""The padded table of readings: which cells count, and what is between them."""

import numpy as np

from tests.fraud.conftest import of_seconds


def test_cells_and_gaps_count_up_to_the_readings_of_each() -> None:
    readings = of_seconds(([0.0, 10.0, 30.0], [1.0, 2.0, 3.0]), ([5.0], [1.0]))

    assert readings.inside.tolist() == [[True, True, True], [True, False, False]]
    assert readings.gap_inside.tolist() == [[True, True], [False, False]]


def test_gaps_and_pauses_are_in_seconds() -> None:
    readings = of_seconds(([0.0, 10.0, 30.0], [1.5, 22.0, 3.0]))

    np.testing.assert_allclose(readings.gap_seconds, [[10.0, 20.0]])
    np.testing.assert_allclose(readings.pause_seconds, [[8.5, -2.0]])
    np.testing.assert_allclose(readings.dwell_seconds, [[1.5, 22.0, 3.0]])
