import json

import numpy as np
import pytest

from features.countries import COUNTRIES
from trainers.evaluation.report import SIMPLE, best_simple, report
from trainers.evaluation.walk_forward import Judged

TH, JP = COUNTRIES.index("th"), COUNTRIES.index("jp")
RANKERS = (*SIMPLE, "world", "guest", "global", "members", "personal", "als", "bpr")


def judged(requests=60, better=0.2, seed=1):
    """Twenty people; NDCG@10 of `personal` is that of popularity and `better`, in every request."""
    draw = np.random.default_rng(seed)
    figures = {name: draw.uniform(0, 0.4, (requests, 4)) for name in RANKERS}
    figures["popularity"][:, 0] += 0.2
    figures["personal"][:, 0] = figures["popularity"][:, 0] + better
    fresh = {name: np.where(np.arange(requests) < 5, 0.5, np.nan) for name in RANKERS}
    number = np.arange(requests)
    return Judged(
        account=number % 20,
        time_ms=number,
        engaged_before=np.resize([0, 2, 9, 10, 500], requests),
        country=np.where(number < 40, TH, JP),
        language=np.where(number < 30, 0, -1),
        figures=figures,
        fresh=fresh,
    )


@pytest.fixture(scope="module")
def made():
    return report(judged(), ["th"])


def test_figures_are_means_within_their_intervals(made):
    means = judged().figures["popularity"].mean(axis=0)

    found = made["rankers"]["popularity"]

    assert (made["requests"], made["people"]) == (60, 20)
    assert [found[name] for name in ("ndcg@10", "recall@20", "mrr", "auc")] == pytest.approx(means.tolist())
    assert found["ci"][0] < found["ndcg@10"] < found["ci"][1]


def test_a_difference_that_is_the_same_in_every_request_has_an_interval_of_no_width(made):
    found = made["paired"]["personal - popularity"]

    assert found["difference"] == pytest.approx(0.2)
    assert found["ci"] == pytest.approx([0.2, 0.2])


def test_what_is_compared_is_the_best_that_learns_nothing_and_every_ranker_there_is(made):
    others = ("popularity", "als", "bpr", "global", "members")

    assert best_simple(made["rankers"]) == "popularity"
    assert set(made["paired"]) == {*(f"personal - {each}" for each in others), "guest - popularity", "guest - world"}


def test_slices_count_each_request_once_and_tell_of_none_too_small(made):
    slices, ndcg = made["slices"], judged().figures["personal"][:, 0]

    assert {name: each["requests"] for name, each in slices["engagements"].items()} == dict.fromkeys(
        ("0-0", "1-2", "3-9", "10-29", "30+"), 12
    )
    assert {name: each["requests"] for name, each in slices["country"].items()} == {"th": 40, "jp": 20}
    assert {name: each["requests"] for name, each in slices["language"].items()} == {"th": 30, "unknown": 30}
    assert slices["country"]["th"]["personal"] == pytest.approx(ndcg[:40].mean())
    assert slices["under one hour"]["all"]["requests"] == 5
    assert slices["under one hour"]["all"]["personal"] == 0.5
    assert "personal" not in slices["guest"]["all"]


def test_a_country_of_few_requests_is_left_out():
    few = judged(requests=45)

    assert set(report(few, ["th"])["slices"]["country"]) == {"th"}


def test_the_report_is_json_and_the_same_each_time(made):
    assert json.loads(json.dumps(made)) == json.loads(json.dumps(report(judged(), ["th"])))
    assert "NaN" not in json.dumps(made)
