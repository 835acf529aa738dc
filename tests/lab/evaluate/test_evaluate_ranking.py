"""`feedpulse evaluate ranking` on a small simulated community."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from features.ranking.history import Events
from lab.evaluate import cold
from lab.evaluate.ranking import evaluate
from lab.simulate import Config as Community
from predictors.personal.request import anonymous_viewer
from tests.golden.worlds import simulated
from trainers.evaluation.walk_forward import Plan
from trainers.hierarchy import GateConfig

COMMUNITY = Community(users=200, days=10, seed=4)
SINCE, UNTIL = COMMUNITY.until - timedelta(days=3), COMMUNITY.until
PLAN = Plan(max_requests=60, first_tries=False, gate=GateConfig())


@pytest.fixture(scope="module")
def world(uri):
    with simulated(uri, COMMUNITY) as db:
        yield db


@pytest.fixture(scope="module")
def report(world):
    return evaluate(world, SINCE, UNTIL, PLAN)


def test_every_ranker_of_the_contract_has_its_figures(report):
    simple = ("random", "recency", "popularity", "hn", "lemmy", "content")
    for name in (*simple, "als", "bpr", "global", "guest", "personal"):
        figures = report["rankers"][name]
        assert {"ndcg@10", "ci", "recall@20", "mrr", "auc"} == set(figures)
        assert figures["ci"][0] <= figures["ndcg@10"] <= figures["ci"][1]


def test_all_sources_together_find_at_least_as_much_as_any_one(report):
    recall = {name: figures["recall@300"] for name, figures in report["candidates"].items()}

    assert {"all", "followed", "co-engaged", "new authors"} <= set(recall)
    assert recall["all"] >= max(recall.values())
    assert recall["all"] > 0.3


def test_the_same_call_returns_the_same_figures(world, report):
    again = evaluate(world, SINCE, UNTIL, PLAN)

    assert again | {"seconds": 0} == report | {"seconds": 0}


def test_events_after_the_period_change_no_figure(world, report):
    late = {"createdAt": UNTIL + timedelta(days=2)}
    some = world.app.contents.find_one({"visibility": "publish"})
    account = world.app.accounts.find_one({"isGuest": False})
    act = {"account": account["_id"], "type": "like", "targetRef": {"$ref": "content", "$id": some["_id"]}}
    world.app.engagements.insert_many([act | late | {"itemId": number} for number in range(50)])

    assert evaluate(world, SINCE, UNTIL, PLAN) | {"seconds": 0} == report | {"seconds": 0}


def test_a_period_without_requests_is_one_clear_error(world):
    with pytest.raises(ValueError, match="choose another --since"):
        evaluate(world, UNTIL + timedelta(days=30), UNTIL + timedelta(days=31), PLAN)


@pytest.mark.parametrize(("many", "engaged", "seen"), [(0, [], []), (1, [30], [35]), (2, [20, 30], [25, 35])])
def test_a_member_with_the_latest_engagements_has_no_older_past(many, engaged, seen):
    acts, views = np.array([10, 20, 30]), np.array([5, 25, 35])
    member = replace(anonymous_viewer(), engagements=events(acts), exposures=events(views))

    short = cold._with_latest(member, many)

    assert short.engagements.time_ms.tolist() == engaged
    assert short.exposures.time_ms.tolist() == seen


def events(time_ms):
    none = np.zeros_like(time_ms)
    return Events(time_ms, none, none, none)
