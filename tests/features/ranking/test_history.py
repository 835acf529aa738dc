from dataclasses import fields

import numpy as np
import pytest

from features.ranking.history import assemble
from tests.golden.logs import NO_ID, Log, ids, key, random_log

LOG = Log(
    countries=[0, 1],
    contents=[
        (1, 5, 1, "th", ["#b", "topic 1"], 2, 0, 0),
        (0, 3, 0, "und", [], None, 1, 2),
        (2, 3, 7, "", ["#a"], None, 0, 0),  # its author is no user
    ],
    engagements=[(9, 0, 1, 0), (6, 1, 1, 3), (6, 0, 0, 4), (7, 0, 99, 0)],
    exposures=[(8, 1, 0), (7, 0, 0)],
    follows=[(1, 0, 1), (2, 5, 1), (3, 1, 6)],
)


def test_contents_are_ordered_by_age_then_id():
    contents = LOG.history().contents

    assert contents.id.tolist() == [key("c", 0), key("c", 2), key("c", 1)]
    assert np.all(np.diff(contents.created_ms) >= 0)
    assert contents.original_id.tolist() == [b"", b"", key("c", 2)]


def test_languages_and_tags_are_numbered_and_unknown_ones_are_minus_one():
    history = LOG.history()

    tags = [history.contents.tag[slice(*history.contents.tag_start[row : row + 2])].tolist() for row in range(3)]

    assert history.languages == ["th"]
    assert history.contents.language.tolist() == [-1, -1, 0]
    assert tags == [[], [0], [1, 2]]  # "#a" < "#b" < "topic 1"


def test_events_are_ordered_by_time_and_those_with_unknown_ids_are_counted():
    history = LOG.history()

    assert np.all(np.diff(history.engagements.time_ms) >= 0)
    assert history.engagements.kind.tolist() == [4, 3, 0]
    assert history.contents.id[history.engagements.content].tolist() == [key("c", 0), key("c", 1), key("c", 1)]
    assert history.rejected == {"engagement: of a content that is not published": 1}


def test_an_event_before_its_content_stays_and_is_counted():
    log = Log(countries=[0], contents=[(0, 5, 0, "", [], None, 0, 0)], engagements=[(4, 0, 0, 0)])

    history = log.history()

    assert len(history.engagements.time_ms) == 1
    assert history.rejected == {"engagement: before its content": 1}


def test_an_author_without_a_profile_has_a_row_and_a_follow_of_an_unknown_user_has_none():
    history = LOG.history()

    author = history.user_id[history.contents.author]

    assert author.tolist() == [key("u", 0), key("u", 7), key("u", 1)]
    assert history.owner[history.contents.author[1]] == -1
    assert len(history.follower) == 1
    assert (history.account_id[history.follower[0]], history.user_id[history.followed[0]]) == (key("a", 0), key("u", 1))


def tables(**changes):
    none, no_ids = np.zeros(0, dtype=np.int64), np.zeros(0, dtype="S12")
    empty = {
        "contents": dict.fromkeys(("id", "author", "original", "originalAuthor"), no_ids)
        | dict.fromkeys(("created", "photos", "length", "bare"), none),
        "accounts": {"id": no_ids, "country": none, "guest": none},
        "users": {"id": no_ids, "owner": no_ids},
        "engagements": {"time": none, "account": no_ids, "user": no_ids, "content": no_ids, "kind": none},
        "exposures": {"time": none, "account": no_ids, "content": no_ids},
        "follows": {"time": none, "user": no_ids, "followed": no_ids},
    }
    return empty | {name: empty[name] | columns for name, columns in changes.items()}


def test_a_log_without_follows_is_a_history_in_which_nobody_follows():
    log = tables(users={"id": ids("u", [0]), "owner": ids("a", [0])})
    del log["follows"]

    history = assemble(log, {})

    assert (len(history.follow_time_ms), len(history.follower), len(history.followed)) == (0, 0, 0)


def test_an_empty_app_is_an_empty_history():
    history = assemble(tables(), {})

    assert len(history.contents.id) == len(history.account_id) == len(history.engagements.time_ms) == 0
    assert history.contents.tag_start.tolist() == [0]
    assert history.rejected == {}


ONE = np.array([1], dtype=np.int64)
CONTENT = {
    "id": ids("c", [0]), "author": ids("u", [0]), "original": ids("c", [None]), "originalAuthor": ids("u", [None]),
    "created": ONE, "photos": ONE, "length": ONE, "bare": ONE - 1,
}  # fmt: skip


@pytest.mark.parametrize("account", [None, 0])
def test_an_older_engagement_without_an_account_is_its_users_owner(account):
    act = {"time": ONE, "account": ids("a", [account]), "user": ids("u", [0]), "content": ids("c", [0]), "kind": ONE}
    history = assemble(
        tables(contents=CONTENT, users={"id": ids("u", [0]), "owner": ids("a", [0])}, engagements=act), {}
    )

    assert history.account_id[history.engagements.account].tolist() == [key("a", 0)]


def test_an_engagement_of_an_unknown_account_is_counted():
    act = {"time": ONE, "account": ids("a", [None]), "user": ids("u", [5]), "content": ids("c", [0]), "kind": ONE}

    history = assemble(tables(contents=CONTENT, engagements=act), {})

    assert len(history.engagements.time_ms) == 0
    assert history.rejected == {"engagement: of nobody known": 1}


def test_a_deleted_account_keeps_its_acts_without_a_country():
    act = {"time": ONE, "account": ids("a", [3]), "user": ids("u", [5]), "content": ids("c", [0]), "kind": ONE}

    history = assemble(tables(contents=CONTENT, engagements=act), {})

    assert history.account_id.tolist() == [key("a", 3)]
    assert (history.country.tolist(), history.guest.tolist()) == ([-1], [False])


def test_ids_that_end_in_zero_bytes_survive():
    short = b"\1" + b"\0" * 11
    act = {"time": ONE, "account": np.array([short], dtype="S12"), "content": np.array([short], dtype="S12")}
    content = CONTENT | {"id": np.array([short], dtype="S12")}

    history = assemble(tables(contents=content, exposures=act), {short: ("th", ["#a"])})

    assert history.contents.id.tobytes() == history.account_id.tobytes() == short
    assert len(history.exposures.time_ms) == 1
    assert history.languages == ["th"]
    assert NO_ID not in history.account_id


def test_the_order_of_the_log_does_not_matter():
    log = random_log(4)
    turned = Log(**{field.name: getattr(log, field.name)[::-1] for field in fields(Log)} | {"countries": log.countries})

    one, other = log.history(), turned.history()

    assert min(len(one.engagements.time_ms), len(one.exposures.time_ms), len(one.contents.tag)) > 20
    for name in ("engagements", "exposures"):
        for column in ("time_ms", "account", "content"):
            np.testing.assert_array_equal(getattr(getattr(one, name), column), getattr(getattr(other, name), column))
    np.testing.assert_array_equal(one.contents.tag, other.contents.tag)
