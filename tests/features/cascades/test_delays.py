"""Delays between a post and its reshares: densities by hand, the smoothing, and fitted delays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.cascades.delays import fit_delays, lognormal_delays


def test_each_bin_gets_half_a_reshare_and_moves_a_quarter_to_each_neighbour():
    """Three delays in the first of two bins, one in the second; the outermost bins move a quarter to themselves.

    3.5 and 1.5 with the half; 3/4 · 3.5 + 1/4 · 1.5 = 3 and 1/4 · 3.5 + 3/4 · 1.5 = 2.
    """
    learned = fit_delays(np.arange(4), np.array([1.0, 1.0, 1.0, 100.0]), np.ones(4), bins=2)

    assert learned.mass == pytest.approx([3 / 5, 2 / 5])


@pytest.mark.parametrize(("tie", "mass"), [(1e9, [1 / 2, 1 / 2]), (1e-9, [1 / 3, 2 / 3])])
def test_a_reshare_is_divided_among_its_candidates_by_their_ties(tie: float, mass: list[float]):
    """The first reshare has candidates 1 and 100 minutes before it, the second only one 100 minutes before.

    Where the tie to the first candidate is much the strongest each bin has one reshare. Where it is much the weakest
    the second bin has both: 0.5 and 2.5 with the half, 1 and 2 after lending.
    """
    minutes, ties = np.array([1.0, 100.0, 100.0]), np.array([tie, 1.0, 1.0])

    learned = fit_delays(np.array([0, 0, 1]), minutes, ties, bins=2, rounds=1)

    assert learned.mass == pytest.approx(mass)


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=30))
def test_every_delay_stays_possible_and_the_masses_sum_to_one(minutes):
    learned = fit_delays(np.arange(len(minutes)), np.array(minutes), np.ones(len(minutes)), rounds=2)

    assert learned.mass.sum() == pytest.approx(1.0)
    assert (learned.mass > 0).all()
    assert np.isfinite(learned.density(np.array(minutes))).all()


def test_a_density_integrates_to_one():
    delays = lognormal_delays(60.0, 1.0)
    minutes = np.geomspace(delays.edges[0], delays.edges[-1], 20_001)

    assert np.trapezoid(delays.density(minutes), minutes) == pytest.approx(1.0, abs=1e-3)
