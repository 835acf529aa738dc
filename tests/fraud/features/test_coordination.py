"""What credentials have in common, on keys that can be counted by eye."""

import numpy as np
import pytest

from fraud.features.coordination import sketch_overlap


def keys_of(*rows: list[int]) -> np.ndarray:
    """Rows of keys, padded by -1."""
    width = max(map(len, rows))
    return np.array([row + [-1] * (width - len(row)) for row in rows])


def in_turn(*rows: list[int]) -> tuple[list[float], list[int]]:
    """Share and copies of credentials, the first of which was seen first."""
    found = sketch_overlap(keys_of(*rows), np.arange(len(rows)))
    return found.share.tolist(), found.copies.tolist()


def test_the_later_of_two_alike_is_the_copy() -> None:
    assert sketch_overlap(keys_of([1, 2, 3, 4], [1, 2, 8, 9]), np.array([20, 10])).share.tolist() == [0.5, 0.0]


def test_one_common_key_is_chance() -> None:
    assert in_turn([1, 2, 3, 4], [1, 7, 8, 9]) == ([0.0, 0.0], [0, 0])


def test_the_share_is_of_the_shorter_sketch() -> None:
    share, _ = in_turn([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4])

    assert share == [0.0, 1.0]


@pytest.mark.parametrize(("keys", "copies"), [(10, 1), (11, 0)])
def test_a_fifth_of_the_keys_makes_a_copy(keys: int, copies: int) -> None:
    first, second = list(range(keys)), [0, 1, *range(100, 98 + keys)]

    share, found = in_turn(first, second)

    assert share == pytest.approx([0.0, 2 / keys])
    assert found == [0, copies]


def test_an_original_is_suspected_from_three_copies_on() -> None:
    assert in_turn([1, 2], [1, 2], [1, 2])[0][0] == 0.0
    assert in_turn([1, 2], [1, 2], [1, 2], [1, 2])[0][0] == 1.0


def test_copies_count_the_others_that_are_alike() -> None:
    # the fourth is like three earlier ones; the first has three copies, which is a farm, the second and the third
    # have fewer and count only what they copy
    assert in_turn([1, 2], [1, 2], [1, 2], [1, 2])[1] == [3, 1, 2, 3]


@pytest.mark.parametrize(("holders", "share"), [(2, 1.0), (3, 0.75)])
def test_a_key_is_traced_to_the_first_three_that_had_it(holders: int, share: float) -> None:
    # the key 1 was held by two or three others before the original of four keys had it
    others = [[1, 10 * other, 10 * other + 1, 10 * other + 2] for other in range(1, holders + 1)]

    found, _ = in_turn(*others, [1, 2, 3, 4], [1, 2, 3, 4])

    assert found[-1] == share
