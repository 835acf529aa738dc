import numpy as np
import pytest

from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, build
from features.ranking.co_engagement import acts_before
from features.ranking.indexes import build_index
from tests.golden.logs import Log, random_log
from trainers.evaluation.baselines import als, bpr, formulas, isolated, plain, scores_of
from trainers.rows.requests import find_requests
from trainers.rows.sampling import sample


def matrix_of(**columns):
    matrix = np.zeros((2, len(MEMBER_COLUMNS)), dtype=np.float32)
    for name, values in columns.items():
        matrix[:, MEMBER_COLUMNS.index(name)] = values
    return matrix


def test_the_formulas_are_those_that_are_published():
    scores = formulas(matrix_of(likeCount=[7, 0], quoteCount=[2, 0], ageHours=[6, 0], ageScore=[0.5, 1]))

    assert scores["recency"].tolist() == [-6, 0]
    assert scores["popularity"].tolist() == [9, 0]
    assert scores["hn"] == pytest.approx([8 / 8**1.8, -1 / 2**1.8])
    assert scores["lemmy"] == pytest.approx([np.log10(12) / 8**1.8, np.log10(3) / 2**1.8])
    assert scores["content"] == pytest.approx([10 * 0.5, 1.0])


def blocks(communities=4, people=8, posts=12, seed=1):
    """Members who engage with two thirds of the posts of their own community and with no other."""
    draw = np.random.default_rng(seed)
    size = communities * people
    contents = [(number, 0, 0, "", [], None, 0, 0) for number in range(communities * posts)]
    acts = [
        (1 + draw.random(), who, what, 0)
        for who in range(size)
        for what in range(communities * posts)
        if who % communities == what % communities and draw.random() < 0.66
    ]
    return Log(contents=contents, engagements=acts, countries=[0] * size)


@pytest.mark.parametrize("factorisation", [als, bpr])
def test_a_factorisation_prefers_the_posts_of_a_members_community(factorisation):
    log = blocks()
    history = log.history()
    score = factorisation(history, factors=8)
    number = np.array([int(content.strip(b"\0_c")) for content in history.contents.id])  # of the content, by row

    auc = []
    for account in range(len(history.account_id)):
        engaged = set(history.engagements.content[history.engagements.account == account].tolist())
        fresh = np.array([row for row in range(len(number)) if row not in engaged])
        scores = score(account, log.moment(30), fresh)
        mine = number[fresh] % 4 == int(history.account_id[account].strip(b"\0_a")) % 4
        auc.append((scores[mine][:, None] > scores[~mine]).mean())
    assert np.mean(auc) > 0.9


@pytest.mark.parametrize("factorisation", [als, bpr])
def test_a_factorisation_knows_nothing_of_the_same_day_or_later(factorisation):
    log = blocks()

    scores = factorisation(log.history())(0, log.moment(2), np.arange(10))

    assert not scores.any()


@pytest.fixture(scope="module")
def sampled_rows():
    log = random_log(4, accounts=6, contents=40, acts=300)
    history = log.history()
    sampled = sample(history, find_requests(history, 0, 2**62), 10, seed=1)
    return history, sampled, build(build_index(history), sampled.rows, MEMBER_COLUMNS)


def test_every_account_with_a_request_has_a_booster_and_others_score_alike(sampled_rows):
    _, sampled, matrix = sampled_rows

    boosters = isolated(sampled, matrix)

    assert set(boosters) == set(sampled.rows.account.tolist())
    assert len(np.unique(scores_of(boosters, 99, matrix))) == 1


def test_an_isolated_booster_is_made_of_its_own_rows_alone(sampled_rows):
    _, sampled, matrix = sampled_rows
    account = int(sampled.rows.account[0])
    others = matrix.copy()
    others[sampled.rows.account != account] += 5

    one, two = (isolated(sampled, rows)[account].save_raw() for rows in (matrix, others))

    assert one == two


def test_the_plain_design_knows_engaged_rows_only(sampled_rows):
    history, sampled, matrix = sampled_rows
    passed_over = matrix[:, : len(GUEST_COLUMNS)].copy()
    passed_over[~sampled.engaged] = 99

    one, two = (plain(history, sampled, rows) for rows in (matrix[:, : len(GUEST_COLUMNS)], passed_over))

    assert set(one) == set(sampled.rows.account[sampled.engaged].tolist())
    assert {account: booster.save_raw() for account, booster in one.items()} == {
        account: booster.save_raw() for account, booster in two.items()
    }


def test_an_engagement_weighs_ten_exposures_and_counts_from_the_next_moment_on():
    contents = [(number, 0, 0, "", [], None, 0, 0) for number in range(4)]
    log = Log(
        contents=contents,
        engagements=[(10, 0, 0, 0), (12, 0, 1, 0), (10, 0, 3, 4)],  # the last one is a report
        exposures=[(9, 0, 0), (9, 0, 2), (12, 0, 3)],
        countries=[0],
    )

    acts = acts_before(log.history(), log.moment(12), view=1.0, engagement=10.0)

    assert acts.toarray().tolist() == [[11.0, 0.0, 1.0, 0.0]]
