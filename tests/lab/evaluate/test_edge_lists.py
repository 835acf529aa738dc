"""What becomes of edges as they are found in the wild."""

import random

import pytest

from lab.evaluate.edge_lists import tree_from_edges


def parents(edges):
    tree, _ = tree_from_edges(edges)
    return {tree.ids[at]: tree.ids[above] for at, above in enumerate(tree.parent.tolist()) if above >= 0}


def test_the_first_appearance_by_time_wins():
    assert parents([(0, 1, 1.0), (1, 2, 9.0), (0, 2, 4.0)]) == {1: 0, 2: 0}


def test_among_equal_times_the_place_in_the_list_decides():
    assert parents([(0, 1, 1.0), (1, 2, 4.0), (0, 2, 4.0)]) == {1: 0, 2: 1}


def test_a_negative_time_is_zero_and_the_edge_stays():
    tree, mended = tree_from_edges([(0, 1, 5.0), (1, 2, -3.0)])

    assert tree.minutes.tolist() == [0.0, 0.0, 5.0]
    assert mended == {"negative": 1}


def test_a_child_before_its_parent_stays_its_child():
    assert parents([(0, 1, 5.0), (1, 2, 2.0)]) == {1: 0, 2: 1}


def test_a_cycle_hangs_under_the_root_by_its_earliest_member():
    edges = [(0, 1, 1.0), (3, 2, 2.0), (2, 3, 3.0)]

    tree, mended = tree_from_edges(edges)

    assert parents(edges) == {1: 0, 2: 0, 3: 2}
    assert mended == {"cycles": 1}
    assert tree.ids[0] == 0


def test_edges_to_oneself_and_into_the_root_go():
    tree, mended = tree_from_edges([(0, 1, 1.0), (1, 1, 0.0), (1, 0, 0.0), (0, 2, 3.0)])

    assert tree.ids == [0, 1, 2]
    assert mended == {"self": 1, "intoRoot": 1}


def test_a_parent_without_a_parent_hangs_under_the_root():
    assert parents([(0, 1, 1.0), (7, 2, 2.0)]) == {1: 0, 7: 0, 2: 7}


def test_no_edges_are_no_tree():
    with pytest.raises(ValueError, match="edges"):
        tree_from_edges([])


def test_the_order_of_the_list_does_not_matter_when_times_differ():
    edges = [(0, 1, 1.0), (0, 2, 2.0), (1, 3, 3.0), (3, 4, 4.5), (2, 4, 5.0), (4, 2, 6.0)]
    shuffled = random.Random(3).sample(edges, len(edges))

    assert parents(shuffled) == parents(edges)
