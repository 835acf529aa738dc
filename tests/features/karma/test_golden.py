"""Karma, its interval and its explanation against tests/golden/karma.yaml, which is computed by hand."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from features.jobs.karma import compute_karma, daily_baseline_of
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
def karma_documents():
    karma_evidence, rules = evidence(), Shrinkage()
    pairs = Pairs.of(karma_evidence.posts)
    baseline, pagerank = daily_baseline_of(karma_evidence, pairs, CLOCK_MS, rules)
    karma = compute_karma(karma_evidence, pairs, baseline, pagerank, CLOCK_MS, rules)
    rows = documents(karma, USERS, POSTS, CATEGORIES)
    return {(document["userId"], document["category"]): document for document in rows}


def test_there_is_a_document_for_each_user_and_category_and_one_over_all(karma_documents):
    assert list(karma_documents) == [
        ("ann", "food"),
        ("ann", "travel"),
        ("bob", "travel"),
        ("ann", "global"),
        ("bob", "global"),
    ]
    assert karma_documents["ann", "global"]["karma"] == pytest.approx(1.504849, abs=2e-6)
    assert karma_documents["bob", "global"]["karma"] == pytest.approx(3.329352, abs=2e-6)


@pytest.mark.parametrize("golden", GOLDEN["documents"], ids=lambda row: f"{row['who']}-{row['category']}")
def test_documents_have_the_values_computed_by_hand(karma_documents, golden):
    document = karma_documents[golden["who"], golden["category"]]
    expected = {name: value for name, value in golden.items() if name not in ("who", "category")}

    assert leaves({name: document[name] for name in expected}) == pytest.approx(leaves(expected), abs=2e-6)
    assert set(document) - set(expected) == {"_id", "userId", "category", "influence", "digest"}


def leaves(value, path=""):
    """The leaves of a document by their path."""
    if isinstance(value, dict):
        return {name: leaf for key, inner in value.items() for name, leaf in leaves(inner, f"{path}.{key}").items()}
    if isinstance(value, list):
        return {name: leaf for n, inner in enumerate(value) for name, leaf in leaves(inner, f"{path}.{n}").items()}
    return {path: value}
