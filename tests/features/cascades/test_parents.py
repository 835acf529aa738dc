"""Parents from the follow graph: rules, policies, and the share of correct parents in simulated worlds."""

import numpy as np
import pytest

from features.cascades.delays import fit_delays, lognormal_delays
from features.cascades.parents import Follows, Nodes, choose_parents, find_candidates, shares
from lab.evaluate.cascade_worlds import diffused
from lab.evaluate.cascades import evaluate_hidden

DELAYS = lognormal_delays(30.0, 1.0)


def nodes(*minutes: float, users: list[int] | None = None) -> Nodes:
    n = len(minutes)
    user = np.array(users if users is not None else range(n))
    return Nodes(np.zeros(n, dtype=np.int64), user, np.array(minutes), np.arange(n))


def follows(*pairs: tuple[int, int], since: float = -np.inf) -> Follows:
    table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    n = len(table)
    return Follows(table[:, 0], table[:, 1], np.full(n, since), np.ones(n))


def found_parents(nodes: Nodes, follows: Follows, policy: str) -> dict[int, int]:
    candidates = find_candidates(nodes, follows)
    best = choose_parents(candidates, shares(candidates, DELAYS), policy)
    return dict(zip(candidates.child[best].tolist(), candidates.parent[best].tolist(), strict=True))


def test_only_earlier_and_followed_sharers_are_candidates():
    tree = nodes(0, 10, 20)

    candidates = find_candidates(tree, follows((1, 0), (1, 2), (2, 1)))

    assert list(zip(candidates.child.tolist(), candidates.parent.tolist(), strict=True)) == [(1, 0), (2, 1)]


@pytest.mark.parametrize(("since", "parents"), [(9, [0]), (10, [0]), (10.001, []), (11, [])])
def test_a_follow_counts_from_its_minute_on(since: float, parents: list[int]):
    assert find_candidates(nodes(0, 10), follows((1, 0), since=since)).parent.tolist() == parents


def test_the_three_policies_choose_first_last_and_most_probable():
    tree = nodes(0, 30, 60, 60.5)
    graph = follows((3, 0), (3, 1), (3, 2))

    assert found_parents(tree, graph, "earliest") == {3: 0}
    assert found_parents(tree, graph, "recent") == {3: 2}
    assert found_parents(tree, graph, "likelihood") == {3: 1}


def test_unknown_authors_and_the_same_user_are_no_candidates():
    tree = nodes(0, 1, 2, users=[-1, 5, 5])

    assert found_parents(tree, follows((5, 5), (5, 0)), "likelihood") == {}


def test_an_unknown_policy_is_refused():
    candidates = find_candidates(nodes(0, 1), follows((1, 0)))

    with pytest.raises(ValueError, match="policy: 'latest' is none of"):
        choose_parents(candidates, shares(candidates, DELAYS), "latest")


def test_shares_and_elsewhere_sum_to_one():
    candidates = find_candidates(nodes(0, 5, 9), follows((2, 0), (2, 1)))
    without_elsewhere = shares(candidates, DELAYS)
    with_elsewhere = shares(candidates, lognormal_delays(30.0, 1.0, elsewhere=0.01))

    assert without_elsewhere.sum() == pytest.approx(1.0)
    assert 0 < with_elsewhere.sum() < 1


def test_hidden_delays_are_learned():
    rng = np.random.default_rng(2)
    true = np.exp(rng.normal(np.log(20), 0.5, 4_000))
    other = true + rng.exponential(400, 4_000)
    child = np.repeat(np.arange(4_000), 2)

    learned = fit_delays(child, np.stack([true, other], 1).ravel(), np.ones(8_000))

    middle = np.sqrt(learned.edges[1:] * learned.edges[:-1])
    assert np.exp((learned.mass * np.log(middle)).sum()) == pytest.approx(20, rel=0.25)


def test_parents_of_simulated_worlds_reach_the_required_accuracy():
    first = evaluate_hidden(diffused("first", 1))
    every = evaluate_hidden(diffused("every", 1))

    assert first["parent_accuracy"]["earliest"] >= 0.98
    assert every["parent_accuracy"]["likelihood"] >= 0.85
    assert every["calibration"] <= 0.05
