"""Trees as arrays: golden example, oracle, properties."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.cascades.forest import breadths, roots_and_levels, structural_virality, subtree_sizes, without_cycles
from features.cascades.ranks import ranks, ranks_by_ancestors, ranks_by_paths


@st.composite
def forests(draw: st.DrawFn, most: int = 40) -> np.ndarray:
    """Parents in any order of nodes, several roots."""
    n = draw(st.integers(1, most))
    above = [-1] + [draw(st.integers(-1, node - 1)) for node in range(1, n)]
    order = np.array(draw(st.permutations(range(n))))
    parent = np.empty(n, dtype=np.int64)
    parent[order] = [-1 if node < 0 else order[node] for node in above]
    return parent


def graph_of(parent: np.ndarray) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(range(len(parent)))
    graph.add_edges_from((node, int(above)) for node, above in enumerate(parent) if above >= 0)
    return graph


def test_the_six_nodes_of_the_design_have_its_ranks():
    parent = np.array([-1, 0, 0, 1, 1, 2])  # root → {rt1, rt2}, rt1 → {rt3, rt4}, rt2 → {rt5}

    _, level = roots_and_levels(parent)

    assert ranks(parent, level).tolist() == [3.5, 2.0, 1.0, 0.0, 0.0, 0.0]
    assert ranks_by_paths(parent, level).tolist() == [3.5, 2.0, 1.0, 0.0, 0.0, 0.0]


@given(forests())
@settings(deadline=None)
def test_ranks_are_the_sum_of_inverse_distances_of_networkx(parent):
    _, level = roots_and_levels(parent)

    down = nx.DiGraph([(int(above), node) for node, above in enumerate(parent) if above >= 0])
    down.add_nodes_from(range(len(parent)))
    lengths = dict(nx.all_pairs_shortest_path_length(down))

    expected = [sum(1 / far for far in lengths[node].values() if far) for node in range(len(parent))]
    assert ranks_by_ancestors(parent) == pytest.approx(expected)
    assert ranks_by_paths(parent, level) == pytest.approx(expected)


@given(forests())
@settings(deadline=None)
def test_structural_virality_is_the_wiener_index_over_the_pairs(parent):
    root, level = roots_and_levels(parent)

    virality = structural_virality(subtree_sizes(parent, level), root)

    for members in nx.connected_components(graph_of(parent)):
        tree = graph_of(parent).subgraph(members)
        top, n = int(root[min(members)]), len(members)
        pairs = n * (n - 1) / 2
        assert virality[top] == pytest.approx(nx.wiener_index(tree) / pairs if pairs else 0.0)
        assert sum(breadths(root, level, top)) == n


@pytest.mark.parametrize("shape", ["chain", "comb", "nearly a chain"])
def test_deep_trees_have_the_same_ranks_by_both_algorithms(shape):
    rng, n = np.random.default_rng(1), 3_000
    above = {
        "chain": lambda node: node - 1,
        "comb": lambda node: node - 1 if node < n // 2 else node - n // 2,
        "nearly a chain": lambda node: int(rng.integers(max(0, node - 3), node)),
    }[shape]
    parent = np.array([-1] + [above(node) for node in range(1, n)])

    by_paths = ranks_by_paths(parent, roots_and_levels(parent)[1])

    assert by_paths == pytest.approx(ranks_by_ancestors(parent), abs=1e-9)


def test_a_chain_of_50_000_has_harmonic_ranks():
    parent = np.arange(-1, 49_999)

    root, level = roots_and_levels(parent)
    rank = ranks(parent, level)

    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, 50_000))])[::-1]
    assert rank == pytest.approx(harmonic, abs=1e-9)
    assert rank[-1] == 0.0
    assert structural_virality(subtree_sizes(parent, level), root)[0] == pytest.approx(50_001 / 3)


def test_a_cycle_is_refused_and_cut_at_its_earliest_member():
    parent = np.array([1, 2, 0, 0, -1])
    position = np.array([7, 3, 5, 1, 0])

    opened = without_cycles(parent, position)

    with pytest.raises(ValueError, match="4 nodes lead into a cycle"):
        roots_and_levels(parent)
    assert opened.tolist() == [1, -1, 0, 0, -1]


@given(st.lists(st.integers(-1, 14), min_size=15, max_size=15))
def test_any_assignment_of_parents_becomes_a_forest(above):
    parent = np.array([-1 if target == node else target for node, target in enumerate(above)])

    opened = without_cycles(parent, np.arange(15))

    cycles = list(
        nx.simple_cycles(nx.DiGraph([(node, target) for node, target in enumerate(parent.tolist()) if target >= 0]))
    )
    roots_and_levels(opened)
    assert (opened != parent).sum() == len(cycles)
