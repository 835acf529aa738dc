"""Candidates and the list that is shown: sources, filters, diversity, explored slots."""

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from features.countries import COUNTRIES
from features.matrix import MEMBER_COLUMNS
from features.ranking.history import assemble
from features.ranking.indexes import build_index
from lab.simulate import Config as Community
from predictors.jobs import personal
from predictors.jobs.guest_feed import Config as FeedConfig
from predictors.jobs.guest_feed import publish_guest_feed
from predictors.jobs.snapshot import publish_snapshot
from predictors.personal.filters import FILTERS, filter_pool
from predictors.personal.request import Request, select_contents, viewer_from_history
from predictors.personal.slate import best, draw_slots, plain_slate, slot_pool, with_slots
from predictors.personal.sources import SOURCES, merge_sources, retrieve
from predictors.snapshot.snapshot import take
from store.inputs import event_log
from tests.golden.logs import Log, ids
from tests.golden.worlds import simulated

COMMUNITY = Community(users=150, days=5, seed=6)
NOW = COMMUNITY.until
NOW_MS = int(NOW.timestamp() * 1000)
NOBODY = np.zeros(0, dtype=np.int64)
SOURCE_NAMES = {
    "followed", "topics", "co-engaged", "trending in country", "trending in language", "new authors",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(uri):
    with simulated(uri, COMMUNITY) as db:
        since = NOW - timedelta(days=60)
        publish_snapshot(db, NOW)
        publish_guest_feed(db, NOW, FeedConfig(top=40))
        history = assemble(event_log.read_log(db, since, NOW, COUNTRIES), event_log.read_labels(db, since, NOW))
        members = [str(each["_id"]) for each in db.app.accounts.find({"isGuest": False}).sort("_id", 1)]
        yield SimpleNamespace(db=db, history=history, known=build_index(history), since=since, members=members)


def found_by(source, log, hour):
    """Numbers of the contents that the source finds for account 0, the best first."""
    history, now_ms = log.history(), log.moment(hour)
    snapshot = take(build_index(history), log.moment(0), now_ms)
    request = Request(
        snapshot, viewer_from_history(history, 0, now_ms), now_ms, select_contents(history.contents, NOBODY)
    )
    number_of = {each: number for number, each in enumerate(ids("c", range(len(log.contents))).tolist())}
    return [number_of[each] for each in history.contents.id[SOURCES[source](request, NOBODY)].tolist()]


def test_an_engagement_of_a_similar_member_weighs_as_three_views():
    """Accounts 0 and 1 viewed contents 0 and 1, so their cosine is 1; account 2 viewed content 2 besides.

    Three accounts chose contents 0 and 1, one chose content 2: the cosine of 0 and 2 is (2/3)/√(2/3 · 5/3) = 0.63.
    Content 3, viewed by account 1, is worth 1; content 4, with which account 2 engaged, 3 · 0.63.
    """
    log = Log(countries=[0, 0, 0], exposures=[(1, account, content) for account in range(3) for content in (0, 1)])
    log.contents = [(number, 0 if number < 3 else 20, 0, "", [], None, 0, 0) for number in range(5)]
    log.exposures += [(1, 2, 2), (21, 1, 3)]
    log.engagements = [(21, 2, 4, 0)]

    found = found_by("co-engaged", log, hour=30)

    assert [number for number in found if number > 2] == [4, 3]


def test_a_tag_engaged_with_twice_in_seven_views_is_dearer_than_one_engaged_with_at_the_only_view():
    """Affinity e · (1 + 3e)/(1 + e + v): 1 · 4/3 = 1.33 for #a with e = v = 1, and 2 · 7/10 = 1.4 for #b."""
    tags = ["#a", "#b", "#a", "#b"]
    log = Log(countries=[0, 0], contents=[(n, 0, 1, "", [tag], None, 0, 0) for n, tag in enumerate(tags)])
    log.exposures = [(1, 0, 0)] + [(2 + n, 0, 1) for n in range(7)]
    log.engagements = [(1.1, 0, 0, 0), (2.1, 0, 1, 0), (2.2, 0, 1, 1)]

    found = found_by("topics", log, hour=30)

    assert [number for number in found if number > 1] == [3, 2]


def ask(world, account, **more):
    return personal.rank(world.db, NOW, personal.parse_query({"accountId": account, **more}))


def gather(request, most):
    """Candidates by source, seen ones too."""
    filters = {name: allows for name, allows in FILTERS.items() if name != "seen"}
    return filter_pool(request, retrieve(request, SOURCES), filters, most)


def test_at_a_past_time_the_sources_know_nothing_of_later(world):
    past_ms = NOW_MS - 86_400_000
    snapshot = take(world.known, int(world.since.timestamp() * 1000), past_ms)
    engaged = Counter(world.history.engagements.account.tolist()).most_common(5)

    assert len(engaged) == 5
    for account, _ in engaged:
        member = viewer_from_history(world.history, account, past_ms)
        request = Request(snapshot, member, past_ms, select_contents(world.history.contents, NOBODY))
        found = gather(request, most=100)

        assert set(found) == SOURCE_NAMES
        assert all(len(rows) == len(set(rows.tolist())) <= 100 for rows in found.values())
        every, source = merge_sources(found)
        assert len(every) == len(set(every.tolist())) == len(source) > 50
        assert (world.history.contents.created_ms[every] <= past_ms).all()
        assert not np.isin(every, member.engagements.content).any()
        assert request.matrix(every).shape == (len(every), len(MEMBER_COLUMNS))


def test_sources_find_more_of_what_is_engaged_with_later_than_chance(world):
    past_ms = NOW_MS - 86_400_000
    snapshot = take(world.known, int(world.since.timestamp() * 1000), past_ms)
    acts = world.history.engagements
    later = (acts.time_ms >= past_ms) & (acts.kind < 4) & (world.history.contents.created_ms[acts.content] < past_ms)
    hits, expected, total = 0, 0.0, 0

    for account in np.unique(acts.account[later]).tolist():
        request = Request(
            snapshot,
            viewer_from_history(world.history, account, past_ms),
            past_ms,
            select_contents(world.history.contents, NOBODY),
        )
        chosen = np.setdiff1d(acts.content[later & (acts.account == account)], request.viewer.engagements.content)
        every, _ = merge_sources(gather(request, most=20))
        hits += int(np.isin(chosen, every).sum())
        expected += len(chosen) * len(every) / len(snapshot.live)
        total += len(chosen)

    assert hits > 1.2 * expected > 0 < total


def test_items_leave_out_what_was_seen_blocked_unpublished_or_written_by_the_member(world):
    account = next(each for each in world.members if world.db.app.relationships.find_one(follows_of(world, each)))
    first = ask(world, account, limit=10)["items"]
    hidden, blocked = ObjectId(first[0]["content"]), author_of(world, first[1]["content"])
    world.db.app.contents.update_one({"_id": hidden}, {"$set": {"visibility": "hidden"}})
    user = world.db.app.users.find_one({"ownerAccount": ObjectId(account)})["_id"]
    block = {"_id": ObjectId(), "user": user, "followedUser": blocked, "blocking": True, "createdAt": NOW}
    world.db.app.relationships.insert_one(block)

    items = ask(world, account, limit=40)["items"]

    world.db.app.contents.update_one({"_id": hidden}, {"$set": {"visibility": "publish"}})
    world.db.app.relationships.delete_one({"_id": block["_id"]})
    shown = [ObjectId(each["content"]) for each in items]
    assert len(shown) > 10
    authors = [author_of(world, each["content"]) for each in items]
    assert hidden not in shown
    assert blocked not in authors
    assert user not in authors
    assert (
        world.db.app.feeditems.count_documents(
            {"viewer": ObjectId(account), "content": {"$in": shown}, "seenAt": {"$lt": NOW}}
        )
        == 0
    )
    assert world.db.app.contents.count_documents({"_id": {"$in": shown}, "visibility": "publish"}) == len(shown)


def follows_of(world, account):
    users = [each["_id"] for each in world.db.app.users.find({"ownerAccount": ObjectId(account)})]
    return {"user": {"$in": users}, "following": True}


def author_of(world, content):
    return world.db.app.contents.find_one({"_id": ObjectId(content)})["author"]["id"]


def test_no_author_has_more_than_two_of_the_first_ten(world):
    assert len(world.members) > 12
    for account in world.members[:12]:
        items = ask(world, account, limit=10)["items"]

        authors = Counter(author_of(world, each["content"]) for each in items)
        assert len(items) == 10
        assert max(authors.values()) <= 2
        scores = [each["score"] for each in items]
        assert scores == sorted(scores, reverse=True)


def test_items_say_their_source_and_the_result_repeats_their_scores(world):
    answer = ask(world, world.members[0], limit=30)

    assert {each["source"] for each in answer["items"]} <= SOURCE_NAMES
    assert len({each["source"] for each in answer["items"]}) > 1
    assert answer["result"] == {each["content"]: each["score"] for each in answer["items"]}


def test_explored_slots_carry_their_propensity_and_stay_the_same_at_a_clock(world):
    account = world.members[0]

    items = ask(world, account, limit=20, explore=True)["items"]

    drawn = [place for place, each in enumerate(items) if "propensity" in each]
    assert drawn == [4, 14]
    assert all(0 < items[place]["propensity"] <= 1 for place in drawn)
    assert items == ask(world, account, limit=20, explore=True)["items"]
    assert [each for each in ask(world, account, limit=20)["items"] if "propensity" in each] == []


def test_what_exploration_drew_is_kept_with_its_chance_and_nothing_else_is(world):
    account, kept = ObjectId(world.members[5]), world.db.analytics.explorations
    ask(world, str(account), limit=20)
    assert kept.find_one({"account": account}) is None

    items = ask(world, str(account), limit=20, explore=True)["items"]
    ask(world, str(account), limit=20, explore=True)

    found = [(each["place"], str(each["content"]), each["propensity"]) for each in kept.find({"account": account})]
    drawn = [(place, each["content"], each["propensity"]) for place, each in enumerate(items) if "propensity" in each]
    assert sorted(found) == drawn
    assert {each["time"] for each in kept.find({"account": account})} == {NOW}


def test_guests_get_the_guest_feed_of_their_country(world):
    guest = world.db.app.accounts.find_one({"isGuest": True, "geolocation.countryCode": {"$exists": True}})
    code = guest["geolocation"]["countryCode"]
    feed = [str(each["content"]) for each in world.db.app.guestfeeditems.find({"countryCode": code}).sort("_id", 1)]
    seen = {str(each["content"]) for each in world.db.app.feeditems.find({"viewer": guest["_id"]})}

    items = ask(world, str(guest["_id"]), limit=5)["items"]
    of_nobody = ask(world, str(ObjectId()), limit=5)["items"]

    assert [each["content"] for each in items] == [each for each in feed if each not in seen][:5]
    assert {each["source"] for each in items + of_nobody} == {"guest feed"}


def test_every_content_of_the_pool_is_drawn_as_often_as_its_propensity_says():
    pool, size, times = 10, 30, 3_000

    drawn = Counter(each for seed in range(times) for each in draw_slots(pool, size, seed).choice.tolist())

    assert draw_slots(pool, size, 0).propensity == pytest.approx(0.3)
    assert [drawn[each] / times for each in range(pool)] == pytest.approx([0.3] * pool, abs=0.04)


@given(st.lists(st.integers(-1, 5), max_size=40), st.integers(1, 20), st.integers(0, 99))
def test_slots_never_repeat_a_content_nor_lengthen_the_list(authors, limit, seed):
    author = np.array(authors, dtype=np.int64)
    score = np.linspace(0.9, 0.1, len(author))
    order, fair = best(score, author, limit)

    pool = slot_pool(order, limit, np.ones(len(author), dtype=np.bool_), author)
    shown = with_slots(plain_slate(order, fair, limit), pool, score, limit, seed)

    assert len(shown.position) <= limit
    assert len(set(shown.position.tolist())) == len(shown.position) == len(shown.score) == len(shown.propensity)
