"""Karma, its interval and its explanation against tests/golden/karma.yaml, which is worked by hand."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from features.jobs.karma import common_of, compute_karma
from features.jobs.karma_evidence import Evidence
from features.karma.documents import documents
from features.karma.expected_week import Acts, Pairs, Posts, Shrinkage
from features.milliseconds import DAY_MS
from store.rules.engagements import ENGAGEMENT_TYPES

GOLDEN = yaml.safe_load((Path(__file__).parents[2] / "golden" / "karma.yaml").read_text())
USERS, POSTS, CATEGORIES = list(GOLDEN["followers"]), list(GOLDEN["posts"]), ["food", "travel"]
CLOCK_MS = 1_768_435_200_000  # 2026-01-15T00:00:00Z


def evidence():
    days, authors, categories, followers, counts = zip(*GOLDEN["posts"].values(), strict=True)
    acts = [(day, post, kind) for day, post, kind, number in GOLDEN["acts"] for _ in range(number)]
    act_days, act_posts, kinds = zip(*acts, strict=True)
    users = len(USERS)
    return Evidence(
        posts=Posts(
            user=np.array([USERS.index(author) for author in authors]),
            time_ms=CLOCK_MS - np.array(days) * DAY_MS,
            counts=np.array(counts, dtype=np.float64),
            member=np.array([[category == slug for slug in CATEGORIES] for category in categories]),
            followers=np.array(followers, dtype=np.float64),
        ),
        post_ids=np.arange(len(POSTS)),
        acts=Acts(
            post=np.array([POSTS.index(post) for post in act_posts]),
            kind=np.array([ENGAGEMENT_TYPES.index(kind) for kind in kinds]),
            time_ms=CLOCK_MS - np.array(act_days) * DAY_MS,
        ),
        actor=np.full(len(acts), -1),
        user_ids=np.arange(users),
        followers=np.array(list(GOLDEN["followers"].values()), dtype=np.float64),
        followed=np.zeros(users),
        suspicion=np.zeros(users),
        present=np.ones(users, dtype=np.bool_),
    )


@pytest.fixture(scope="module")
def made():
    known, rules = evidence(), Shrinkage()
    pairs = Pairs.of(known.posts)
    common, pagerank = common_of(known, pairs, CLOCK_MS, rules)
    karma = compute_karma(known, pairs, common, pagerank, CLOCK_MS, rules)
    return {(one["userId"], one["category"]): one for one in documents(karma, USERS, POSTS, CATEGORIES)}


def test_there_is_a_document_for_each_user_and_category_and_one_over_all(made):
    assert list(made) == [
        ("ann", "food"),
        ("ann", "travel"),
        ("bob", "travel"),
        ("ann", "global"),
        ("bob", "global"),
    ]
    assert made["ann", "global"]["karma"] == pytest.approx(1.504849, abs=2e-6)
    assert made["bob", "global"]["karma"] == pytest.approx(3.329352, abs=2e-6)


@pytest.mark.parametrize("golden", GOLDEN["documents"], ids=lambda one: f"{one['who']}-{one['category']}")
def test_a_document_says_what_was_worked_by_hand(made, golden):
    found = made[golden["who"], golden["category"]]
    wanted = {name: value for name, value in golden.items() if name not in ("who", "category")}

    assert plain({name: found[name] for name in wanted}) == pytest.approx(plain(wanted), abs=2e-6)
    assert set(found) - set(wanted) == {"_id", "userId", "category", "influence", "digest"}


def plain(value, path=""):
    """The leaves of a document by their path."""
    if isinstance(value, dict):
        return {name: leaf for key, inner in value.items() for name, leaf in plain(inner, f"{path}.{key}").items()}
    if isinstance(value, list):
        return {name: leaf for n, inner in enumerate(value) for name, leaf in plain(inner, f"{path}.{n}").items()}
    return {path: value}
