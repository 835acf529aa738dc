"""One post once, on contents whose posts are known by construction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.ranking.posts import best_of_posts, original_authors, posts_of, representatives, rows_of

IDS = np.array([b"a", b"b", b"c", b"d", b"e"])


def posts(originals, bare):
    original_id = np.array([original or b"" for original in originals], dtype="S12")
    return posts_of(rows_of(IDS[: len(originals)], original_id), original_id, np.array(bare, dtype=np.bool_)).tolist()


@pytest.mark.parametrize(
    ("originals", "bare", "expected"),
    [
        ([None, b"a", b"b", b"a"], [False, True, True, False], [0, 0, 0, 3]),  # a chain; a quote is its own post
        ([None, b"a", b"b"], [False, False, True], [0, 1, 1]),  # a reshare of a quote belongs to the quote
        ([b"x", b"x", b"y", b"b"], [True] * 4, [-1, -1, -2, -1]),  # originals that are not among the contents
        ([b"b", b"c", b"a"], [True] * 3, [0, 1, 2]),  # a circle
        ([b"a", b"a"], [True, True], [0, 0]),  # a content that names itself
        ([b"b", None], [True, False], [1, 1]),  # the original comes later in the list
    ],
)
def test_a_bare_reshare_belongs_to_the_post_of_its_original(originals, bare, expected):
    assert posts(originals, bare) == expected


@given(st.lists(st.tuples(st.integers(-1, 6), st.booleans()), max_size=5))
def test_the_post_of_a_post_is_itself_and_no_content_has_none(links):
    originals = [None if number < 0 else b"abcdexy"[number : number + 1] for number, _ in links]

    post = np.array(posts(originals, [bare for _, bare in links]), dtype=np.int64)

    present = post[post >= 0]
    assert (post[present] == present).all()
    assert all(post[row] == row for row, original in enumerate(originals) if original is None)


def test_a_live_original_represents_its_reshares_and_an_old_one_does_not():
    post, created_ms = np.array([0, 1, 0, 1, -1]), np.array([1, 5, 6, 7, 8])

    assert representatives(post, created_ms, 5, np.arange(5)).tolist() == [0, 1, 2, 1, 4]


def test_the_best_scored_copy_represents_a_post_without_its_original():
    assert best_of_posts(np.array([-1, -1, 4, -1]), np.array([0.1, 0.3, 0.2, 0.3])).tolist() == [1, 2]


def test_the_author_of_a_reshare_of_a_reshare_is_that_of_the_first_original():
    post, author = np.array([0, 0, 0, 3, -1]), np.array([7, 8, 9, 6, 5])
    original, named = np.array([-1, 0, 1, 2, -1]), np.array([-1, 7, 8, -1, 4])

    assert original_authors(post, author, original, named).tolist() == [-1, 7, 7, 7, 4]
