import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.milliseconds import DAY_MS
from tests.golden.logs import Log, random_log
from trainers.rows import sampling
from trainers.rows.requests import Requests, candidate_sets, find_requests
from trainers.rows.sampling import affordable, kind_weights, sample


def all_requests(history):
    return find_requests(history, 0, 2**62)


@pytest.mark.parametrize("seed", range(3))
def test_every_relevant_and_shown_content_is_sampled_and_so_many_others(seed):
    history = random_log(seed).history()
    requests = all_requests(history)

    sampled = sample(history, requests, 3, seed=1)

    sets = list(candidate_sets(history, requests))
    assert len(sets) == len(np.unique(sampled.request)) > 5
    for number, candidates in enumerate(sets):
        rows = sampled.request == number
        shown = brute_shown(history, candidates)
        must = {
            c
            for c, good in zip(candidates.content.tolist(), candidates.relevant.tolist(), strict=True)
            if good or c in shown
        }
        content = sampled.rows.content[rows].tolist()
        assert must <= set(content) <= set(candidates.content.tolist())
        assert len(content) == len(set(content)) == len(must) + min(3, len(candidates.content) - len(must))


def brute_shown(history, candidates):
    """What the member saw or reported in the 24 h from the request."""
    views, acts = history.exposures, history.engagements
    seen = zip(views.account.tolist(), views.content.tolist(), views.time_ms.tolist(), strict=True)
    reported = zip(acts.account.tolist(), acts.content.tolist(), acts.time_ms.tolist(), acts.kind.tolist(), strict=True)
    every = [*seen, *(report[:3] for report in reported if report[3] == 4)]
    return {
        c
        for who, c, at in every
        if who == candidates.account and candidates.time_ms <= at < candidates.time_ms + DAY_MS
    }


def test_a_sampled_row_weighs_as_much_as_the_rows_it_was_drawn_from():
    contents = [(number, 0, 99, "", [], None, 0, 0) for number in range(50)]
    history = Log(countries=[0], contents=contents, engagements=[(10, 0, 0, 0)]).history()

    sampled = sample(history, all_requests(history), 7, seed=1)

    assert sampled.engaged.sum() == 1
    np.testing.assert_allclose(sampled.weight[~sampled.engaged], 49 / 7)
    assert sampled.weight[sampled.engaged] == 1.0  # the mean over the engaged rows is 1


def test_a_reported_content_weighs_three_times_as_a_negative():
    contents = [(number, 0, 99, "", [], None, 0, 0) for number in range(3)]
    log = Log(countries=[0], contents=contents, engagements=[(10, 0, 0, 0), (10.5, 0, 1, 4)], exposures=[(10.2, 0, 2)])
    history = log.history()

    sampled = sample(history, all_requests(history), 5, seed=1)

    weight = dict(zip(sampled.rows.content.tolist(), sampled.weight.tolist(), strict=True))
    assert weight == {0: 1.0, 1: 3.0, 2: 1.0}


def test_a_rare_kind_of_engagement_weighs_more_than_a_common_one():
    contents = [(number, 0, 99, "", [], None, 0, 0) for number in range(10)]
    likes = [(10 + number / 10, 0, number, 0) for number in range(9)]
    history = Log(countries=[0], contents=contents, engagements=[*likes, (11.5, 0, 9, 3)]).history()

    sampled = sample(history, all_requests(history), 5, seed=1)

    quote = sampled.weight[sampled.rows.content == 9]
    assert np.all(quote > sampled.weight[sampled.rows.content != 9])
    np.testing.assert_allclose(sampled.weight[sampled.engaged].mean(), 1.0)


def test_what_is_done_from_until_on_weighs_nothing():
    """Both contents are engaged with in the day of the request; only the like of hour 13 is before hour 14."""
    contents = [(number, 0, 99, "", [], None, 0, 0) for number in range(2)]
    log = Log(countries=[0], contents=contents, engagements=[(13, 0, 0, 0), (14, 0, 0, 0), (15, 0, 1, 0)])
    history = log.history()

    sampled = sample(history, all_requests(history), 5, seed=1, until_ms=log.moment(14))
    whole = sample(history, all_requests(history), 5, seed=1)

    assert sampled.engaged.tolist() == whole.engaged.tolist() == [True, True]
    # three likes of two pairs: 1/8 each, a mean of 3/16 by pair
    assert sampled.weight == pytest.approx([2 / 3, 0.0])
    assert whole.weight == pytest.approx([4 / 3, 2 / 3])


def test_the_same_seed_takes_the_same_rows_and_another_seed_others():
    history = random_log(5, contents=80).history()
    requests = all_requests(history)

    one, again, other = (sample(history, requests, 3, seed).rows.content for seed in (1, 1, 2))

    np.testing.assert_array_equal(one, again)
    assert one.tolist() != other.tolist()


def test_the_rows_of_a_request_are_the_same_whichever_requests_are_sampled_with_it(monkeypatch):
    history = random_log(5, contents=80).history()
    every = all_requests(history)
    together = sample(history, every, 3, seed=1)

    monkeypatch.setattr(sampling, "_AT_ONCE", 2)
    apart = sample(history, every, 3, seed=1)

    assert len(together.request) > 100
    for one, other in zip(vars(together.rows).values(), vars(apart.rows).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("engaged", "weight", "request"):
        np.testing.assert_array_equal(getattr(together, name), getattr(apart, name))


def test_no_requests_are_no_rows():
    sampled = sample(random_log(1).history(), Requests(*np.zeros((2, 0), dtype=np.int64)), 3, seed=1)

    assert len(sampled.rows.content) == len(sampled.engaged) == len(sampled.weight) == len(sampled.request) == 0


def test_kinds_that_nobody_used_weigh_the_same():
    weights = kind_weights(np.zeros(4, dtype=np.int64))

    assert weights == pytest.approx(np.full(4, 1 - 0.05 / 1.2))


@given(st.lists(st.integers(0, 10**9), min_size=4, max_size=4).filter(any))
def test_a_kind_alone_never_weighs_nothing_and_the_more_of_a_kind_the_less_it_weighs(counts):
    weights = kind_weights(np.array(counts))

    assert np.all((weights > 0.1) & (weights < 1))
    assert weights.sum() == pytest.approx(3.0)
    order = np.argsort(counts, kind="stable")
    assert np.all(np.diff(weights[order]) <= 1e-12)


def test_a_kind_weighs_one_minus_its_share_drawn_towards_a_quarter():
    # shares 3/4, 1/4, 0 and 0 become (share + 0.05)/1.2 = 2/3, 1/4, 1/24 and 1/24
    assert kind_weights(np.array([6, 2, 0, 0])).tolist() == pytest.approx([1 / 3, 3 / 4, 23 / 24, 23 / 24])


@pytest.mark.parametrize(
    ("requests", "others"), [(0, 60), (1_500, 60), (1_501, 59), (3_000, 30), (4_500, 20), (9_000, 20)]
)
def test_ninety_thousand_rows_are_shared_by_the_requests_and_each_has_twenty(requests, others):
    assert affordable(60, requests) == others


def weights_of_kinds(engagements, **limits):
    """The weight of each engaged content of one account."""
    contents = [(number, 0, 99, "", [], None, 0, 0) for number in range(5)]
    log = Log(countries=[0], contents=contents, engagements=engagements)
    history = log.history()

    sampled = sample(
        history, all_requests(history), 5, seed=1, **{name: log.moment(hour) for name, hour in limits.items()}
    )

    engaged = sampled.engaged
    return dict(zip(sampled.rows.content[engaged].tolist(), sampled.weight[engaged].tolist(), strict=True))


def test_an_engagement_at_the_end_of_what_is_known_does_not_count_in_the_shares():
    # two likes are known: (1 + 0.05)/1.2 of all are likes, which weigh 1/8, and quotes 23/24, 23/3 times as much
    weights = weights_of_kinds([(10, 0, 0, 0), (11, 0, 1, 0), (12, 0, 2, 3)], known_ms=12)

    assert weights == pytest.approx({0: 1.0, 1: 1.0, 2: 23 / 3})


def test_an_engagement_from_the_end_on_weighs_nothing():
    engagements = [(10, 0, 0, 0), (11, 0, 1, 0), (12, 0, 2, 0), (13, 0, 3, 0)]

    weights = weights_of_kinds(engagements, until_ms=12)

    assert weights == pytest.approx({0: 1.0, 1: 1.0, 2: 0.0, 3: 0.0})
