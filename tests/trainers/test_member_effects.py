"""Members' own models: against scikit-learn, alone as together, and closed where they do not help."""

import numpy as np
import pytest
from scipy.optimize import minimize

from trainers.evaluation.metrics import list_loss
from trainers.member_effects import Own, _mean_and_error, added, bucket, fit_all, judge

COLUMNS = 4


def rows(members=30, each=40, seed=1, taste=1.5):
    generator = np.random.default_rng(seed)
    account = np.repeat(np.arange(members), each)
    columns = generator.normal(size=(members * each, COLUMNS))
    columns[:, 0] = 1.0
    true = generator.normal(size=(members, COLUMNS)) * taste
    margin = generator.normal(size=members * each) - 1
    chance = 1 / (1 + np.exp(-margin - (columns * true[account]).sum(axis=1)))
    engaged = generator.random(members * each) < chance
    request = np.arange(members * each) // 10
    return Own(account, request, columns, engaged, np.ones(members * each), margin)


def loss(weights, own, penalty):
    margin = own.margin + own.columns @ weights
    each = np.logaddexp(0, np.where(own.engaged, -margin, margin))
    return (own.weight * each).sum() + penalty / 2 * weights @ weights


@pytest.mark.parametrize("penalty", [1.0, 10.0, 100.0])
def test_newton_finds_the_minimum_that_a_general_optimiser_finds(penalty):
    own = rows(members=5)

    _, weights = fit_all(own, penalty)

    for member in range(5):
        mine = own.take(own.account == member)
        best = minimize(loss, np.zeros(COLUMNS), args=(mine, penalty))
        assert weights[member] == pytest.approx(best.x, abs=2e-3)


def test_a_member_trained_alone_is_the_same_to_the_last_bit():
    own = rows(members=70)
    chosen = own.take(np.isin(own.account, [3, 50]))

    _, together = fit_all(own, 10.0)
    _, alone = fit_all(chosen, 10.0)

    assert np.array_equal(together[[3, 50]], alone)


def test_more_shrinkage_means_smaller_weights():
    own = rows()

    norms = [np.abs(fit_all(own, penalty)[1]).sum() for penalty in (1.0, 10.0, 100.0)]

    assert norms[0] > norms[1] > norms[2]


@pytest.mark.parametrize("engaged", [True, False])
def test_members_who_always_or_never_engage_get_finite_weights(engaged):
    own = rows(members=3)
    own = Own(**{**vars(own), "engaged": np.full(len(own.account), engaged)})

    _, weights = fit_all(own, 3.0)

    assert np.isfinite(weights).all()


def test_what_is_not_a_number_spoils_no_other_member():
    own = rows(members=5, each=6)
    spoilt = own.columns.copy()
    spoilt[12:18] = np.nan  # the third member's

    _, sound = fit_all(own, 3.0)
    _, weights = fit_all(Own(**{**vars(own), "columns": spoilt}), 3.0)

    assert np.isnan(weights[2]).all()
    assert np.array_equal(np.delete(weights, 2, axis=0), np.delete(sound, 2, axis=0))


def test_members_with_one_row_or_with_constant_columns_get_finite_weights():
    own = rows(members=2, each=40)
    constant = Own(**{**vars(own), "columns": np.ones_like(own.columns)})

    _, alone = fit_all(own.take(np.array([0])), 3.0)
    _, same = fit_all(constant, 3.0)

    assert np.isfinite(alone).all()
    assert np.isfinite(same).all()
    assert np.ptp(same, axis=1) == pytest.approx(0, abs=1e-4)  # equal columns share the weight


def test_no_members_give_no_weights_and_add_nothing():
    account, weights = fit_all(rows().take(np.zeros(0, dtype=np.int64)), 10.0)

    assert len(account) == 0
    assert added(account, weights, np.array([1, 2]), np.ones((2, COLUMNS))).tolist() == [0.0, 0.0]


def test_a_member_without_a_model_gets_nothing_added():
    account, weights = np.array([4, 9]), np.ones((2, COLUMNS))

    more = added(account, weights, np.array([4, 5, 9, 12]), np.ones((4, COLUMNS)))

    assert more.tolist() == [4.0, 0.0, 4.0, 0.0]


def split(own):
    late = np.arange(len(own.account)) % 40 >= 30
    return own.take(~late), own.take(late)


def saved(early, late, penalty):
    """The list loss that models with this penalty save over all late requests."""
    more = added(*fit_all(early, penalty), late.account, late.columns)
    lists = np.unique(late.request, return_inverse=True)[1], late.engaged, late.weight
    return (list_loss(*lists, late.margin) - list_loss(*lists, late.margin + more)).sum()


def test_the_gate_opens_where_members_differ():
    early, late = split(rows(members=200, taste=2.0))

    gate = judge(early, late, np.full(len(late.account), 12))

    assert gate.open == (False, False, False, True, False)  # all have 12 engagements
    assert gate.penalty == max((3.0, 10.0, 30.0, 100.0), key=lambda penalty: saved(early, late, penalty)) < 100.0


def test_the_gate_stays_closed_where_members_do_not_differ():
    early, late = split(rows(members=200, taste=0.0))

    gate = judge(early, late, np.full(len(late.account), 12))

    assert gate.open == (False,) * 5
    assert gate.penalty == 100.0


def test_a_bucket_opens_above_two_standard_errors():
    early, late = split(rows(members=60, taste=0.35, seed=7))
    before = np.repeat([0, 1, 3, 10, 30], 12)[late.account]

    gate = judge(early, late, before)

    surely = [gain / error for gain, error in zip(gate.gain, gate.error, strict=True)]
    assert any(0 < ratio < 2 for ratio in surely)
    assert any(ratio > 2 for ratio in surely)
    assert gate.open == tuple(ratio > 2 for ratio in surely)


def test_a_member_whose_columns_are_no_numbers_changes_no_gain():
    early, late = split(rows(members=200, taste=2.0))
    first = early.account == 0
    spoilt = Own(**{**vars(early), "columns": np.where(first[:, None], np.nan, early.columns)})
    before = np.where(late.account == 0, 0, 12)

    gate = judge(spoilt, late, before)

    assert gate.gain[3] == judge(early, late, before).gain[3]
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
