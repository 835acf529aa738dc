"""Member effects: against a general optimiser, alone as together, and closed where they do not help."""

import numpy as np
import pytest
from scipy.optimize import minimize

from trainers.evaluation.metrics import list_loss
from trainers.member_effects import (
    MemberRows,
    _mean_and_error,
    bucket,
    choose_gate,
    effect_log_odds,
    fit_member_effects,
)

COLUMNS = 4


def random_rows(members=30, per_member=40, seed=1, spread=1.5):
    generator = np.random.default_rng(seed)
    account = np.repeat(np.arange(members), per_member)
    columns = generator.normal(size=(members * per_member, COLUMNS))
    columns[:, 0] = 1.0
    true = generator.normal(size=(members, COLUMNS)) * spread
    margin = generator.normal(size=members * per_member) - 1
    chance = 1 / (1 + np.exp(-margin - (columns * true[account]).sum(axis=1)))
    engaged = generator.random(members * per_member) < chance
    request = np.arange(members * per_member) // 10
    return MemberRows(account, request, columns, engaged, np.ones(members * per_member), margin)


def loss(weights, rows, penalty):
    margin = rows.margin + rows.columns @ weights
    losses = np.logaddexp(0, np.where(rows.engaged, -margin, margin))
    return (rows.weight * losses).sum() + penalty / 2 * weights @ weights


@pytest.mark.parametrize("penalty", [1.0, 10.0, 100.0])
def test_newton_finds_the_minimum_that_a_general_optimiser_finds(penalty):
    rows = random_rows(members=5)

    _, weights = fit_member_effects(rows, penalty)

    for member in range(5):
        mine = rows.take(rows.account == member)
        best = minimize(loss, np.zeros(COLUMNS), args=(mine, penalty))
        assert weights[member] == pytest.approx(best.x, abs=2e-3)


def test_a_member_trained_alone_is_the_same_to_the_last_bit():
    rows = random_rows(members=70)
    chosen = rows.take(np.isin(rows.account, [3, 50]))

    _, together = fit_member_effects(rows, 10.0)
    _, alone = fit_member_effects(chosen, 10.0)

    assert np.array_equal(together[[3, 50]], alone)


def test_more_shrinkage_means_smaller_weights():
    rows = random_rows()

    norms = [np.abs(fit_member_effects(rows, penalty)[1]).sum() for penalty in (1.0, 10.0, 100.0)]

    assert norms[0] > norms[1] > norms[2]


@pytest.mark.parametrize("engaged", [True, False])
def test_members_who_always_or_never_engage_get_finite_weights(engaged):
    rows = random_rows(members=3)
    rows = MemberRows(**{**vars(rows), "engaged": np.full(len(rows.account), engaged)})

    _, weights = fit_member_effects(rows, 3.0)

    assert np.isfinite(weights).all()


def test_what_is_not_a_number_spoils_no_other_member():
    rows = random_rows(members=5, per_member=6)
    spoilt = rows.columns.copy()
    spoilt[12:18] = np.nan  # the third member's

    _, sound = fit_member_effects(rows, 3.0)
    _, weights = fit_member_effects(MemberRows(**{**vars(rows), "columns": spoilt}), 3.0)

    assert np.isnan(weights[2]).all()
    assert np.array_equal(np.delete(weights, 2, axis=0), np.delete(sound, 2, axis=0))


def test_members_with_one_row_or_with_constant_columns_get_finite_weights():
    rows = random_rows(members=2, per_member=40)
    constant = MemberRows(**{**vars(rows), "columns": np.ones_like(rows.columns)})

    _, alone = fit_member_effects(rows.take(np.array([0])), 3.0)
    _, same = fit_member_effects(constant, 3.0)

    assert np.isfinite(alone).all()
    assert np.isfinite(same).all()
    assert np.ptp(same, axis=1) == pytest.approx(0, abs=1e-4)  # equal columns share the weight


def test_no_members_have_no_weights_and_add_nothing():
    account, weights = fit_member_effects(random_rows().take(np.zeros(0, dtype=np.int64)), 10.0)

    assert len(account) == 0
    assert effect_log_odds(account, weights, np.array([1, 2]), np.ones((2, COLUMNS))).tolist() == [0.0, 0.0]


def test_nothing_is_added_for_a_member_without_effects():
    account, weights = np.array([4, 9]), np.ones((2, COLUMNS))

    more = effect_log_odds(account, weights, np.array([4, 5, 9, 12]), np.ones((4, COLUMNS)))

    assert more.tolist() == [4.0, 0.0, 4.0, 0.0]


def split(rows):
    late = np.arange(len(rows.account)) % 40 >= 30
    return rows.take(~late), rows.take(late)


def saved(early, late, penalty):
    """The list loss that models with this penalty save over all late requests."""
    more = effect_log_odds(*fit_member_effects(early, penalty), late.account, late.columns)
    lists = np.unique(late.request, return_inverse=True)[1], late.engaged, late.weight
    return (list_loss(*lists, late.margin) - list_loss(*lists, late.margin + more)).sum()


def test_the_gate_opens_where_members_differ():
    early, late = split(random_rows(members=200, spread=2.0))

    gate = choose_gate(early, late, np.full(len(late.account), 12))

    assert gate.open == (False, False, False, True, False)  # all have 12 engagements
    assert gate.penalty == max((3.0, 10.0, 30.0, 100.0), key=lambda penalty: saved(early, late, penalty)) < 100.0


def test_the_gate_stays_closed_where_members_do_not_differ():
    early, late = split(random_rows(members=200, spread=0.0))

    gate = choose_gate(early, late, np.full(len(late.account), 12))

    assert gate.open == (False,) * 5
    assert gate.penalty == 100.0


def test_a_bucket_opens_above_two_standard_errors():
    early, late = split(random_rows(members=60, spread=0.35, seed=7))
    before = np.repeat([0, 1, 3, 10, 30], 12)[late.account]

    gate = choose_gate(early, late, before)

    ratios = [gain / error for gain, error in zip(gate.gain, gate.error, strict=True)]
    assert any(0 < ratio < 2 for ratio in ratios)
    assert any(ratio > 2 for ratio in ratios)
    assert gate.open == tuple(ratio > 2 for ratio in ratios)


def test_a_member_whose_columns_are_no_numbers_changes_no_gain():
    early, late = split(random_rows(members=200, spread=2.0))
    first = early.account == 0
    spoilt = MemberRows(**{**vars(early), "columns": np.where(first[:, None], np.nan, early.columns)})
    before = np.where(late.account == 0, 0, 12)

    gate = choose_gate(spoilt, late, before)

    assert gate.gain[3] == choose_gate(early, late, before).gain[3]
    assert (gate.gain[0], gate.error[0]) == (0.0, 0.0)


def test_gain_and_error_are_mean_and_standard_error():
    # deviation √((1 + 0 + 1)/2) = 1, over √3
    assert _mean_and_error(np.array([1.0, 2.0, 3.0])) == pytest.approx((2.0, 1 / 3**0.5))
    assert _mean_and_error(np.array([5.0])) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("engagements", "number"), [(0, 0), (1, 1), (2, 1), (3, 2), (9, 2), (10, 3), (29, 3), (30, 4), (31, 4)]
)
def test_members_are_grouped_by_their_engagements(engagements, number):
    assert bucket(np.array([engagements])).tolist() == [number]
