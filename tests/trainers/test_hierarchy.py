from dataclasses import replace

import numpy as np
import pytest
import xgboost

from features.countries import CONTINENT_OF, COUNTRIES
from features.ranking.boosters import margins, opened
from trainers import hierarchy
from trainers.boosters import RESIDUAL, Growth
from trainers.evaluation.metrics import list_loss
from trainers.hierarchy import Ladder, Table, climb, unlearnt

QUICK = Ladder(world=Growth(rounds=20, depth=3, eta=0.3), residual=RESIDUAL, least_requests=60)
NUMBER = {code: number for number, code in enumerate(COUNTRIES)}
CANDIDATES = 20


def community(seed, requests_of, taste_of):
    """Requests of twenty candidates with three columns; the members of a country engage by its own taste."""
    draw = np.random.default_rng(seed)
    codes = draw.permutation([code for code, count in requests_of.items() for _ in range(count)])
    matrix = draw.normal(size=(len(codes) * CANDIDATES, 3)).astype(np.float32)
    taste = np.repeat([taste_of[code] for code in codes], CANDIDATES, axis=0)
    chance = 1 / (1 + np.exp(2.5 - (matrix * taste).sum(axis=1)))
    return Table(
        matrix=matrix,
        engaged=draw.random(len(matrix)) < chance,
        weight=np.ones(len(matrix)),
        request=np.repeat(np.arange(len(codes)), CANDIDATES),
        country=np.repeat([NUMBER[code] for code in codes], CANDIDATES),
    )


WORLD, OTHER, NONE_AT_ALL = (1.5, 0, 0), (-1.5, 0, 1), (0, 0, 0)
REQUESTS = {"us": 900, "jp": 400, "th": 150, "fr": 300, "de": 120, "va": 20}
TASTES = {"us": WORLD, "jp": WORLD, "th": OTHER, "fr": WORLD, "de": WORLD, "va": OTHER}


@pytest.fixture(scope="module")
def table():
    return community(1, REQUESTS, TASTES)


@pytest.fixture(scope="module")
def trained(table):
    return {each.account: each for each in climb(table, QUICK)}


def loss_of(trained, table, account):
    """Loss of a list in the country, with the levels up to `account`."""
    rows = table.take(table.country == NUMBER["th"])
    chain = ("global", "asia", "th")[: ("global", "asia", "th").index(account) + 1]
    margin = sum(margins(opened(trained[each].artifact), rows.matrix) for each in chain if trained[each].artifact)
    return list_loss(np.unique(rows.request, return_inverse=True)[1], rows.engaged, rows.weight, margin).mean()


def test_every_country_and_continent_and_the_world_is_there_once_and_names_its_parent(trained):
    assert set(trained) == {"global", *CONTINENT_OF.values(), *COUNTRIES}
    assert trained["global"].parent is None
    named = {account: each.parent for account, each in trained.items() if account != "global"}
    assert len(named) == len(trained) - 1 > 249
    assert [account for account, parent in named.items() if not trained[parent].artifact] == []
    assert [code for code, parent in named.items() if parent not in ("global", CONTINENT_OF.get(code))] == []


def test_a_country_whose_taste_differs_gets_its_own_model_and_gains(trained):
    fresh = community(2, REQUESTS, TASTES)

    assert trained["th"].artifact
    assert trained["th"].report["gain"] > trained["th"].report["standardError"]
    assert loss_of(trained, fresh, "th") < loss_of(trained, fresh, "asia") - 0.1


def test_countries_that_like_what_the_world_likes_have_none_of_their_own(trained):
    assert not [code for code in ("us", "fr", "de") if trained[code].artifact]
    assert trained["fr"].report["why"] == "no gain on held-out requests"


def test_a_country_with_too_few_requests_says_so(trained):
    assert trained["va"].report == {"requests": 20, "rows": 400, "engaged": trained["va"].report["engaged"],
                                    "why": "too few requests"}  # fmt: skip
    assert trained["aq"].report["requests"] == 0


def test_countries_of_pure_chance_are_seldom_let_in():
    codes = [code for code in COUNTRIES if CONTINENT_OF[code] == "africa"][:20]
    table = community(3, dict.fromkeys(codes, 80), dict.fromkeys(codes, NONE_AT_ALL))

    trained = list(climb(table, replace(QUICK, surely=2.0)))

    assert sum(bool(each.artifact) for each in trained if each.account in codes) <= 2


def test_a_country_that_can_not_be_learnt_does_not_stop_the_others(table, trained, monkeypatch):
    thai = {row.tobytes() for row in table.matrix[table.country == NUMBER["th"]]}
    fit = hierarchy.fit

    def failing(matrix, *rest):
        if all(row.tobytes() in thai for row in matrix):
            raise xgboost.core.XGBoostError("Check failed: valid: Input data contains `inf`\nStack trace: …")
        return fit(matrix, *rest)

    monkeypatch.setattr(hierarchy, "fit", failing)
    found = {each.account: each for each in climb(table, QUICK)}

    assert found["th"].artifact == b""
    assert found["th"].report["why"] == "failed: Check failed: valid: Input data contains `inf`"
    assert set(found) == set(trained)
    for code in ("global", "us", "jp", "fr", "de"):
        assert found[code] == trained[code]


def test_the_same_table_gives_the_same_bytes(table, trained):
    again = {each.account: each for each in climb(table, QUICK)}

    assert again == trained


def test_the_gate_is_judged_on_requests_that_no_level_had_seen(table):
    held_out = ~hierarchy._early(table, QUICK)
    spoilt = replace(table, matrix=table.matrix.copy())
    spoilt.matrix[held_out] = np.random.default_rng(9).normal(size=(int(held_out.sum()), 3))

    honest = [hierarchy._honest_margin(each, QUICK)[~held_out] for each in (table, spoilt)]

    np.testing.assert_array_equal(*honest)


def test_without_data_every_model_is_an_identity_that_says_so():
    found = {each.account: each for each in unlearnt()}

    assert set(found) == {"global", *CONTINENT_OF.values(), *COUNTRIES}
    assert not any(each.artifact for each in found.values())
    assert {each.report["why"] for each in found.values()} == {"no request with an engagement to learn from"}


def test_a_country_learns_on_the_margin_of_the_world_and_its_continent():
    table = community(4, {"us": 900, "jp": 400, "th": 400}, {"us": WORLD, "jp": OTHER, "th": (0, 2, 0)})
    trained = {each.account: each for each in climb(table, QUICK)}
    rows = table.take(table.country == NUMBER["th"])

    margin = sum(margins(opened(trained[level].artifact), rows.matrix) for level in ("global", "asia"))

    assert trained["th"].artifact == hierarchy.fit(rows.matrix, rows.engaged * 1.0, rows.weight, margin, RESIDUAL)


@pytest.mark.parametrize(("requests", "why"), [(59, "too few requests"), (60, "no gain on held-out requests")])
def test_sixty_requests_are_enough_to_try_a_model(requests, why):
    table = community(3, {"va": requests}, {"va": NONE_AT_ALL})

    report = next(level.report for level in climb(table) if level.account == "va")

    assert (report["requests"], report["why"]) == (requests, why)


def test_the_newest_fifth_of_the_requests_judges():
    table = community(3, {"va": 10}, {"va": NONE_AT_ALL})

    assert np.unique(table.request[hierarchy._early(table, Ladder())]).tolist() == list(range(8))


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


def test_one_held_out_request_says_nothing():
    late = two_requests([True, False, False, False]).take(np.array([True, True, False, False]))

    gain, error = hierarchy._gain(late, np.zeros(2), np.log([3.0, 1.0]))

    assert gain == pytest.approx(np.log(3 / 2))
    assert error == np.inf


@pytest.mark.parametrize(("surely", "real"), [(0.9, True), (1.1, False)])
def test_a_level_is_let_in_when_its_gain_is_more_than_so_many_standard_errors(table, trained, surely, real):
    report = trained["th"].report
    ratio = report["gain"] / report["standardError"]

    again = next(level for level in climb(table, replace(QUICK, surely=ratio * surely)) if level.account == "th")

    assert bool(again.artifact) == real


def test_the_gate_asks_for_two_standard_errors():
    assert Ladder().surely == 2.0
