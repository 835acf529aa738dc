"""A booster's first step, worked by hand."""

import numpy as np
import pytest

from features.ranking.boosters import load_booster, predict_log_odds
from trainers.boosters import Growth, fit

ROWS = 20_000
NOTHING = np.zeros((ROWS, 1), dtype=np.float32)  # a column that does not split the rows: every tree is one leaf


def step(engaged, margin=None, growth=Growth(rounds=1)):
    """Returns what one round adds to the log-odds when so many rows are engaged."""
    label = (np.arange(ROWS) < engaged).astype(float)
    return predict_log_odds(load_booster(fit(NOTHING, label, np.ones(ROWS), margin, growth)), NOTHING[:1])[0]


def test_the_first_step_is_the_gradient_over_curvature_and_shrinkage():
    # four fifths of the rows are drawn: gradient 16000·(1 - 1/2), curvature 16000·1/4; a leaf is 8000/(4000 + 5)
    assert step(ROWS) == pytest.approx(0.15 * 8000 / 4005, rel=0.01)


def test_even_odds_need_no_step():
    assert step(ROWS // 2) == pytest.approx(0.0, abs=0.01)


def test_the_margin_of_the_parents_is_not_learned_again():
    # log-odds ln 3 are a chance of 3/4, which is that of the rows
    assert step(ROWS * 3 // 4, np.full(ROWS, np.log(3))) == pytest.approx(0.0, abs=0.01)


def test_shrinkage_holds_a_step_back():
    held = step(ROWS, growth=Growth(rounds=1, shrinkage=4000.0))

    assert held == pytest.approx(0.15 * 8000 / 8000, rel=0.01)
