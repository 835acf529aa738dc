"""Karma: the design's number by hand, the traps, prediction, and the job on a real database."""

from datetime import UTC, datetime, timedelta
from itertools import product
from statistics import median, stdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from features.categories import category
from features.jobs.karma import seeded_categories, update_karma
from features.jobs.karma_evaluation import evaluate_karma
from features.karma.expected_week import Pairs, Posts, karma_seeds
from features.karma.intervals import Spread, _quantile, coverage, fit_spread
from features.karma.pagerank import credibility, interactions, pagerank_and_dangling_mass
from handlers.features import karma_evaluation
from store.client import Databases
from store.ids import ObjectId
from store.outputs import categories

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=20, hours=6)


def posts(counts: list[float], followers: float = 100.0) -> Posts:
    n = len(counts)
    table = np.repeat(np.array(counts, dtype=float)[:, None], 4, axis=1)
    return Posts(np.zeros(n, int), np.arange(n), table, np.ones((n, 1), bool), np.full(n, followers))


@given(st.lists(st.integers(0, 50), min_size=2, max_size=20).filter(lambda counts: len(set(counts)) > 1))
@settings(deadline=None)
def test_the_seed_is_median_less_benchmark_over_deviation(counts):
    window = posts(counts)

    seeds = karma_seeds(window, Pairs.of(window))

    assert seeds.number[0, 0] == pytest.approx(100 * (median(counts) - 1.0) / stdev(counts))
    assert seeds.reason(0, 0) is None


@given(st.integers(0, 50), st.integers(2, 20))
@settings(deadline=None)
def test_equal_counts_have_no_spread(count, number):
    window = posts([count] * number)

    assert karma_seeds(window, Pairs.of(window)).reason(0, 0) == "no spread"


def test_one_post_or_no_spread_is_a_reason_and_no_number():
    one, constant = posts([5]), posts([5, 5, 5])

    assert karma_seeds(one, Pairs.of(one)).reason(0, 0) == "one post"
    assert karma_seeds(constant, Pairs.of(constant)).reason(0, 0) == "no spread"


def test_unknown_followers_make_the_benchmark_zero():
    window = posts([1, 2, 6], followers=float("nan"))

    assert karma_seeds(window, Pairs.of(window)).benchmark[0] == 0.0


def test_intervals_cover_80_percent_of_the_counts():
    rng = np.random.default_rng(3)
    expected = np.exp(rng.normal(2, 1, 4_000))
    observed = rng.poisson(expected * rng.gamma(2.0, 0.5, 4_000)).astype(float)

    spread = fit_spread(expected[:2_000], observed[:2_000])

    assert 0.75 <= coverage(spread, expected[2_000:], observed[2_000:]) <= 0.85
    assert Spread.of(0.1).interval(np.array([5.0]))[0] <= 5.0


def test_quantiles_equal_those_of_scipy():
    means = np.geomspace(1e-3, 1e4, 50)

    for size, share in product((0.5, 2.0, 20.0), (0.0, 0.05, 0.5, 0.9, 0.99)):
        chance = size / (size + means)
        assert (_quantile(share, size, chance) == nbinom.ppf(share, size, chance).clip(0.0)).all()


@given(expected=st.floats(0, 1e7), width=st.sampled_from([0.05, 0.3, 1.0, 2.0]))
@settings(deadline=None)
def test_every_interval_contains_the_expected_count(expected, width):
    low, high = Spread.of(width).interval(np.array(expected))

    assert 0 <= low <= expected <= high


def test_pagerank_equals_networkx_after_many_rounds():
    import networkx as nx

    rng = np.random.default_rng(5)
    source, target = rng.integers(0, 30, 200), rng.integers(0, 30, 200)
    graph = interactions(source, target, np.ones(200), 30)

    rank, _ = pagerank_and_dangling_mass(graph, np.ones(30), rounds=200)

    oracle = nx.pagerank(nx.from_scipy_sparse_array(graph, create_using=nx.DiGraph), alpha=0.9, tol=1e-12)
    assert rank == pytest.approx([oracle[node] for node in range(30)], abs=1e-9)


def test_the_engagement_of_a_likely_bot_counts_less():
    graph = interactions(np.array([0, 1]), np.array([2, 3]), np.ones(2), 4)
    weight = credibility(np.ones(4), np.ones(4), np.array([0.9, 0.0, 0.0, 0.0]))

    rank, _ = pagerank_and_dangling_mass(graph, weight)

    assert rank[2] < rank[3]


def test_invalid_categories_are_refused():
    with pytest.raises(ValueError, match="slug"):
        category("Two Words", "x", ["a"])
    with pytest.raises(ValueError, match="slug"):
        category("global", "x", ["a"])
    with pytest.raises(ValueError, match="hashtags"):
        category("a", "x", ["#"])


class App:
    """A few people who post about pets and music, and get likes."""

    def __init__(self, db: Databases) -> None:
        self.db = db
        self.users = [ObjectId() for _ in range(6)]
        db.app.users.insert_many(
            {"_id": user, "ownerAccount": ObjectId(), "followerCount": 100, "followedCount": 10} for user in self.users
        )

    def post(
        self, user: int, day: float, likes: int = 0, tags: object = ("pets",), hours: float = 1, **fields
    ) -> ObjectId:
        at = START + timedelta(days=day)
        body = {"_id": ObjectId(), "author": {"id": self.users[user]}, "visibility": "publish", "createdAt": at}
        tagged = {} if tags is None else {"hashtags": list(tags) if isinstance(tags, tuple) else tags}
        self.db.app.contents.insert_one(body | tagged | {"engagements": {"like": {"count": likes}}} | fields)
        rows = [
            {
                "user": self.users[(user + 1 + n) % 6],
                "targetRef": {"$ref": "content", "$id": body["_id"]},
                "type": "like",
                "createdAt": at + timedelta(hours=hours + n / 100),
            }
            for n in range(likes)
        ]
        if rows:
            self.db.app.engagements.insert_many(rows)
        return body["_id"]

    def karma(self, user: int, slug: str = "pets") -> dict | None:
        return self.db.analytics.karma.find_one({"userId": self.users[user], "category": slug})


@pytest.fixture
def app(db: Databases) -> App:
    app = App(db)
    for day in range(18):
        app.post(0, day, likes=3 + day % 3, tags=("#Pets", "cat"))
        app.post(1, day, likes=1 + day % 2)
        app.post(2, day, likes=day % 2, tags=("music",))
    return app


def documents(db: Databases) -> list[dict]:
    return list(db.analytics.karma.find(sort=[("_id", 1)]))


def test_more_likes_make_more_karma_and_the_document_explains_it(app: App):
    update_karma(app.db, NOW)

    best, other = app.karma(0), app.karma(1)
    assert best["karma"] > other["karma"] > 0
    pairs = [document for document in documents(app.db) if document["category"] != "global"]
    numbers = [number for document in pairs for number in (document, *document["actions"].values())]
    assert len(numbers) == 3 * 5  # a category of each of three users: over all, and by action
    assert all(number["interval"][0] <= number["karma"] <= number["interval"][1] for number in numbers)
    assert best["actions"]["like"]["karmaSeed"] == pytest.approx(100 * (4 - 1) / stdev([3, 4, 5] * 6), rel=1e-4)
    assert best["actions"]["recast"] | {"karma": 0, "interval": 0, "confidence": 0} == {
        "karmaSeed": None, "reason": "no spread", "median": 0.0, "karma": 0, "interval": 0, "confidence": 0,
    }  # fmt: skip
    assert (best["why"]["posts"], best["why"]["benchmark"]) == (18, 1.0)
    assert best["why"]["topPosts"][0]["engagements"] == 5
    assert best["influence"]["score"] > 0
    assert app.karma(0, "global")["karma"] == pytest.approx(best["global"])


def test_posts_without_hashtags_recasts_and_mistyped_fields_do_not_count(app: App):
    for tags in (None, "pets", [], [7, None]):
        app.post(3, 5, tags=tags)
    app.post(4, 5, tags=("pets",), isRecast=True)
    app.db.app.contents.insert_one({"createdAt": START, "visibility": "publish", "hashtags": ["pets"]})

    update_karma(app.db, NOW)

    assert app.karma(3) is None
    assert app.karma(4) is None


def test_followers_are_those_of_post_time(app: App):
    late = [
        {"user": ObjectId(), "followedUser": app.users[1], "following": True, "createdAt": NOW - timedelta(hours=n)}
        for n in range(1, 51)
    ]
    app.db.app.relationships.insert_many(late)

    update_karma(app.db, NOW)

    assert app.karma(1)["why"]["benchmark"] == pytest.approx(0.5)


def test_unknown_followers_are_stated(app: App):
    app.db.app.users.update_one({"_id": app.users[1]}, {"$set": {"followerCount": 0}})

    update_karma(app.db, NOW)

    assert "unknown" in app.karma(1)["why"]["followers"]


def test_karma_of_an_earlier_clock_ignores_later_events(app: App):
    update_karma(app.db, START + timedelta(days=9))
    then = documents(app.db)
    app.db.app.contents.delete_many({"createdAt": {"$gt": START + timedelta(days=9)}})
    app.db.app.engagements.delete_many({"createdAt": {"$gte": START + timedelta(days=9)}})
    at_clock = {"createdAt": START + timedelta(days=9)}
    app.db.app.contents.update_many(at_clock, {"$set": {"engagements.like.count": 0}})

    update_karma(app.db, START + timedelta(days=9))

    assert documents(app.db) == then


def test_only_what_changed_is_written_and_it_equals_a_full_run(app: App):
    update_karma(app.db, NOW)
    assert update_karma(app.db, NOW)["written"] == 0
    app.post(1, 20.3, likes=2)

    counts = update_karma(app.db, NOW + timedelta(hours=4))

    by_change = documents(app.db)
    app.db.analytics.karma.drop()
    update_karma(app.db, NOW + timedelta(hours=4))
    assert counts["written"] == 2
    assert documents(app.db) == by_change


def test_a_day_of_changes_hour_by_hour_equals_whole_runs(app: App):
    """New posts, users, categories of a user, engagements with old posts, follows, a bot's case, a post taken down."""
    rng = np.random.default_rng(8)
    update_karma(app.db, NOW)
    for hour in (1, 4, 5, 9, 16):
        day, before = (NOW - START) / timedelta(days=1) + (hour - 1) / 24, NOW + timedelta(hours=hour - 1)
        tags = [("pets",), ("music",), ("news", "cat")][hour % 3]
        post = app.post(int(rng.integers(4)), day + 0.02, likes=int(rng.integers(4)), tags=tags, hours=0.1)
        old = app.db.app.contents.find_one({"createdAt": {"$lt": START + timedelta(days=9)}}, skip=hour)
        like = {"user": app.users[hour % 6], "targetRef": {"$ref": "content", "$id": old["_id"]}, "type": "like"}
        app.db.app.engagements.insert_one(like | {"createdAt": before + timedelta(minutes=9)})
        app.db.app.contents.update_one({"_id": old["_id"]}, {"$inc": {"engagements.like.count": 1}})
        follower, followed = app.users[(hour + 1) % 6], app.users[hour % 6]
        follow = {"user": follower, "followedUser": followed, "following": True}
        app.db.app.relationships.insert_one(follow | {"createdAt": before + timedelta(minutes=3)})
        app.db.app.users.update_one({"_id": follower}, {"$inc": {"followedCount": 1}})
        app.db.app.users.update_one({"_id": followed}, {"$inc": {"followerCount": 1}})
        if hour == 4:
            newcomer = {"_id": ObjectId(), "createdAt": before, "followerCount": 0, "followedCount": 1}
            app.db.app.users.insert_one(newcomer)
            app.users.append(newcomer["_id"])
            app.post(6, day + 0.01, likes=1, hours=0.1)
        if hour == 5:
            case = {"seenCredential": ObjectId(), "score": 1.0, "firstSeenAt": before, "createdAt": before}
            app.db.app.suspiciouscredentials.insert_one(case)
        if hour == 9:
            hidden = {"visibility": "hidden", "updatedAt": NOW + timedelta(hours=hour)}
            app.db.app.contents.update_one({"_id": post}, {"$set": hidden})

        counts = update_karma(app.db, NOW + timedelta(hours=hour))

        by_change = documents(app.db)
        assert counts["whole"] == 0
        assert counts["users"] < len(app.users)
        assert update_karma(app.db, NOW + timedelta(hours=hour), whole=True)["written"] == 0
        assert documents(app.db) == by_change


@pytest.mark.parametrize("hide", [{"$set": {"visibility": "hidden"}}, None], ids=["hidden", "deleted"])
def test_a_post_that_leaves_without_a_trace_counts_no_more_at_the_next_run(app: App, hide):
    update_karma(app.db, NOW)
    old = {"author.id": app.users[0], "createdAt": START + timedelta(days=17)}
    app.db.app.contents.update_one(old, hide) if hide else app.db.app.contents.delete_one(old)

    counts = update_karma(app.db, NOW + timedelta(hours=1))

    assert (counts["whole"], counts["users"]) == (0, 1)
    assert app.karma(0)["why"]["posts"] == 17


def test_a_change_without_a_trace_counts_from_the_next_days_first_run_on(app: App):
    update_karma(app.db, NOW)
    before = documents(app.db)
    app.db.app.users.update_one({"_id": app.users[1]}, {"$inc": {"followerCount": -50}})

    assert update_karma(app.db, NOW + timedelta(hours=1))["written"] == 0
    assert documents(app.db) == before

    update_karma(app.db, NOW + timedelta(days=1))

    by_day = documents(app.db)
    assert [app.karma(user)["why"]["followers"] for user in (0, 1)] == [100, 50]
    app.db.analytics.karma.drop()
    update_karma(app.db, NOW + timedelta(days=1))
    assert documents(app.db) == by_day


def test_a_new_day_an_earlier_clock_and_an_edited_category_compute_all(app: App):
    update_karma(app.db, NOW)

    assert update_karma(app.db, NOW + timedelta(days=1))["whole"] == 1
    assert update_karma(app.db, NOW + timedelta(hours=23))["whole"] == 1
    app.db.analytics.categories.update_one({"slug": "pets"}, {"$set": {"hashtags": ["cat"]}})
    assert update_karma(app.db, NOW + timedelta(hours=23))["whole"] == 1
    assert app.karma(1) is None
    assert update_karma(app.db, NOW + timedelta(hours=23))["whole"] == 0


def test_an_empty_database_gets_no_karma(db: Databases):
    assert update_karma(db, NOW)["karma"] == 0


def test_a_category_has_the_posts_with_any_spelling_of_its_hashtags(app: App):
    written = [
        ("Αθήνας", "ΑΘΉΝΑΣ"),
        ("СанктПетербург",),
        ("e\u0301cole", "\uff25\u0301cole"),
        ("Ｍｕｓｉｃ", "Mus\u200dic"),
    ]
    for user, tags in enumerate(written):
        app.post(user, 19, likes=1, tags=tags)
    for slug, hashtag in [("athens", "αθήνας"), ("spb", "санктпетербург"), ("ecole", "École"), ("music", "music")]:
        categories.create(app.db, slug, slug, category(slug, slug, [hashtag]).hashtags)

    update_karma(app.db, NOW)

    people = {row["category"]: row["userId"] for row in app.db.analytics.karma.find({"category": {"$ne": "global"}})}
    assert people == dict(zip(["athens", "spb", "ecole", "music"], app.users, strict=False))


def test_seeded_categories_can_be_edited_by_the_operator(db: Databases):
    assert len(seeded_categories(db)) >= 5

    assert categories.create(db, "one", "One", ["shared", "own"])
    assert categories.create(db, "two", "Two", ["shared"])
    before = {"slug": "one", "name": "One", "hashtags": ["shared", "own"]}
    assert categories.change(db, before, "One", ["own"])

    hashtags = {category["slug"]: category["hashtags"] for category in categories.read_categories(db)}
    assert (hashtags["one"], hashtags["two"]) == (["own"], ["shared"])
    assert "sport" in hashtags


def test_evaluation_compares_with_observed_engagement_and_writes_nothing(app: App):
    for day in range(20, 25):
        app.post(0, day + 0.5, likes=4)

    report = evaluate_karma(app.db, NOW, NOW + timedelta(days=7))

    assert report["pairs"] == 3
    assert set(report["rankers"]) == {"karma", "rate", "ratePerPost", "followers", "karmaSeed", "pagerank"}
    assert report["rankers"]["karma"]["spearman"] > 0
    assert app.db.analytics.karma.count_documents({}) == 0


def test_evaluation_refuses_a_missing_or_empty_interval(app: App):
    with pytest.raises(ValueError, match="since"):
        karma_evaluation({"until": NOW.isoformat()})
    with pytest.raises(ValueError, match="until"):
        evaluate_karma(app.db, NOW, NOW)


def test_evaluation_refuses_a_week_in_which_nobody_engaged(app: App):
    with pytest.raises(ValueError, match="until: nobody engaged"):
        evaluate_karma(app.db, NOW + timedelta(days=1), NOW + timedelta(days=8))
