"""The walk forward: what is trained knows only the past, and figures are right where the best order is known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from features.countries import COUNTRIES
from features.ranking.indexes import index
from tests.golden.logs import Log, other_future, random_log
from trainers.boosters import RESIDUAL, Growth
from trainers.evaluation.walk_forward import Plan, judge, train
from trainers.hierarchy import Ladder
from trainers.rows.requests import choices, requests

QUICK = Ladder(world=Growth(rounds=5, depth=2, eta=0.3, child_weight=1.0), residual=RESIDUAL, least_requests=10)
PLAN = Plan(ladder=QUICK, others=20, window_days=30)
SINCE = 240.0  # hours
TH = COUNTRIES.index("th")


def by_hand(days=14, people=6):
    """Ten posts a day; everybody engages, once a day, with that day's newest one, half an hour after it came."""
    log = Log(countries=[TH] * people)
    for day in range(days):
        first = len(log.contents)
        log.contents += [(first + n, 24 * day + n, n % people, "", [], None, 0, 0) for n in range(9)]
        log.contents.append((first + 9, 24 * day + 19.5, 0, "", [], None, 0, 0))
        log.engagements += [(24 * day + 20, who, first + 9, 0) for who in range(people)]
    return log


def asked_of(history, log, since=SINCE, until=1e6):
    return list(choices(history, requests(history, log.moment(since), log.moment(until))))


@pytest.fixture(scope="module")
def judged():
    log = by_hand()
    history = log.history()
    known, asked = index(history), asked_of(history, log)
    rankers = train(history, known, log.moment(SINCE), PLAN)
    extra = {"oracle": lambda choice: choice.relevant * 1.0, "oldest": lambda choice: -1.0 * choice.content}
    return asked, judge(history, known, rankers, asked, extra, seed=1)


def test_every_ranker_is_judged_on_every_request(judged):
    asked, made = judged

    assert len(asked) == 24  # six members on four days
    assert {name: each.shape for name, each in made.figures.items()} == dict.fromkeys(made.figures, (24, 4))
    simple = {"random", "recency", "popularity", "hn", "lemmy", "content"}
    learnt = {"world", "guest", "global", "members", "personal", "isolated", "plain"}
    assert set(made.figures) == simple | learnt | {"oracle", "oldest"}
    assert made.engaged_before.tolist() == np.repeat([10, 11, 12, 13], 6).tolist()
    assert set(made.country.tolist()) == {TH}


def test_the_order_that_is_best_by_construction_is_perfect_and_its_reverse_is_worst(judged):
    asked, made = judged
    worst = [1 / len(each.content) for each in asked]

    for name in ("oracle", "recency"):
        assert made.figures[name].tolist() == [[1.0] * 4] * 24
    assert made.figures["oldest"][:, 0].tolist() == [0.0] * 24
    assert made.figures["oldest"][:, 2] == pytest.approx(worst)
    assert made.figures["oldest"][:, 3].tolist() == [0.0] * 24


def test_what_can_be_learnt_is_learnt(judged):
    _, made = judged

    assert made.figures["world"][:, 3].mean() > 0.9
    assert made.figures["random"][:, 3].mean() == pytest.approx(0.5, abs=0.2)


def test_posts_under_one_hour_are_judged_apart(judged):
    _, made = judged

    assert not np.isnan(made.fresh["recency"]).any()  # every relevant post is half an hour old
    assert made.fresh["recency"].tolist() == made.figures["recency"][:, 0].tolist()


def lively(kinds):
    """Everything happens to everybody, each pair of account and content engages once."""
    return once(random_log(8, hours=480, accounts=10, contents=90, acts=900), kinds)


@cache
def as_it_was(kinds):
    return bytes_of(lively(kinds))


def once(log, kinds):
    pairs = {each[1:3]: each for each in sorted(log.engagements, reverse=True)}
    log.engagements = [(*each[:3], each[3] % kinds) for each in pairs.values()]
    return log


def bytes_of(log, plan=PLAN):
    """All that training at SINCE makes, as bytes."""
    history = log.history()
    rankers = train(history, index(history), log.moment(SINCE), plan)
    boosters = {**rankers.boosters, "members": rankers.members}
    ids, weights = rankers.own
    own = {history.account_id[each]: row.tobytes() for each, row in zip(ids, weights, strict=True)}
    alone = {history.account_id[each]: bytes(booster.save_raw()) for each, booster in rankers.isolated.items()}
    return {name: bytes(each.save_raw()) for name, each in boosters.items()}, own, alone, rankers.gate


@pytest.mark.parametrize("kinds", [1, 4])
def test_whatever_happens_at_or_after_the_first_request_changes_no_byte_of_what_is_trained(kinds):
    other = once(other_future(lively(kinds), SINCE, seed=4), kinds)

    assert bytes_of(other) == as_it_was(kinds)


def test_a_leak_of_a_day_would_be_seen():
    other = once(other_future(lively(1), SINCE - 24, seed=4), 1)

    assert bytes_of(other) != as_it_was(1)


def test_a_sample_of_few_requests_and_no_first_tries_are_enough():
    log = by_hand()
    history = log.history()
    known, plan = index(history), replace(PLAN, most_learnt=5, first_tries=False)

    rankers = train(history, known, log.moment(SINCE), plan)
    made = judge(history, known, rankers, asked_of(history, log)[:3], {}, seed=1)

    assert rankers.report["requests"] == 5
    assert {"isolated", "plain"}.isdisjoint(made.figures)
    assert np.isfinite(made.figures["personal"]).all()


@pytest.mark.parametrize("bucket", range(5))
def test_a_members_own_model_counts_only_where_the_gate_is_open(bucket):
    log = by_hand()
    history = log.history()
    known, asked = index(history), asked_of(history, log)[:3]  # of members with 10 engagements: the fourth bucket
    rankers = train(history, known, log.moment(SINCE), replace(PLAN, first_tries=False))
    accounts, weights = rankers.own
    others = np.tile(np.linspace(50, -50, weights.shape[1]), (len(weights), 1))
    gate = replace(rankers.gate, open=tuple(number == bucket for number in range(5)))

    made = judge(history, known, replace(rankers, own=(accounts, others), gate=gate), asked, {}, seed=1)

    same = made.figures["personal"].tolist() == made.figures["members"].tolist()
    assert same == (bucket != 3)
