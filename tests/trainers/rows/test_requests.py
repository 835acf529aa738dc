import numpy as np
import pytest

from features.ranking.posts import heads_of
from tests.golden.logs import DAY_MS, Log, key, random_log
from trainers.rows.requests import Requests, candidate_sets, find_requests

WEEK = (0, 2**62)


def brute_requests(history, since_ms, until_ms):
    """Every member's first act of a UTC day on which that member engages, by looking at every act."""
    acts = [*zip(history.engagements.account.tolist(), history.engagements.time_ms.tolist(), strict=True)]
    acts += zip(history.exposures.account.tolist(), history.exposures.time_ms.tolist(), strict=True)
    kinds = zip(*(getattr(history.engagements, name).tolist() for name in ("account", "time_ms", "kind")), strict=True)
    engaging = {(account, time // DAY_MS) for account, time, kind in kinds if kind < 4}
    first = {}
    for account, time in acts:
        day = (account, time // DAY_MS)
        if since_ms <= time < until_ms and day in engaging:
            first[day] = min(time, first.get(day, time))
    return sorted((time, account) for (account, _), time in first.items())


@pytest.mark.parametrize("seed", range(5))
def test_requests_are_those_of_a_plain_loop(seed):
    log = random_log(seed)
    history = log.history()
    window = (log.moment(30), log.moment(100))

    result = find_requests(history, *window)

    assert list(zip(result.time_ms.tolist(), result.account.tolist(), strict=True)) == brute_requests(history, *window)
    assert len(result) == len(result.account) > 5


def test_guests_make_no_requests():
    log = random_log(1)
    history = log.history()
    history.guest[:] = True

    assert len(find_requests(history, *WEEK)) == 0


def test_a_report_is_no_engagement():
    log = Log(countries=[0], contents=[(0, 0, 99, "", [], None, 0, 0)], engagements=[(1, 0, 0, 4)])

    assert len(find_requests(log.history(), *WEEK)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_candidate_sets_are_those_of_a_plain_loop(seed):
    log = random_log(seed)
    log.contents = [(*post[:7], post[7] if post[5] is None else 0) for post in log.contents]  # bare reshares
    history = log.history()
    assert (history.contents.post != np.arange(len(history.contents.id))).any()
    requests = find_requests(history, log.moment(24), log.moment(96))

    result = list(candidate_sets(history, requests, window_days=2.0))

    expected = [
        brute_candidates(history, *request)
        for request in zip(requests.account.tolist(), requests.time_ms.tolist(), strict=True)
    ]
    expected = [pair for pair in expected if any(pair[1])]
    assert [(candidates.content.tolist(), candidates.relevant.tolist()) for candidates in result] == expected
    assert len(expected) > 0


def brute_candidates(history, account, time):
    acts = history.engagements
    columns = (acts.account, acts.content, acts.time_ms, acts.kind)
    head = heads_of(history.contents.post, history.contents.created_ms, 2 * DAY_MS).tolist()
    engaged = [(head[content], at)
               for who, content, at, kind in zip(*(column.tolist() for column in columns), strict=True)
               if who == account and kind < 4]  # fmt: skip
    created = list(enumerate(history.contents.created_ms.tolist()))
    owner = history.owner[history.contents.author].tolist()
    own = {head[row] for row, at in created if owner[row] == account and at <= time}
    writer, post = history.contents.original_author.tolist(), history.contents.post.tolist()
    own |= {head[row] for row, _ in created if post[row] != row and history.owner[writer[row]] == account}
    before = {content for content, at in engaged if at < time} | own
    soon = {content for content, at in engaged if time <= at < time + DAY_MS}
    live = [row for row, at in created if time - 2 * DAY_MS <= at <= time and row not in before and head[row] == row]
    return live, [row in soon for row in live]


def candidates_of(engagements, contents=((0, 0), (1, 0)), hour=10):
    log = Log(countries=[0], contents=[(n, at, 99, "", [], None, 0, 0) for n, at in contents], engagements=engagements)
    history = log.history()
    requests = Requests(np.array([0]), np.array([log.moment(hour)]))
    return history, list(candidate_sets(history, requests))


def test_an_engagement_at_the_request_counts_and_one_a_day_later_does_not():
    _, (at_once,) = candidates_of([(10, 0, 0, 0)])
    _, none = candidates_of([(34, 0, 0, 0)])

    assert at_once.relevant.tolist() == [True, False]
    assert none == []


def test_engaged_and_future_contents_are_no_candidates():
    history, (candidates,) = candidates_of([(9, 0, 0, 0), (11, 0, 1, 0)], contents=((0, 0), (1, 0), (2, 10.1), (3, 10)))

    assert history.contents.id[candidates.content].tolist() == [key("c", 1), key("c", 3)]


def test_rows_of_a_guest_have_the_members_country_and_no_member():
    history, (candidates,) = candidates_of([(10, 0, 0, 0)])

    member, guest = candidates.rows(history), candidates.rows(history, guest=True)

    assert (member.account.tolist(), guest.account.tolist()) == ([0, 0], [-1, -1])
    assert member.country.tolist() == guest.country.tolist() == [0, 0]
    assert set(member.time_ms.tolist()) == {candidates.time_ms}


def test_own_posts_are_no_candidates_and_a_reshare_counts_for_its_original():
    contents = [
        (0, 0, 99, "", [], None, 0, 0), (1, 1, 99, "", [], 0, 0, 0), (2, 1, 99, "", [], 0, 0, 9),
        (3, 2, 0, "", [], None, 0, 0), (4, 3, 99, "", [], 3, 0, 0), (5, 3, 0, "", [], 6, 0, 0),
        (6, 1, 99, "", [], None, 0, 0),
    ]  # fmt: skip
    log = Log(countries=[0], contents=contents, engagements=[(11, 0, 1, 0)])
    history = log.history()

    (candidates,) = candidate_sets(history, Requests(np.array([0]), np.array([log.moment(10)])))

    assert history.contents.id[candidates.content].tolist() == [key("c", 0), key("c", 2)]  # the post and its quote
    assert candidates.relevant.tolist() == [True, False]
