"""Filters of candidates on a small snapshot whose answer is known by construction."""

from dataclasses import replace

import numpy as np
import pytest

from features.ranking.history import Contents, Events, History
from features.ranking.indexes import build_index
from predictors.personal.filters import FILTERS, filter_pool
from predictors.personal.request import Request, anonymous_viewer, select_contents
from predictors.snapshot.snapshot import take

HOUR_MS = 3_600_000
NOW_MS = 2_000 * HOUR_MS
AUTHORS = np.array([0, 0, 1, 2, 1, 0])
NONE = np.zeros(0, dtype=np.int64)


def events(*contents: int) -> Events:
    row = np.array(contents, dtype=np.int64)
    return Events(np.full(len(row), NOW_MS - HOUR_MS), np.zeros_like(row), row, np.zeros_like(row))


@pytest.fixture(scope="module")
def request_of_guest() -> Request:
    """Six recent contents by three users, seen by a viewer without a past."""
    none = np.full(len(AUTHORS), b"", dtype="S12")
    contents = Contents(
        id=np.array([f"content {n:04d}".encode() for n in range(len(AUTHORS))]),
        created_ms=np.full(len(AUTHORS), NOW_MS - 24 * HOUR_MS),
        author=AUTHORS,
        original_id=none,
        original_author_id=none,
        post=np.arange(len(AUTHORS)),
        original_author=np.full(len(AUTHORS), -1),
        photos=np.zeros(len(AUTHORS), np.int64),
        length=np.zeros(len(AUTHORS), np.int64),
        language=np.zeros(len(AUTHORS), np.int64),
        tag_start=np.zeros(len(AUTHORS) + 1, np.int64),
        tag=NONE,
    )
    history = History(
        contents=contents,
        account_id=np.array([b"account 0000"]),
        country=np.array([-1]),
        guest=np.array([False]),
        user_id=np.array([f"author {n:05d}".encode() for n in range(3)]),
        owner=np.array([-1, -1, -1]),
        engagements=events(),
        exposures=events(),
        follow_time_ms=NONE,
        follower=NONE,
        followed=NONE,
        languages=["en"],
        rejected={},
    )
    snapshot = take(build_index(history), 0, NOW_MS)
    return Request(snapshot, anonymous_viewer(), NOW_MS, select_contents(contents, NONE))


@pytest.mark.parametrize(
    ("name", "past", "left"),
    [
        ("engaged", {"engagements": events(1, 4)}, [0, 2, 3, 5]),
        ("seen", {"exposures": events(0)}, [1, 2, 3, 4, 5]),
        ("blocked", {"blocked": np.array([1])}, [0, 1, 3, 5]),
        ("own", {"users": np.array([0])}, [2, 3, 4]),
    ],
)
def test_each_filter_removes_what_its_name_says(request_of_guest, name, past, left):
    request = replace(request_of_guest, viewer=replace(request_of_guest.viewer, **past))

    kept = np.arange(6)[FILTERS[name](request, np.arange(6))]

    assert kept.tolist() == left


def test_contents_older_than_thirty_days_are_removed(request_of_guest):
    at_limit = NOW_MS + 29 * 24 * HOUR_MS
    rows = np.arange(6)

    assert FILTERS["too old"](replace(request_of_guest, now_ms=at_limit), rows).all()
    assert not FILTERS["too old"](replace(request_of_guest, now_ms=at_limit + 1), rows).any()


def test_a_source_is_cut_to_its_best_after_the_filters(request_of_guest):
    request = replace(request_of_guest, viewer=replace(request_of_guest.viewer, exposures=events(5)))

    pool = filter_pool(request, {"first": np.array([5, 3, 3, 1, 0]), "second": NONE}, FILTERS, most=2)

    assert {name: rows.tolist() for name, rows in pool.items()} == {"first": [3, 1], "second": []}


def test_without_a_past_nothing_is_removed(request_of_guest):
    pool = filter_pool(request_of_guest, {"all": np.arange(6)}, FILTERS)

    assert pool["all"].tolist() == [0, 1, 2, 3, 4, 5]
