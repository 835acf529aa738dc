import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictors.diversity import diversified

rankings = st.lists(st.tuples(st.integers(1, 1000), st.integers(-1, 5)), max_size=40)
others_enough = rankings.map(lambda some: [*some, *((2, who) for who in (11, 12, 13, 14, 15) * 2)])


def columns(ranking):
    return np.array([score for score, _ in ranking], dtype=float), np.array([who for _, who in ranking], dtype=np.int64)


def decayed(ranking):
    """The rule by a plain loop: the k-th further post of an author times max(1/4, 1/2^k)."""
    seen, found = {}, {}
    for row in sorted(range(len(ranking)), key=lambda each: -ranking[each][0]):
        score, author = ranking[row]
        further = seen.get(author, 0) if author >= 0 else 0
        seen[author] = further + 1
        found[row] = score * max(0.25, 0.5**further)
    return [found[row] for row in range(len(ranking))]


@given(rankings)
def test_scores_never_rise_and_are_the_decayed_ones_or_just_below_the_top_ten(ranking):
    score, author = columns(ranking)

    found = diversified(score, author)

    assert np.all(found <= score)
    plain = np.array(decayed(ranking))
    assert np.all((found <= plain + 1e-9) & (found > 0))


@given(others_enough)
def test_no_author_stands_in_the_top_ten_more_than_twice_when_others_can_fill_it(ranking):
    score, author = columns(ranking)

    found = diversified(score, author)

    top = author[np.argsort(-found, kind="stable")[:10]]
    assert np.bincount(top[top >= 0], minlength=1).max() <= 2


def test_without_ten_others_the_scores_are_the_decayed_ones():
    score, author = np.array([8.0, 7.0, 6.0, 5.0, 4.0]), np.array([3, 3, 3, 3, -1])

    assert diversified(score, author).tolist() == [8.0, 3.5, 1.5, 1.25, 4.0]


@given(rankings.map(lambda some: [*some, (7, 3)]))
def test_the_first_post_of_every_author_keeps_its_score(ranking):
    score, author = columns(ranking)

    found = diversified(score, author)

    for who in set(author.tolist()) - {-1}:
        best = score[author == who].max()
        assert found[author == who].max() == pytest.approx(best)
    np.testing.assert_array_equal(found[author < 0], score[author < 0])


def test_nothing_is_diversified_to_nothing():
    assert diversified(np.zeros(0), np.zeros(0, dtype=np.int64)).tolist() == []
