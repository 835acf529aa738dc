from dataclasses import replace

import numpy as np
import pytest
import xgboost

from features.countries import CONTINENT_OF, COUNTRIES
from features.ranking.boosters import load_booster, predict_log_odds
from trainers import hierarchy
from trainers.boosters import RESIDUAL, Growth
from trainers.evaluation.metrics import list_loss
from trainers.hierarchy import GateConfig, Table, train_hierarchy, untrained_hierarchy

QUICK = GateConfig(world=Growth(rounds=20, depth=3, eta=0.3), residual=RESIDUAL, min_requests=60)
NUMBER = {code: number for number, code in enumerate(COUNTRIES)}
CANDIDATES = 20


def community(seed, requests_of, preferences_of):
    """Requests of twenty candidates with three columns; the members of a country engage by its preferences."""
    draw = np.random.default_rng(seed)
    codes = draw.permutation([code for code, count in requests_of.items() for _ in range(count)])
    matrix = draw.normal(size=(len(codes) * CANDIDATES, 3)).astype(np.float32)
    preferences = np.repeat([preferences_of[code] for code in codes], CANDIDATES, axis=0)
    chance = 1 / (1 + np.exp(2.5 - (matrix * preferences).sum(axis=1)))
    return Table(
        matrix=matrix,
        engaged=draw.random(len(matrix)) < chance,
        weight=np.ones(len(matrix)),
        request=np.repeat(np.arange(len(codes)), CANDIDATES),
        country=np.repeat([NUMBER[code] for code in codes], CANDIDATES),
    )


WORLD, OTHER, NONE_AT_ALL = (1.5, 0, 0), (-1.5, 0, 1), (0, 0, 0)
REQUESTS = {"us": 900, "jp": 400, "th": 150, "fr": 300, "de": 120, "va": 20}
PREFERENCES = {"us": WORLD, "jp": WORLD, "th": OTHER, "fr": WORLD, "de": WORLD, "va": OTHER}


@pytest.fixture(scope="module")
def table():
    return community(1, REQUESTS, PREFERENCES)


@pytest.fixture(scope="module")
def trained(table):
    return {level.account: level for level in train_hierarchy(table, QUICK)}


def loss_of(trained, table, account):
    """Loss of a list in the country, with the levels up to `account`."""
    rows = table.take(table.country == NUMBER["th"])
    chain = ("global", "asia", "th")[: ("global", "asia", "th").index(account) + 1]
    margin = sum(
        predict_log_odds(load_booster(trained[level].artifact), rows.matrix)
        for level in chain
        if trained[level].artifact
    )
    return list_loss(np.unique(rows.request, return_inverse=True)[1], rows.engaged, rows.weight, margin).mean()


def test_every_country_and_continent_and_the_world_is_there_once_and_names_its_parent(trained):
    assert set(trained) == {"global", *CONTINENT_OF.values(), *COUNTRIES}
    assert trained["global"].parent is None
    named = {account: level.parent for account, level in trained.items() if account != "global"}
    assert len(named) == len(trained) - 1 > 249
    assert [account for account, parent in named.items() if not trained[parent].artifact] == []
    assert [code for code, parent in named.items() if parent not in ("global", CONTINENT_OF.get(code))] == []


def test_a_country_with_other_preferences_gets_a_residual_and_gains(trained):
    fresh = community(2, REQUESTS, PREFERENCES)

    assert trained["th"].artifact
    assert trained["th"].report["gain"] > trained["th"].report["standardError"]
    assert loss_of(trained, fresh, "th") < loss_of(trained, fresh, "asia") - 0.1


def test_countries_with_the_preferences_of_the_world_get_no_residual(trained):
    assert not [code for code in ("us", "fr", "de") if trained[code].artifact]
    assert trained["fr"].report["why"] == "no gain on held-out requests"


def test_a_country_with_too_few_requests_says_so(trained):
    assert trained["va"].report == {"requests": 20, "rows": 400, "engaged": trained["va"].report["engaged"],
                                    "why": "too few requests"}  # fmt: skip
    assert trained["aq"].report["requests"] == 0


def test_countries_of_pure_chance_rarely_pass_the_gate():
    codes = [code for code in COUNTRIES if CONTINENT_OF[code] == "africa"][:20]
    table = community(3, dict.fromkeys(codes, 80), dict.fromkeys(codes, NONE_AT_ALL))

    trained = list(train_hierarchy(table, replace(QUICK, standard_errors=2.0)))

    assert sum(bool(level.artifact) for level in trained if level.account in codes) <= 2


def test_a_country_that_cannot_be_trained_does_not_stop_the_others(table, trained, monkeypatch):
    thai = {row.tobytes() for row in table.matrix[table.country == NUMBER["th"]]}
    fit = hierarchy.fit

    def failing(matrix, *rest):
        if all(row.tobytes() in thai for row in matrix):
            raise xgboost.core.XGBoostError("Check failed: valid: Input data contains `inf`\nStack trace: …")
        return fit(matrix, *rest)

    monkeypatch.setattr(hierarchy, "fit", failing)
    levels = {level.account: level for level in train_hierarchy(table, QUICK)}

    assert levels["th"].artifact == b""
    assert levels["th"].report["why"] == "failed: Check failed: valid: Input data contains `inf`"
    assert set(levels) == set(trained)
    for code in ("global", "us", "jp", "fr", "de"):
        assert levels[code] == trained[code]


def test_the_same_table_returns_the_same_bytes(table, trained):
    again = {level.account: level for level in train_hierarchy(table, QUICK)}

    assert again == trained


def test_the_gate_uses_requests_that_no_level_has_seen(table):
    held_out = ~hierarchy._early(table, QUICK)
    spoilt = replace(table, matrix=table.matrix.copy())
    spoilt.matrix[held_out] = np.random.default_rng(9).normal(size=(int(held_out.sum()), 3))

    margins_before = [hierarchy._held_out_margin(rows, QUICK)[~held_out] for rows in (table, spoilt)]

    np.testing.assert_array_equal(*margins_before)


def test_without_data_every_model_is_an_identity_that_says_so():
    levels = {level.account: level for level in untrained_hierarchy()}

    assert set(levels) == {"global", *CONTINENT_OF.values(), *COUNTRIES}
    assert not any(level.artifact for level in levels.values())
    assert {level.report["why"] for level in levels.values()} == {"no request with an engagement to learn from"}


def test_a_country_learns_on_the_margin_of_the_world_and_its_continent():
    table = community(4, {"us": 900, "jp": 400, "th": 400}, {"us": WORLD, "jp": OTHER, "th": (0, 2, 0)})
    trained = {level.account: level for level in train_hierarchy(table, QUICK)}
    rows = table.take(table.country == NUMBER["th"])

    margin = sum(predict_log_odds(load_booster(trained[level].artifact), rows.matrix) for level in ("global", "asia"))

    assert trained["th"].artifact == hierarchy.fit(rows.matrix, rows.engaged * 1.0, rows.weight, margin, RESIDUAL)


@pytest.mark.parametrize(("requests", "why"), [(59, "too few requests"), (60, "no gain on held-out requests")])
def test_sixty_requests_are_enough_to_try_a_model(requests, why):
    table = community(3, {"va": requests}, {"va": NONE_AT_ALL})

    report = next(level.report for level in train_hierarchy(table) if level.account == "va")

    assert (report["requests"], report["why"]) == (requests, why)


def test_the_newest_fifth_of_the_requests_is_held_out():
    table = community(3, {"va": 10}, {"va": NONE_AT_ALL})

    assert np.unique(table.request[hierarchy._early(table, GateConfig())]).tolist() == list(range(8))


def two_requests(relevant):
    """Two requests of two candidates, of which one is engaged with."""
    nothing = np.zeros((4, 1), dtype=np.float32)
    return Table(nothing, np.array(relevant), np.ones(4), np.array([7, 7, 9, 9]), np.zeros(4, dtype=np.int64))


def test_the_gain_is_the_saved_loss_of_a_list_with_its_standard_error():
    # odds of 3 to 1 for the first of two: ln 2 becomes ln 4/3 where that one is engaged with, ln 4 where it is not;
    # saved are ln 3/2 and -ln 2, whose mean is ln(3/4)/2 and whose standard error is half their distance ln 3
    late, added = two_requests([True, False, False, True]), np.log([3.0, 1.0, 3.0, 1.0])

    gain, error = hierarchy._gain(late, np.zeros(4), added)

    assert gain == pytest.approx(np.log(3 / 4) / 2)
    assert error == pytest.approx(np.log(3) / 2)


def test_one_held_out_request_never_passes():
    late = two_requests([True, False, False, False]).take(np.array([True, True, False, False]))

    gain, error = hierarchy._gain(late, np.zeros(2), np.log([3.0, 1.0]))

    assert gain == pytest.approx(np.log(3 / 2))
    assert error == np.inf


@pytest.mark.parametrize(("factor", "passes"), [(0.9, True), (1.1, False)])
def test_a_level_passes_when_its_gain_is_more_than_so_many_standard_errors(table, trained, factor, passes):
    report = trained["th"].report
    ratio = report["gain"] / report["standardError"]

    again = next(
        level
        for level in train_hierarchy(table, replace(QUICK, standard_errors=ratio * factor))
        if level.account == "th"
    )

    assert bool(again.artifact) == passes


def test_the_gate_needs_two_standard_errors():
    assert GateConfig().standard_errors == 2.0
