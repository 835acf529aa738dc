from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from features.matrix import DESIGN, GUEST_COLUMNS, MEMBER_COLUMNS, build, co_engagement_of
from features.ranking import co_engagement
from features.ranking.indexes import Activity, build_index
from tests.golden.logs import (
    CREATOR_MONTH,
    CREATOR_MONTH_COLUMNS,
    CREATOR_MONTH_HOUR,
    DAY_MS,
    HOUR_MS,
    Log,
    other_future,
    random_log,
    rows,
)

HOUR = 72.0  # of the row, in a log of 120 hours


def pairs_of(log, hour=HOUR):
    """Every account with every content that is there at the hour."""
    live = [content[0] for content in log.contents if content[1] < hour]
    assert live
    return list(product(range(len(log.countries)), live))


def matrix(log, pairs, hour=HOUR, change=lambda index: index, columns=MEMBER_COLUMNS):
    history = log.history()
    return build(change(build_index(history)), rows(history, pairs, log.moment(hour)), columns)


def test_the_twelve_features_of_the_design_come_first_and_in_order():
    assert GUEST_COLUMNS[:12] == MEMBER_COLUMNS[:12] == DESIGN == (
        "likeCount", "commentCount", "recastCount", "quoteCount", "photoCount", "characterLength",
        "creatorContentCount", "creatorLikedCount", "creatorCommentedCount", "creatorRecastedCount",
        "creatorQuotedCount", "ageScore",
    )  # fmt: skip
    assert len(set(MEMBER_COLUMNS)) == len(MEMBER_COLUMNS)


def test_a_row_worked_out_by_hand():
    log = Log(countries=[0, 0, 1], follows=[(0, 0, 1), (49, 0, 2)])
    # content 0: user 1 at hour 0, Thai, 2 photos, 40 characters; content 1: user 1 at hour 24; content 2: user 2 at 47
    log.contents = [
        (0, 0, 1, "th", ["#a", "#b"], None, 2, 40),
        (1, 24, 1, "th", ["#a"], 0, 0, 7),
        (2, 47, 2, "en", [], None, 1, 9),
    ]
    log.engagements = [(25, 0, 1, 0), (26, 2, 1, 3), (30, 0, 0, 1), (40, 2, 0, 0), (47.5, 2, 0, 4), (48, 1, 0, 0)]
    log.exposures = [(24.5, 0, 1), (25, 2, 1), (29, 0, 0), (39, 2, 0), (47, 0, 0)]

    row = dict(zip(MEMBER_COLUMNS, matrix(log, [(0, 0)], 48)[0].tolist(), strict=True))

    expected = {
        "likeCount": 1, "commentCount": 1, "recastCount": 0, "quoteCount": 0,  # the like at hour 48 is not before it
        "photoCount": 2, "characterLength": 40, "ageScore": 0.25, "ageHours": 48, "isReshare": 0, "tagCount": 2,
        "creatorContentCount": 2, "creatorLikedCount": 2, "creatorCommentedCount": 1, "creatorRecastedCount": 0,
        "creatorQuotedCount": 1, "creatorViewedCount": 4,
        "engaged1h": 0, "engaged6h": 0, "engaged24h": 2, "engaged72h": 2, "hoursSinceEngaged": 8, "reportedCount": 1,
        "viewedCount": 2, "viewed24h": 2, "viewed1h": 0, "hoursSinceViewed": 9,  # a second view of one member is none
        "engagementRate": (2 + 1) / (2 + 20), "creatorRate": (4 + 1) / (4 + 20),
        "countryEngaged": 1, "countryViewed": 1, "countryCreatorEngaged": 2, "sameCountry": 1,
        "userEngaged": 2, "userViewed": 2, "ownViews": 2, "hoursSinceOwnView": 1, "follows": 1,
        "userCreatorEngaged": 2, "userCreatorViewed": 2, "userTagEngaged": 3, "hourSine": 0, "hourCosine": -1,
        "gravity": np.log(1 + 2 + 2) / (48 + 2) ** 1.8,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_a_creator_is_known_by_the_last_720_hours():
    row = dict(zip(MEMBER_COLUMNS, matrix(CREATOR_MONTH, [(0, 2)], CREATOR_MONTH_HOUR)[0].tolist(), strict=True))

    assert {name: row[name] for name in CREATOR_MONTH_COLUMNS} == CREATOR_MONTH_COLUMNS


@pytest.mark.parametrize("seed", range(3))
def test_columns_equal_those_of_a_loop(seed):
    log = random_log(seed)
    pairs = pairs_of(log)

    values = matrix(log, pairs)

    for name, value in plain(log, HOUR).items():
        expected = np.array([value(account, content) for account, content in pairs])
        np.testing.assert_allclose(values[:, MEMBER_COLUMNS.index(name)], expected, rtol=1e-6, err_msg=name)


def plain(log, hour):
    """Some columns as functions of account and content that look at every act."""
    author = {content[0]: content[2] for content in log.contents}
    tags = {content[0]: set(content[4]) for content in log.contents}
    country = dict(enumerate(log.countries))
    acts = [act for act in log.engagements if act[0] < hour]
    engagements = [act for act in acts if act[3] < 4]
    views = [act for act in log.exposures if act[0] < hour]
    first = {(account, content) for _, account, content in views}

    def same(what, a, b):
        return what[a] == what[b]

    return {
        "likeCount": lambda a, c: sum(act[2:] == (c, 0) for act in acts),
        "reportedCount": lambda a, c: sum(act[2:] == (c, 4) for act in acts),
        "engaged24h": lambda a, c: sum(act[2] == c and act[0] >= hour - 24 for act in engagements),
        "viewedCount": lambda a, c: sum(content == c for _, content in first),
        "creatorContentCount": lambda a, c: sum(
            content[2] == author[c] and content[1] < hour for content in log.contents
        ),
        "creatorCommentedCount": lambda a, c: sum(act[3] == 1 and same(author, act[2], c) for act in engagements),
        "creatorViewedCount": lambda a, c: sum(same(author, content, c) for _, content in first),
        "countryEngaged": lambda a, c: sum(
            act[2] == c and same(country, act[1], a) for act in engagements if country[act[1]] >= 0
        ),
        "ownViews": lambda a, c: sum(act[1:] == (a, c) for act in views),
        "userEngaged": lambda a, c: sum(act[1] == a for act in engagements),
        "userCreatorEngaged": lambda a, c: sum(act[1] == a and same(author, act[2], c) for act in engagements),
        "userTagEngaged": lambda a, c: sum(len(tags[act[2]] & tags[c]) for act in engagements if act[1] == a),
        "follows": lambda a, c: any(follow[1:] == (a, author[c]) and follow[0] < hour for follow in log.follows),
    }


@pytest.mark.parametrize("seed", range(4))
def test_not_one_byte_of_a_row_changes_with_what_happens_at_or_after_its_time(seed):
    log = random_log(seed)
    pairs = pairs_of(log)
    present = matrix(log, pairs)

    for future in range(3):
        changed = other_future(log, HOUR, seed=100 + future)
        assert matrix(changed, pairs).tobytes() == present.tobytes()


def early(index_, by_ms=DAY_MS):
    """The index with every event a day too early, so that a question sees the day after its time."""
    return replace(index_, origin_ms=index_.origin_ms - by_ms)


def early_pair(pair):
    return replace(pair, index=early(pair.index))


def plant(name, part=None, side=None):
    """A leak in one field of HistoryIndex: the whole, the part of that number or name, or one side of an activity."""

    def planted(index):
        whole = getattr(index, name)
        if side is not None:
            activity = whole[part]._asdict()
            return replace(index, **{name: {**whole, part: Activity(**activity | {side: early_pair(activity[side])})}})
        if part is not None:
            return replace(index, **{name: (*whole[:part], early(whole[part]), *whole[part + 1 :])})
        if hasattr(whole, "origin_ms"):
            return replace(index, **{name: early(whole)})
        if hasattr(whole, "pairs"):
            return replace(index, **{name: early_pair(whole)})
        return replace(index, **{name: replace(whole, time_ms=whole.time_ms - DAY_MS)})

    return planted


LEAKS = {
    **{f"{kind}s of a content": plant("by_kind", n) for n, kind in enumerate(("like", "comment", "recast", "quote"))},
    "reports of a content": plant("by_kind", 4),
    "engagements of a content": plant("engaged"),
    "views of a content": plant("viewed"),
    "contents of a creator": plant("creator_contents"),
    **{f"kind {n} of a creator": plant("creator_kinds", n) for n in range(4)},
    "views of a creator": plant("creator_viewed"),
    **{
        f"{side} in a country by {what}": plant("by_country", what, side)
        for what in ("content", "author", "language")
        for side in ("engaged", "viewed")
    },
    **{
        f"{side} by a member by {what}": plant("by_account", what, side)
        for what in ("any", "author", "author_country", "language", "tag")
        for side in ("engaged", "viewed")
    },
    "a member's own views": plant("views"),
    "a member's follows": plant("follows"),
    "co-engagement of who engaged": plant("engagers"),
    "co-engagement of who viewed": plant("viewers"),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS.keys())
def test_a_planted_leak_is_caught(leak):
    log = random_log(1)
    pairs = pairs_of(log)
    futures = [log, *(other_future(log, HOUR, seed) for seed in (100, 101, 102))]

    built = {matrix(log, pairs, change=leak).tobytes() for log in futures}

    assert len(built) > 1


def test_a_row_whose_time_is_a_millisecond_late_sees_an_event_at_its_time():
    log = random_log(1)
    log.engagements.append((HOUR, 0, pairs_of(log)[0][1], 0))
    pairs = pairs_of(log)
    one_ms = 1 / HOUR_MS

    assert matrix(log, pairs).tobytes() != matrix(log, pairs, HOUR + one_ms).tobytes()
    like = MEMBER_COLUMNS.index("likeCount")
    assert (matrix(log, pairs, HOUR + one_ms) - matrix(log, pairs))[:, like].max() == 1


def test_no_rows_and_an_empty_history_give_no_nan():
    log = random_log(2)
    lonely = Log(countries=[0], contents=[(0, 0, 0, "", [], None, 0, 0)])

    assert matrix(log, []).shape == (0, len(MEMBER_COLUMNS))
    assert matrix(Log(countries=[0]), []).shape == (0, len(MEMBER_COLUMNS))
    assert np.isfinite(matrix(lonely, [(0, 0)])).all()


@pytest.mark.parametrize("seed", range(2))
def test_all_values_are_finite_and_guests_see_the_same_of_contents(seed):
    log = random_log(seed)
    pairs = pairs_of(log)

    member, guest = matrix(log, pairs), matrix(log, pairs, columns=GUEST_COLUMNS)

    assert np.isfinite(member).all()
    assert member.dtype == np.float32
    np.testing.assert_array_equal(member[:, : len(GUEST_COLUMNS)], guest)


def test_the_order_of_the_rows_does_not_matter():
    log = random_log(3)
    pairs = pairs_of(log)

    np.testing.assert_array_equal(matrix(log, pairs[::-1]), matrix(log, pairs)[::-1])


def test_similarity_does_not_depend_on_the_members_compared_in_the_same_block(monkeypatch):
    log = random_log(3)
    history = log.history()
    pairs = [(account, content) for content in range(30) for account in range(8)]
    row_set = rows(history, pairs, log.moment(100))
    together = co_engagement_of(build_index(history), row_set)

    monkeypatch.setattr(co_engagement, "_MEMBERS", 3)
    monkeypatch.setattr(co_engagement, "_MOST_SIMILARITIES", 17)
    apart = co_engagement_of(build_index(history), row_set)

    assert together["tasteViewed"].max() > 0
    for name, column in together.items():
        np.testing.assert_array_equal(column, apart[name])
