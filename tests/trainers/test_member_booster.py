"""The members level: a residual on the guest levels, and the gate of member effects."""

import numpy as np
import pytest

from features.countries import COUNTRIES
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, build
from features.ranking.boosters import load_booster, predict_log_odds
from features.ranking.indexes import build_index
from features.ranking.member_columns import EFFECT_COLUMNS
from tests.golden.logs import Log, random_log
from trainers.boosters import Growth, fit
from trainers.member_booster import guest_margin, member_rows, train_member_booster
from trainers.rows.requests import find_requests
from trainers.rows.sampling import Sample, sample

QUICK = Growth(rounds=5, depth=2, child_weight=1.0)
TH, JP, FR = (COUNTRIES.index(code) for code in ("th", "jp", "fr"))


def rows_of(log, others=10):
    history = log.history()
    sampled = sample(history, find_requests(history, 0, 2**62), others, seed=1)
    return sampled, build(build_index(history), sampled.rows, MEMBER_COLUMNS)


@pytest.fixture(scope="module")
def lively():
    return rows_of(random_log(3, hours=240, accounts=12, contents=60, acts=900))


def boosters(levels):
    draw = np.random.default_rng(5)
    matrix = draw.random((300, len(GUEST_COLUMNS)), dtype=np.float32)
    labels = {level: (draw.random(300) < 0.3).astype(float) for level in levels}
    return {level: load_booster(fit(matrix, label, np.ones(300), None, QUICK)) for level, label in labels.items()}


def test_a_row_has_the_levels_of_its_own_country_and_of_no_other():
    levels = boosters(["global", "asia", "th"])
    matrix = np.random.default_rng(6).random((4, len(MEMBER_COLUMNS)), dtype=np.float32)
    guest = matrix[:, : len(GUEST_COLUMNS)]

    margin = guest_margin(levels, matrix, np.array([TH, JP, FR, -1]))

    margins_of = {level: predict_log_odds(booster, guest) for level, booster in levels.items()}
    assert margin[0] == pytest.approx(margins_of["global"][0] + margins_of["asia"][0] + margins_of["th"][0])
    assert margin[1] == pytest.approx(margins_of["global"][1] + margins_of["asia"][1])
    assert margin[2:] == pytest.approx(margins_of["global"][2:])


def test_without_guest_levels_the_margin_is_0():
    matrix = np.ones((3, len(MEMBER_COLUMNS)), dtype=np.float32)

    assert guest_margin({}, matrix, np.array([TH, JP, -1])).tolist() == [0, 0, 0]


def test_the_booster_lowers_the_loss_of_the_guest_levels(lively):
    sampled, matrix = lively
    label = sampled.engaged.astype(float)
    levels = boosters(["global"])

    trained = train_member_booster(sampled, matrix, levels)

    base = guest_margin(levels, matrix, sampled.rows.country)
    before, after = (
        loss(margin, label, sampled.weight)
        for margin in (base, base + predict_log_odds(load_booster(trained.artifact), matrix))
    )
    assert after < before
    assert trained.artifact == train_member_booster(sampled, matrix, levels).artifact


def loss(margin, label, weight):
    return (weight * np.logaddexp(0, np.where(label > 0, -margin, margin))).sum()


def test_member_rows_are_sorted_by_account_and_otherwise_as_they_were(lively):
    sampled, matrix = lively

    rows = member_rows(sampled, matrix, np.arange(len(sampled.engaged), dtype=float))

    assert np.all(np.diff(rows.account) >= 0)
    assert rows.columns.shape == (len(sampled.engaged), len(EFFECT_COLUMNS))
    assert len(np.unique(rows.account)) > 1
    for account in np.unique(rows.account):
        assert rows.margin[rows.account == account].tolist() == np.flatnonzero(sampled.rows.account == account).tolist()


def test_the_gate_uses_requests_that_its_booster_did_not_see(lively):
    sampled, matrix = lively
    newest = sampled.request >= np.quantile(np.unique(sampled.request), 0.85)
    other = Sample(sampled.rows, np.where(newest, ~sampled.engaged, sampled.engaged), sampled.weight, sampled.request)

    one, two = (train_member_booster(rows, matrix, {}) for rows in (sampled, other))

    assert one.gate.gain != two.gate.gain
    assert len(one.gate.open) == len(one.gate.gain) == len(one.gate.error) == 5


def test_the_gate_stays_closed_while_nobody_engaged_before_the_held_out_requests(lively):
    sampled, matrix = lively
    late = sampled.request >= np.quantile(np.unique(sampled.request), 0.9)

    trained = train_member_booster(
        Sample(sampled.rows, sampled.engaged & late, sampled.weight, sampled.request), matrix, {}
    )

    assert not any(trained.gate.open)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda engaged, matrix: (np.ones_like(engaged), matrix),
        lambda engaged, matrix: (engaged, np.ones_like(matrix)),
        lambda engaged, matrix: (engaged, np.where(np.arange(len(matrix))[:, None] % 7 == 0, np.nan, matrix)),
    ],
    ids=["all like all", "constant columns", "not a number"],
)
def test_bad_rows_still_train_a_booster_with_finite_margins_and_a_gate(lively, spoil):
    sampled, matrix = lively
    engaged, spoilt = spoil(sampled.engaged, matrix)

    trained = train_member_booster(
        Sample(sampled.rows, engaged, sampled.weight, sampled.request), spoilt.astype(np.float32), {}
    )

    assert np.isfinite(predict_log_odds(load_booster(trained.artifact), matrix)).all()
    assert not np.isinf(trained.gate.gain).any()


def test_members_with_one_act_each_in_a_country_with_one_post_can_be_trained():
    log = Log(
        contents=[(0, 0, 99, "", [], None, 0, 0)],
        engagements=[(number + 1, number, 0, 0) for number in range(6)],
        countries=[TH] * 6,
    )
    sampled, matrix = rows_of(log)

    trained = train_member_booster(sampled, matrix, {})

    assert len(sampled.engaged) == 6
    assert np.isfinite(predict_log_odds(load_booster(trained.artifact), matrix)).all()
    assert not any(trained.gate.open)


@pytest.mark.parametrize(("engaged_in", "penalty"), [(7, 3.0), (8, 100.0)])
def test_the_newest_fifth_of_the_requests_decides_the_gate(engaged_in, penalty):
    # ten requests of one row: the last two are held out. An engagement in the eighth can be learned from, and as the
    # held-out ones have none all penalties are alike and the first is sampled; one in the ninth leaves the gate closed
    log = Log(
        contents=[(0, 0, 99, "", [], None, 0, 0)],
        engagements=[(number + 1, number, 0, 0) for number in range(10)],
        countries=[TH] * 10,
    )
    sampled, matrix = rows_of(log)
    engaged = sampled.request == engaged_in

    gate = train_member_booster(Sample(sampled.rows, engaged, sampled.weight, sampled.request), matrix, {}).gate

    assert sampled.request.tolist() == list(range(10))
    assert gate.penalty == penalty
    assert not any(gate.open)
