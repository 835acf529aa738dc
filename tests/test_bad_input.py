"""Whatever an app's documents hold, no job breaks, nothing empty is published, and what was left out is counted."""

import math
from datetime import UTC, datetime
from itertools import product

import pytest
from bson import Binary, Decimal128, Regex
from bson.datetime_ms import DatetimeMS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.manifest import everything
from ops.commands.run import backfill, run_all
from store.ids import ObjectId
from store.inputs.import_dump import write_documents
from tests.community import TIME, community, fill
from tests.reliability.fuzz.mutations import GONE, spoiled
from tests.reliability.harness import drop, handlers_use

FIELDS = {
    "accounts": ("isGuest", "visibility", "geolocation", "geolocation.countryCode", "preferences", "createdAt",
                 "preferences.languages"),
    "users": ("ownerAccount", "type", "displayId", "visibility", "followerCount", "followedCount", "createdAt"),
    "contents": ("author", "author.id", "type", "payload", "payload.message", "payload.photo", "payload.link",
                 "payload.photo.contents", "engagements", "engagements.like", "engagements.like.count",
                 "engagements.quote.count", "hashtags", "isRecast", "isQuote", "originalPost", "originalPost._id",
                 "originalPost.author.id", "visibility", "createdAt", "updatedAt", "_id"),
    "comments": ("author", "author._id", "message", "targetRef", "createdAt"),
    "engagements": ("user", "account", "targetRef", "type", "itemId", "visibility", "createdAt", "_id"),
    "feeditems": ("viewer", "content", "author", "calledAt", "seenAt", "offScreenAt", "seenCredential", "analytics"),
    "relationships": ("user", "followedUser", "following", "blocking", "createdAt"),
    "credentials": ("account",),
}  # fmt: skip
VALUES = [
    GONE, None, -1, 0, 7.5, 2**40, -(2**62), math.nan, math.inf, -math.inf, True, "", "text", "zz", "USA", "0" * 24,
    "x" * 1_000_000, "\x00\ud7ff", "👩‍👩‍👧" * 50, [], {}, [None], [[1]], {"a": {"b": []}}, {"count": -1}, [{}] * 1000,
    datetime(1, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC), DatetimeMS(2**62), DatetimeMS(-(2**62)),
    ObjectId(), Decimal128("NaN"), Binary(b"\x00" * 12), Regex("a"),
]  # fmt: skip
PLACES = [(name, field) for name, fields in FIELDS.items() for field in fields]
SPOILINGS = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES), st.integers(0, 10_000)), min_size=20, max_size=200
)


@pytest.fixture(scope="module")
def ours(uri):
    with handlers_use(uri) as db:
        yield db


def spoil(collections, spoilings):
    """Adds a spoiled copy of a document for each spoiling, so that the sound ones stay enough to work with."""
    sound = {name: tuple(batch) for name, batch in collections.items()}
    for (name, field), value, number in spoilings:
        base = sound[name][number % len(sound[name])] if name in sound else {}
        collections.setdefault(name, []).append(spoiled(base | {"_id": ObjectId()}, field.split("."), value))
    return collections


def judge(db, spoilings):
    drop(db)
    for name, batch in spoil(community(), spoilings).items():
        write_documents(db, name, list(enumerate(batch)), fresh=True)

    outcomes = run_all(everything(), {"time": TIME}, first=backfill())

    assert {each.function: each.error for each in outcomes if each.status != "done"} == {}
    assert db.app.guestfeeditems.count_documents({}) > 0
    assert not [each for each in db.app.guestfeeditems.find({}, {"score": 1}) if not math.isfinite(each["score"])]
    return {each.function: each.counts for each in outcomes}


def test_every_bad_value_in_every_field_at_once(ours):
    every = enumerate(product(PLACES, VALUES))

    counts = judge(ours, [(place, value, number) for number, (place, value) in every])

    assert sum(counts["contentStats"]["rejected"].values()) > 0
    assert sum(counts["creatorStats"]["rejected"].values()) > 0
    assert sum(counts["coldstartTrainer"]["rejected"].values()) > 0


@pytest.mark.slow
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(spoilings=SPOILINGS)
def test_random_bad_documents_break_no_job(ours, spoilings):
    judge(ours, spoilings)


def test_engagement_with_what_is_gone_does_not_count(ours):
    collections = community()
    gone = {each["_id"] for each in collections["contents"][::2]}
    collections["contents"] = [each for each in collections["contents"] if each["_id"] not in gone]
    drop(ours)
    fill(ours, collections)

    run_all(everything(), {"time": TIME})

    assert ours.analytics.contentStats.count_documents({"_id": {"$in": list(gone)}}) == 0
    assert ours.app.guestfeeditems.count_documents({"content": {"$in": list(gone)}}) == 0


def test_countries_that_do_not_exist_get_no_feed_and_no_model(ours):
    collections = community()
    for each, code in zip(collections["accounts"], ["zz", "usa", "", "TH "] * 3, strict=False):
        each["geolocation"] = {"countryCode": code}
    drop(ours)
    fill(ours, collections)

    run_all(everything(), {"time": TIME})

    codes = set(ours.app.guestfeeditems.distinct("countryCode")) | set(
        ours.analytics.mlArtifacts_country.distinct("account")
    )
    assert not codes & {"zz", "usa", "", "TH ", "th "}
    assert "th" in codes
