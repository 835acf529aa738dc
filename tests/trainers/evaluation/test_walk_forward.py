"""Walk-forward evaluation: models see only the past, and figures are right where the best order is known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from features.countries import COUNTRIES
from features.ranking.indexes import build_index
from tests.golden.logs import Log, other_future, random_log
from trainers.boosters import RESIDUAL, Growth
from trainers.evaluation.walk_forward import Plan, evaluate, train
from trainers.hierarchy import GateConfig
from trainers.rows.requests import candidate_sets, find_requests

QUICK = GateConfig(world=Growth(rounds=5, depth=2, eta=0.3, child_weight=1.0), residual=RESIDUAL, min_requests=10)
PLAN = Plan(gate=QUICK, others=20, window_days=30)
SINCE = 240.0  # hours
TH = COUNTRIES.index("th")


def by_hand(days=14, people=6):
    """Ten posts a day; everybody engages, once a day, with that day's newest one, half an hour after it came."""
    log = Log(countries=[TH] * people)
    for day in range(days):
        first = len(log.contents)
        log.contents += [(first + n, 24 * day + n, n % people, "", [], None, 0, 0) for n in range(9)]
        log.contents.append((first + 9, 24 * day + 19.5, people, "", [], None, 0, 0))
        log.engagements += [(24 * day + 20, who, first + 9, 0) for who in range(people)]
    return log


def candidate_sets_of(history, log, since=SINCE, until=1e6):
    return list(candidate_sets(history, find_requests(history, log.moment(since), log.moment(until))))


@pytest.fixture(scope="module")
def evaluation():
    log = by_hand()
    history = log.history()
    known, requests = build_index(history), candidate_sets_of(history, log)
    rankers = train(history, known, log.moment(SINCE), PLAN)
    extra = {
        "oracle": lambda candidates: candidates.relevant * 1.0,
        "oldest": lambda candidates: -1.0 * candidates.content,
    }
    return requests, evaluate(history, known, rankers, requests, extra, seed=1)


def test_every_ranker_has_figures_for_every_request(evaluation):
    requests, result = evaluation

    assert len(requests) == 24  # six members on four days
    assert {name: figures.shape for name, figures in result.figures.items()} == dict.fromkeys(result.figures, (24, 4))
    simple = {"random", "recency", "popularity", "hn", "lemmy", "content"}
    trained = {"world", "guest", "global", "members", "personal", "isolated", "plain"}
    assert set(result.figures) == simple | trained | {"oracle", "oldest"}
    assert result.engaged_before.tolist() == np.repeat([10, 11, 12, 13], 6).tolist()
    assert set(result.country.tolist()) == {TH}


def test_the_order_that_is_best_by_construction_is_perfect_and_its_reverse_is_worst(evaluation):
    requests, result = evaluation
    worst = [1 / len(request.content) for request in requests]

    for name in ("oracle", "recency"):
        assert result.figures[name].tolist() == [[1.0] * 4] * 24
    assert result.figures["oldest"][:, 0].tolist() == [0.0] * 24
    assert result.figures["oldest"][:, 2] == pytest.approx(worst)
    assert result.figures["oldest"][:, 3].tolist() == [0.0] * 24


def test_a_pattern_in_the_data_is_learned(evaluation):
    _, result = evaluation

    assert result.figures["world"][:, 3].mean() > 0.9
    assert result.figures["random"][:, 3].mean() == pytest.approx(0.5, abs=0.2)


def test_posts_under_one_hour_have_figures_of_their_own(evaluation):
    _, result = evaluation

    assert not np.isnan(result.fresh["recency"]).any()  # every relevant post is half an hour old
    assert result.fresh["recency"].tolist() == result.figures["recency"][:, 0].tolist()


def lively(kinds):
    """Everything happens to everybody, each pair of account and content engages once."""
    return once(random_log(8, hours=480, accounts=10, contents=90, acts=900), kinds)


@cache
def as_it_was(kinds):
    return bytes_of(lively(kinds))


def once(log, kinds):
    pairs = {act[1:3]: act for act in sorted(log.engagements, reverse=True)}
    log.engagements = [(*act[:3], act[3] % kinds) for act in pairs.values()]
    return log


def bytes_of(log, plan=PLAN):
    """Returns the models trained at SINCE, as bytes."""
    history = log.history()
    rankers = train(history, build_index(history), log.moment(SINCE), plan)
    boosters = {**rankers.boosters, "members": rankers.members}
    ids, weights = rankers.effects
    effects = {history.account_id[member]: row.tobytes() for member, row in zip(ids, weights, strict=True)}
    isolated = {history.account_id[member]: bytes(booster.save_raw()) for member, booster in rankers.isolated.items()}
    return {name: bytes(booster.save_raw()) for name, booster in boosters.items()}, effects, isolated, rankers.gate


@pytest.mark.parametrize("kinds", [1, 4])
def test_events_at_or_after_the_first_request_change_no_byte_of_the_models(kinds):
    other = once(other_future(lively(kinds), SINCE, seed=4), kinds)

    assert bytes_of(other) == as_it_was(kinds)


def test_a_leak_of_a_day_would_be_seen():
    other = once(other_future(lively(1), SINCE - 24, seed=4), 1)

    assert bytes_of(other) != as_it_was(1)


def test_a_sample_of_few_requests_and_no_first_tries_are_enough():
    log = by_hand()
    history = log.history()
    known, plan = build_index(history), replace(PLAN, max_training_requests=5, first_tries=False)

    rankers = train(history, known, log.moment(SINCE), plan)
    result = evaluate(history, known, rankers, candidate_sets_of(history, log)[:3], {}, seed=1)

    assert rankers.report["requests"] == 5
    assert {"isolated", "plain"}.isdisjoint(result.figures)
    assert np.isfinite(result.figures["personal"]).all()


@pytest.mark.parametrize("bucket", range(5))
def test_member_effects_count_only_where_the_gate_is_open(bucket):
    log = by_hand()
    history = log.history()
    known, requests = (
        build_index(history),
        candidate_sets_of(history, log)[:3],
    )  # of members with 10 engagements: the fourth bucket
    rankers = train(history, known, log.moment(SINCE), replace(PLAN, first_tries=False))
    accounts, weights = rankers.effects
    others = np.tile(np.linspace(50, -50, weights.shape[1]), (len(weights), 1))
    gate = replace(rankers.gate, open=tuple(number == bucket for number in range(5)))

    result = evaluate(history, known, replace(rankers, effects=(accounts, others), gate=gate), requests, {}, seed=1)

    same = result.figures["personal"].tolist() == result.figures["members"].tolist()
    assert same == (bucket != 3)
