import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score, roc_auc_score

from trainers.evaluation.metrics import interval_over_people, list_loss, quality


@st.composite
def rankings(draw, distinct=False):
    size = draw(st.integers(2, 40))
    values = st.integers(0, 10**6 if distinct else 5)
    scores = draw(st.lists(values, min_size=size, max_size=size, unique=distinct))
    relevant = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    relevant[draw(st.integers(0, size - 1))] = True
    return np.array(scores, dtype=float), np.array(relevant)


@given(rankings(distinct=True))
def test_ndcg_is_that_of_scikit_learn_where_nothing_is_tied(ranking):
    scores, relevant = ranking

    result = quality(scores, relevant, np.zeros(len(scores)))

    assert result.ndcg == pytest.approx(ndcg_score([relevant.astype(float)], [scores], k=10))


@given(rankings())
def test_auc_is_that_of_scikit_learn_with_ties(ranking):
    scores, relevant = ranking

    result = quality(scores, relevant, np.zeros(len(scores)))

    expected = 0.5 if relevant.all() else roc_auc_score(relevant, scores)
    assert result.auc == pytest.approx(expected)


@given(rankings(), st.randoms(use_true_random=False))
def test_recall_and_mrr_are_those_of_a_plain_sort(ranking, luck):
    scores, relevant = ranking
    ties = np.array([luck.random() for _ in scores])

    result = quality(scores, relevant, ties)

    order = sorted(range(len(scores)), key=lambda row: (-scores[row], ties[row]))
    hits = [bool(relevant[row]) for row in order]
    assert result.recall == pytest.approx(sum(hits[:20]) / sum(hits))
    assert result.mrr == pytest.approx(1 / (hits.index(True) + 1))
    gain = sum(1 / math.log2(rank + 2) for rank, hit in enumerate(hits[:10]) if hit)
    best = sum(1 / math.log2(rank + 2) for rank in range(min(10, sum(hits))))
    assert result.ndcg == pytest.approx(gain / best)


@given(rankings(), st.integers(0, 99))
def test_the_order_of_the_candidates_does_not_matter(ranking, seed):
    scores, relevant = ranking
    ties = np.random.default_rng(seed).permutation(len(scores)).astype(float)
    turn = np.random.default_rng(seed + 1).permutation(len(scores))

    assert quality(scores[turn], relevant[turn], ties[turn]) == pytest.approx(quality(scores, relevant, ties))


def test_all_equal_scores_are_as_good_as_chance():
    relevant = np.zeros(40, dtype=bool)
    relevant[:4] = True
    draw = np.random.default_rng(1)

    result = np.array([quality(np.ones(40), relevant, draw.random(40)) for _ in range(2_000)])

    assert np.all(result[:, 3] == 0.5)
    assert result[:, 1].mean() == pytest.approx(0.5, abs=0.02)  # 20 of 40 places


def test_one_candidate_alone_is_perfectly_ranked():
    assert quality(np.zeros(1), np.array([True]), np.zeros(1)) == (1.0, 1.0, 1.0, 0.5)


def test_the_interval_holds_the_mean_and_is_wider_when_a_few_people_ask_all():
    draw = np.random.default_rng(3)
    means = draw.random(20)
    few = np.repeat(np.arange(20), 50)
    values = means[few] + draw.normal(0, 0.01, len(few))

    of_few = interval_over_people(values, few, seed=1)
    of_many = interval_over_people(values, np.arange(len(few)), seed=1)

    assert of_few[0] < values.mean() < of_few[1]
    assert of_few[1] - of_few[0] > 3 * (of_many[1] - of_many[0])
    assert of_few == interval_over_people(values, few, seed=1)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    draw = np.random.default_rng(5)
    covered = 0
    for trial in range(200):
        person = draw.integers(0, 60, 300)
        values = draw.normal(0, 1, 60)[person] + draw.normal(0, 1, 300)
        low, high = interval_over_people(values, person, seed=trial, draws=200)
        covered += low <= 0 <= high

    assert 0.88 <= covered / 200 <= 0.99


def test_a_person_alone_has_an_interval_of_no_width():
    assert interval_over_people(np.array([0.2, 0.4]), np.array([7, 7]), seed=1) == pytest.approx((0.3, 0.3))


@given(rankings(), st.integers(0, 99))
def test_the_loss_of_a_list_is_that_of_a_softmax_over_all_its_candidates(ranking, seed):
    margin, relevant = ranking
    copies = np.random.default_rng(seed).integers(1, 4, len(margin))

    (result,) = list_loss(np.zeros(len(margin), dtype=np.int64), relevant, copies.astype(float), margin)

    spread = [m for m, good, times in zip(margin, relevant, copies, strict=True) for _ in range(1 if good else times)]
    total = math.log(sum(math.exp(m - max(spread)) for m in spread)) + max(spread)
    assert result == pytest.approx(sum(total - m for m in margin[relevant]), abs=1e-6)
