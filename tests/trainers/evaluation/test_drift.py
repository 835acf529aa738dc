import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainers.evaluation.drift import stability_index

samples = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50).map(np.array)


def test_the_index_is_that_of_its_formula_over_the_ten_bins():
    draw = np.random.default_rng(1)
    before, after = draw.normal(size=1_000), draw.normal(0.5, 1.3, size=800)

    edges = np.quantile(before, np.arange(1, 10) / 10)
    old, new = (np.diff([0, *[(sample < edge).mean() for edge in edges], 1]) for sample in (before, after))
    assert stability_index(before, after) == pytest.approx(np.sum((new - old) * np.log(new / old)), rel=0.05)


def test_nothing_moved_is_under_a_tenth_and_a_shift_is_over_a_quarter():
    draw = np.random.default_rng(2)
    before = draw.normal(size=2_000)

    assert stability_index(before, draw.normal(size=2_000)) < 0.1
    assert stability_index(before, draw.normal(1.0, 1.0, size=2_000)) > 0.25


def test_a_column_that_was_constant_and_is_not_any_more_has_drifted():
    assert stability_index(np.zeros(100), np.zeros(50)) == 0.0
    assert stability_index(np.zeros(100), np.linspace(1, 2, 50)) > 0.25


def test_an_empty_bin_counts_as_one_in_ten_thousand():
    # ten bins of a tenth each; afterwards all is in the last one: 0.9·ln 10 + 9·(0.1 - 0.0001)·ln 1000
    moved = stability_index(np.arange(100.0), np.full(50, 200.0))

    assert moved == pytest.approx(0.9 * np.log(10) + 9 * 0.0999 * np.log(1000))


@given(samples, samples)
def test_the_index_is_finite_and_never_negative(before, after):
    assert 0 <= stability_index(before, after) < np.inf


@given(samples)
def test_a_sample_has_not_moved_from_itself_in_any_order(sample):
    assert stability_index(sample, sample[::-1]) == 0.0
