import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictors.diversity import DECAY, FLOOR, diversified

rankings = st.lists(st.tuples(st.integers(1, 1000), st.integers(-1, 5)), max_size=40)


def columns(ranking):
    return np.array([score for score, _ in ranking], dtype=float), np.array([who for _, who in ranking], dtype=np.int64)


def decayed(ranking):
    """The rule by a plain loop: the k-th further post of an author times max(FLOOR, DECAY^k)."""
    seen, found = {}, {}
    for row in sorted(range(len(ranking)), key=lambda each: -ranking[each][0]):
        score, author = ranking[row]
        further = seen.get(author, 0) if author >= 0 else 0
        seen[author] = further + 1
        found[row] = score * max(FLOOR, DECAY**further)
    return [found[row] for row in range(len(ranking))]


@given(rankings)
def test_scores_never_rise_and_are_the_decayed_ones_or_just_below_the_top_ten(ranking):
    score, author = columns(ranking)

    found = diversified(score, author)

    assert np.all(found <= score)
    plain = np.array(decayed(ranking))
    assert np.all((found <= plain + 1e-9) & ((found > 0) if len(ranking) else True))


@given(rankings)
def test_no_author_stands_in_the_top_ten_more_than_twice_when_others_can_fill_it(ranking):
    score, author = columns(ranking)

    found = diversified(score, author)

    known = author[author >= 0]
    others = sum(min(2, int(count)) for count in np.bincount(known)) + int((author < 0).sum())
    top = author[np.argsort(-found, kind="stable")[:10]]
    if others >= 10:
        assert np.bincount(top[top >= 0], minlength=1).max() <= 2


@given(rankings)
def test_the_first_post_of_every_author_keeps_its_score(ranking):
    score, author = columns(ranking)

    found = diversified(score, author)

    for who in set(author.tolist()) - {-1}:
        best = score[author == who].max()
        assert found[author == who].max() == pytest.approx(best)
    np.testing.assert_array_equal(found[author < 0], score[author < 0])


def test_nothing_is_diversified_to_nothing():
    assert diversified(np.zeros(0), np.zeros(0, dtype=np.int64)).tolist() == []
