"""The members' level: a residual on every level of the guest ladder, and the gate of own models."""

import numpy as np
import pytest

from features.countries import COUNTRIES
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, build
from features.ranking.boosters import margins, opened
from features.ranking.indexes import index
from features.ranking.member_columns import PERSONAL
from tests.golden.logs import Log, random_log
from trainers.boosters import Growth, fit
from trainers.member_booster import guest_margin, own_rows, train_members
from trainers.rows.requests import requests
from trainers.rows.sampling import Sample, sample

QUICK = Growth(rounds=5, depth=2, child_weight=1.0)
TH, JP, FR = (COUNTRIES.index(code) for code in ("th", "jp", "fr"))


def rows_of(log, others=10):
    history = log.history()
    taken = sample(history, requests(history, 0, 2**62), others, seed=1)
    return taken, build(index(history), taken.rows, MEMBER_COLUMNS)


@pytest.fixture(scope="module")
def lively():
    return rows_of(random_log(3, hours=240, accounts=12, contents=60, acts=900))


def boosters(levels):
    draw = np.random.default_rng(5)
    matrix = draw.random((300, len(GUEST_COLUMNS)), dtype=np.float32)
    labels = {level: (draw.random(300) < 0.3).astype(float) for level in levels}
    return {level: opened(fit(matrix, label, np.ones(300), None, QUICK)) for level, label in labels.items()}


def test_a_row_has_the_levels_of_its_own_country_and_of_no_other():
    ladder = boosters(["global", "asia", "th"])
    matrix = np.random.default_rng(6).random((4, len(MEMBER_COLUMNS)), dtype=np.float32)
    guest = matrix[:, : len(GUEST_COLUMNS)]

    margin = guest_margin(ladder, matrix, np.array([TH, JP, FR, -1]))

    each = {level: margins(booster, guest) for level, booster in ladder.items()}
    assert margin[0] == pytest.approx(each["global"][0] + each["asia"][0] + each["th"][0])
    assert margin[1] == pytest.approx(each["global"][1] + each["asia"][1])
    assert margin[2:] == pytest.approx(each["global"][2:])


def test_without_a_ladder_the_margin_is_0():
    matrix = np.ones((3, len(MEMBER_COLUMNS)), dtype=np.float32)

    assert guest_margin({}, matrix, np.array([TH, JP, -1])).tolist() == [0, 0, 0]


def test_the_booster_learns_what_the_ladder_leaves_open(lively):
    taken, matrix = lively
    label = taken.engaged.astype(float)
    ladder = boosters(["global"])

    made = train_members(taken, matrix, ladder)

    base = guest_margin(ladder, matrix, taken.rows.country)
    before, after = (loss(each, label, taken.weight) for each in (base, base + margins(opened(made.artifact), matrix)))
    assert after < before
    assert made.artifact == train_members(taken, matrix, ladder).artifact


def loss(margin, label, weight):
    return (weight * np.logaddexp(0, np.where(label > 0, -margin, margin))).sum()


def test_own_rows_are_sorted_by_account_and_otherwise_as_they_were(lively):
    taken, matrix = lively

    own = own_rows(taken, matrix, np.arange(len(taken.engaged), dtype=float))

    assert np.all(np.diff(own.account) >= 0)
    assert own.columns.shape == (len(taken.engaged), len(PERSONAL))
    assert len(np.unique(own.account)) > 1
    for account in np.unique(own.account):
        assert own.margin[own.account == account].tolist() == np.flatnonzero(taken.rows.account == account).tolist()


def test_the_gate_is_judged_on_requests_that_its_booster_did_not_see(lively):
    taken, matrix = lively
    newest = taken.request >= np.quantile(np.unique(taken.request), 0.85)
    other = Sample(taken.rows, np.where(newest, ~taken.engaged, taken.engaged), taken.weight, taken.request)

    one, two = (train_members(each, matrix, {}) for each in (taken, other))

    assert one.gate.gain != two.gate.gain
    assert len(one.gate.open) == len(one.gate.gain) == len(one.gate.error) == 5


def test_the_gate_stays_closed_while_nobody_engaged_before_the_held_out_requests(lively):
    taken, matrix = lively
    late = taken.request >= np.quantile(np.unique(taken.request), 0.9)

    made = train_members(Sample(taken.rows, taken.engaged & late, taken.weight, taken.request), matrix, {})

    assert not any(made.gate.open)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda engaged, matrix: (np.ones_like(engaged), matrix),
        lambda engaged, matrix: (engaged, np.ones_like(matrix)),
        lambda engaged, matrix: (engaged, np.where(np.arange(len(matrix))[:, None] % 7 == 0, np.nan, matrix)),
    ],
    ids=["all like all", "constant columns", "not a number"],
)
def test_bad_rows_still_give_a_booster_of_finite_margins_and_a_gate(lively, spoil):
    taken, matrix = lively
    engaged, spoilt = spoil(taken.engaged, matrix)

    made = train_members(Sample(taken.rows, engaged, taken.weight, taken.request), spoilt.astype(np.float32), {})

    assert np.isfinite(margins(opened(made.artifact), matrix)).all()
    assert not np.isinf(made.gate.gain).any()


def test_members_with_one_act_each_in_a_country_with_one_post_can_be_learnt_from():
    log = Log(
        contents=[(0, 0, 0, "", [], None, 0, 0)],
        engagements=[(number + 1, number, 0, 0) for number in range(6)],
        countries=[TH] * 6,
    )
    taken, matrix = rows_of(log)

    made = train_members(taken, matrix, {})

    assert len(taken.engaged) == 6
    assert np.isfinite(margins(opened(made.artifact), matrix)).all()
    assert not any(made.gate.open)


@pytest.mark.parametrize(("engaged_in", "penalty"), [(7, 3.0), (8, 100.0)])
def test_the_newest_fifth_of_the_requests_judges_own_models(engaged_in, penalty):
    # ten requests of one row: the last two are held out. An engagement in the eighth can be learnt from, and as the
    # held-out ones have none all penalties are alike and the first is taken; one in the ninth leaves the gate closed
    log = Log(
        contents=[(0, 0, 0, "", [], None, 0, 0)],
        engagements=[(number + 1, number, 0, 0) for number in range(10)],
        countries=[TH] * 10,
    )
    taken, matrix = rows_of(log)
    engaged = taken.request == engaged_in

    gate = train_members(Sample(taken.rows, engaged, taken.weight, taken.request), matrix, {}).gate

    assert taken.request.tolist() == list(range(10))
    assert gate.penalty == penalty
    assert not any(gate.open)
