import json

import numpy as np
import pytest

from features.countries import COUNTRIES
from trainers.evaluation.report import SIMPLE, best_simple, report
from trainers.evaluation.walk_forward import Evaluation

TH, JP = COUNTRIES.index("th"), COUNTRIES.index("jp")
RANKERS = (*SIMPLE, "world", "guest", "global", "members", "personal", "als", "bpr")


def evaluated(requests=60, better=0.2, seed=1):
    """Twenty people; NDCG@10 of `personal` is that of popularity and `better`, in every request."""
    draw = np.random.default_rng(seed)
    figures = {name: draw.uniform(0, 0.4, (requests, 4)) for name in RANKERS}
    figures["popularity"][:, 0] += 0.2
    figures["personal"][:, 0] = figures["popularity"][:, 0] + better
    fresh = {name: np.where(np.arange(requests) < 5, 0.5, np.nan) for name in RANKERS}
    number = np.arange(requests)
    return Evaluation(
        account=number % 20,
        time_ms=number,
        engaged_before=np.resize([0, 2, 9, 10, 500], requests),
        country=np.where(number < 40, TH, JP),
        language=np.where(number < 30, 0, -1),
        figures=figures,
        fresh=fresh,
    )


@pytest.fixture(scope="module")
def document():
    return report(evaluated(), ["th"])


def test_figures_are_means_within_their_intervals(document):
    means = evaluated().figures["popularity"].mean(axis=0)

    figures = document["rankers"]["popularity"]

    assert (document["requests"], document["people"]) == (60, 20)
    assert [figures[name] for name in ("ndcg@10", "recall@20", "mrr", "auc")] == pytest.approx(means.tolist())
    assert figures["ci"][0] < figures["ndcg@10"] < figures["ci"][1]


def test_a_difference_that_is_the_same_in_every_request_has_an_interval_of_no_width(document):
    figures = document["paired"]["personal - popularity"]

    assert figures["difference"] == pytest.approx(0.2)
    assert figures["ci"] == pytest.approx([0.2, 0.2])


def test_personal_is_compared_with_the_best_untrained_baseline_and_every_other_ranker(document):
    others = ("popularity", "als", "bpr", "global", "members")

    assert best_simple(document["rankers"]) == "popularity"
    assert set(document["paired"]) == {
        *(f"personal - {name}" for name in others),
        "guest - popularity",
        "guest - world",
    }


def test_slices_count_each_request_once_and_leave_out_small_ones(document):
    slices, ndcg = document["slices"], evaluated().figures["personal"][:, 0]

    assert {name: part["requests"] for name, part in slices["engagements"].items()} == dict.fromkeys(
        ("0-0", "1-2", "3-9", "10-29", "30+"), 12
    )
    assert {name: part["requests"] for name, part in slices["country"].items()} == {"th": 40, "jp": 20}
    assert {name: part["requests"] for name, part in slices["language"].items()} == {"th": 30, "unknown": 30}
    assert slices["country"]["th"]["personal"] == pytest.approx(ndcg[:40].mean())
    assert slices["under one hour"]["all"]["requests"] == 5
    assert slices["under one hour"]["all"]["personal"] == 0.5
    assert "personal" not in slices["guest"]["all"]


def test_a_country_of_few_requests_is_left_out():
    few = evaluated(requests=45)

    assert set(report(few, ["th"])["slices"]["country"]) == {"th"}


def test_the_report_is_json_and_the_same_each_time(document):
    assert json.loads(json.dumps(document)) == json.loads(json.dumps(report(evaluated(), ["th"])))
    assert "NaN" not in json.dumps(document)
