import hashlib
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.simulate import Config, TrueWorld, World, documents, simulate, true_score, truth
from lab.simulate import reading as readings
from lab.simulate.identity import hex_ids
from lab.simulate.preference import engagement_logit, make_posts, make_preferences
from lab.simulate.texts import message_length, messages
from store.ids import to_extended_json

SMALL = Config(users=150, days=4, seed=5)
COLLECTIONS = {
    "accounts", "users", "credentials", "relationships", "contents", "comments", "engagements", "feeditems",
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(Config(users=600, days=8, seed=3))


@pytest.fixture(scope="module")
def app(world):
    written = {name: [] for name in COLLECTIONS}
    for name, batch in documents(world):
        assert 0 < len(batch) <= 5_000
        written[name] += batch
    assert [name for name, rows in written.items() if not rows] == []
    return written


def fingerprint(config):
    digest = hashlib.sha256()
    community = simulate(config)
    for name, batch in documents(community):
        digest.update(name.encode())
        for document in batch:
            digest.update(to_extended_json(document).encode())
    for line in truth(community):
        digest.update(orjson.dumps(line))
    return digest.hexdigest()


def ids(world, table):
    created = getattr(world, table).created_ms
    return hex_ids(world.config.seed, table, np.arange(len(created)), created)


def test_equal_seeds_produce_equal_bytes_and_other_seeds_do_not():
    assert fingerprint(SMALL) == fingerprint(SMALL)
    assert fingerprint(SMALL) != fingerprint(replace(SMALL, seed=6))


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"users": 3}, "users"),
        ({"days": 0}, "days"),
        ({"days": 61}, "days"),
        ({"until": Config().until.replace(tzinfo=None)}, "until"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings, word):
    with pytest.raises(ValueError, match=word):
        Config(**settings)


def test_every_collection_of_the_app_is_written_with_unique_ids(app):
    distinct = {name: len({d["_id"] for d in app[name]}) for name in COLLECTIONS}

    assert distinct == {name: len(app[name]) for name in COLLECTIONS}
    assert min(distinct.values()) > 0


def test_ids_carry_the_time_of_creation(app):
    for name in COLLECTIONS:
        for document in app[name][:50]:
            born = document["_id"].generation_time.replace(tzinfo=None)
            assert abs(born - document["createdAt"]) <= timedelta(seconds=1)


def test_nothing_happens_after_the_end_or_before_its_author_joined(world, app):
    end = world.config.until.replace(tzinfo=None)
    joined = {u["_id"]: u["createdAt"] for u in app["users"]}

    assert max(d["updatedAt"] for name in COLLECTIONS for d in app[name]) <= end
    assert all(joined[d["author"]["id"]] < d["createdAt"] for d in app["contents"])
    assert all(joined[d["user"]] <= d["createdAt"] for d in app["engagements"])
    assert all(max(joined[d["user"]], joined[d["followedUser"]]) <= d["createdAt"] for d in app["relationships"])


def test_people_live_in_twenty_countries_and_write_thai_and_english_among_others(world):
    lines = list(truth(world))

    assert len({line["country"] for line in lines if line["kind"] == "account"}) >= 20
    languages = Counter(line["language"] for line in lines if line["kind"] == "content")
    assert len(languages) == 10
    assert {"th", "en"} <= set(languages)


def test_some_accounts_lack_country_or_languages_and_guests_lack_a_user(app):
    owners = {u["ownerAccount"] for u in app["users"]}
    guests = {a["_id"] for a in app["accounts"] if a["isGuest"]}

    without = [a for a in app["accounts"] if "geolocation" not in a]
    assert 0.1 < len(without) / len(app["accounts"]) < 0.3
    assert any(not a["preferences"]["languages"] for a in app["accounts"])
    assert guests
    assert not guests & owners
    assert guests & {f["viewer"] for f in app["feeditems"]}


def test_counts_on_contents_equal_the_engagements_that_exist(app):
    there = Counter((e["targetRef"]["$id"], e["type"]) for e in app["engagements"] if e["visibility"] != "deleted")

    for content in app["contents"]:
        for kind, value in content["engagements"].items():
            assert value["count"] == there[content["_id"], kind]


def test_updated_at_is_the_newest_engagement(app):
    newest = {}
    for e in app["engagements"]:
        newest[e["targetRef"]["$id"]] = max(newest.get(e["targetRef"]["$id"], e["createdAt"]), e["createdAt"])

    for content in app["contents"]:
        assert content["updatedAt"] == max(content["createdAt"], newest.get(content["_id"], content["createdAt"]))


def test_nothing_is_shown_before_it_exists_nor_after_eleven_days(world):
    age = world.exposures.called_ms - world.contents.created_ms[world.exposures.content]

    assert age.min() > 0
    assert age.max() < 11 * 86_400_000


def test_every_engagement_follows_its_exposure(world):
    shown = {}
    e = world.exposures
    for account, content, seen, on_screen in zip(e.account, e.content, e.seen_ms, e.seen, strict=True):
        if on_screen:
            shown[account, content] = min(shown.get((account, content), seen), seen)

    g = world.engagements
    acts = list(zip(g.account, g.seen_content, g.created_ms, strict=True))
    assert acts
    assert [act for act in acts if shown[act[:2]] >= act[2]] == []


def test_nobody_engages_twice_with_a_post_or_with_their_own(world):
    g = world.engagements

    assert len(set(zip(g.account, g.content, strict=True))) == len(g.account)
    reshares = g.item >= 0
    assert (world.users.account[world.contents.author[g.content[reshares]]] != g.account[reshares]).all()


def test_people_read_one_post_after_the_other(world):
    e = world.exposures
    human = (world.accounts.bot[e.account] < 0) & e.seen
    order = np.lexsort([e.seen_ms, e.account])
    order = order[human[order]]
    same = np.diff(e.account[order]) == 0
    end = np.maximum(e.off_ms, e.seen_ms)[order][:-1]

    overlaps = (e.seen_ms[order][1:] < end) & same

    assert overlaps.mean() < 0.005


def test_cascade_parents_are_earlier_and_share_the_root(world):
    c = world.contents
    reshares = np.flatnonzero(c.root >= 0)
    parent = c.parent[reshares]

    assert (c.created_ms[parent] < c.created_ms[reshares]).all()
    assert (np.where(c.root[parent] < 0, parent, c.root[parent]) == c.root[reshares]).all()
    assert (c.root[c.root[reshares]] < 0).all()
    assert (c.root[parent] >= 0).mean() > 0.05  # some travel on from a copy


def test_reshares_name_the_root_and_their_engagement_names_them(app):
    contents = {c["_id"]: c for c in app["contents"]}
    engagements = [e for e in app["engagements"] if e["type"] in ("recast", "quote")]

    assert engagements
    for e in engagements:
        copy = contents[e["itemId"]]
        assert copy["originalPost"]["_id"] == e["targetRef"]["$id"]
        assert copy["author"]["id"] == e["user"]
        assert copy.get("isRecast" if e["type"] == "recast" else "isQuote")


def test_comments_exist_for_comment_engagements(app):
    comments = {c["_id"]: c for c in app["comments"]}
    engagements = [e for e in app["engagements"] if e["type"] == "comment"]

    assert len(engagements) == len(comments)
    assert all(comments[e["itemId"]]["author"]["_id"] == e["user"] for e in engagements)


def test_feed_items_belong_to_the_owner_of_the_device(app):
    owner = {c["_id"]: c["account"] for c in app["credentials"]}
    author = {c["_id"]: c["author"]["id"] for c in app["contents"]}

    seen = [f for f in app["feeditems"] if "seenAt" in f]
    assert all(owner[f["seenCredential"]] == f["viewer"] for f in seen)
    assert all(author[f["content"]] == f["author"] for f in app["feeditems"])
    assert all(f["calledAt"] <= f["seenAt"] < f.get("offScreenAt", f["seenAt"] + timedelta(1)) for f in seen)
    assert 0.03 < sum("offScreenAt" not in f for f in seen) / len(seen) < 0.08
    assert 0 < 1 - len(seen) / len(app["feeditems"]) < 0.1


def test_follower_numbers_are_the_follows(app):
    followers = Counter(r["followedUser"] for r in app["relationships"] if r["following"])
    followed = Counter(r["user"] for r in app["relationships"] if r["following"])

    for user in app["users"]:
        assert (user["followerCount"], user["followedCount"]) == (
            followers[user["_id"]],
            followed[user["_id"]],
        )


def test_negative_feedback_exists_in_small_numbers(app):
    reports = sum(e["type"] == "report" for e in app["engagements"])
    blocks = sum(r["blocking"] for r in app["relationships"])

    assert 0 < reports < 0.05 * len(app["engagements"])
    assert 0 < blocks < 0.05 * len(app["relationships"])


def test_who_blocks_an_author_sees_no_more_of_them(app):
    blocked = {(r["user"], r["followedUser"]): r["createdAt"] for r in app["relationships"] if r["blocking"]}
    user = {u["ownerAccount"]: u["_id"] for u in app["users"] if u["type"] == "people"}

    assert blocked
    for f in app["feeditems"]:
        since = blocked.get((user.get(f["viewer"]), f["author"]))
        assert since is None or f.get("seenAt", f["calledAt"]) < since


def test_people_engage_with_four_to_eight_percent_of_what_they_see(world):
    human = (world.accounts.bot < 0) & ~world.accounts.guest
    seen = (human[world.exposures.account] & world.exposures.seen).sum()

    rate = (human[world.engagements.account] & (world.engagements.kind < 4)).sum() / seen

    assert 0.04 < rate < 0.08


def test_bots_of_every_kind_read_and_some_engage(world):
    kinds = set(world.accounts.bot[world.exposures.account]) - {-1}

    assert kinds == set(range(len(readings.BOT_KINDS)))
    assert (world.accounts.bot[world.engagements.account] >= 0).any()


def test_truth_ranks_what_was_shown_better_than_popularity(world):
    e, g = world.exposures, world.engagements
    human = (world.accounts.bot[e.account] < 0) & e.seen
    account, content, seen = e.account[human], e.content[human], e.seen_ms[human]
    engaged = set(zip(g.account, g.seen_content, strict=True))
    label = np.array([pair in engaged for pair in zip(account, content, strict=True)])
    order = np.lexsort([g.created_ms, g.content])
    moments = g.content[order] * (1 << 42) + g.created_ms[order]
    popularity = np.searchsorted(moments, content * (1 << 42) + seen)
    popularity -= np.searchsorted(moments, content * (1 << 42))

    def auc(score):
        rank = np.argsort(np.argsort(score, kind="stable"), kind="stable")
        return (rank[label].mean() - (label.sum() - 1) / 2) / (~label).sum()

    preferences = make_preferences(world.accounts, world.users, world.follows)
    posts = make_posts(world.accounts, world.users, world.contents)
    by_truth = auc(engagement_logit(world.config, preferences, posts, account, content, seen))

    assert by_truth > 0.85
    assert by_truth > auc(popularity) + 0.2


def test_true_score_is_the_same_from_a_community_and_from_its_file(world, tmp_path):
    path = tmp_path / "truth.jsonl"
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in truth(world)))
    accounts, contents = ids(world, "accounts")[:3], ids(world, "contents")[:200]
    time = world.config.until - timedelta(days=4)

    from_file = true_score(TrueWorld.read(path), accounts, contents, time)

    assert from_file.shape == (3, 200)
    assert np.isfinite(from_file).all()
    assert np.array_equal(from_file, true_score(TrueWorld.of(world), accounts, contents, time))


def test_true_score_finds_the_next_days_engagements_among_all_live_posts(world):
    known, keys = TrueWorld.of(world), ids(world, "contents")
    time = world.config.until - timedelta(days=1)
    now = time.timestamp() * 1000
    live = np.flatnonzero((world.contents.created_ms < now) & (world.contents.created_ms > now - 5 * 86_400_000))
    g = world.engagements
    places = []

    for account in np.unique(g.account[(world.accounts.bot[g.account] < 0) & (g.created_ms > now)])[:60]:
        target = np.isin(live, g.seen_content[(g.account == account) & (g.created_ms > now)])
        score = true_score(known, [ids(world, "accounts")[account]], [keys[row] for row in live], time)[0]
        places += (np.argsort(np.argsort(-score))[target] / len(live)).tolist()

    assert len(places) > 20
    assert np.median(places) < 0.05


def test_true_score_refuses_unknown_ids(world):
    known = TrueWorld.of(world)

    with pytest.raises(ValueError, match="f" * 24):
        true_score(known, ids(world, "accounts")[:1], ["f" * 24], datetime(2026, 1, 10, tzinfo=UTC))


def test_messages_are_as_long_as_said_and_hold_their_hashtags(world, app):
    c = world.contents
    texts = messages(c.wording, c.language, c.topic)

    assert [len(text) for text in texts] == message_length(c.wording, c.language, c.topic).tolist()
    tagged = [d for d in app["contents"] if d["hashtags"]]
    assert tagged
    assert all(f"#{tag}" in d["payload"]["message"] for d in tagged for tag in d["hashtags"])


@pytest.mark.parametrize("kind", ["human", *readings.ATTACKS])
@given(n=st.integers(1, 600), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_every_reading_stream_is_in_order_and_positive(kind, n, seed):
    generate = readings.human if kind == "human" else readings.ATTACKS[kind]

    stream = generate(n, np.random.default_rng(seed), 24.0)

    assert len(stream.seen_seconds) == len(stream.duration_seconds) == n
    assert (np.diff(stream.seen_seconds) >= 0).all()
    assert (stream.duration_seconds > 0).all()
    assert np.isfinite(stream.seen_seconds).all()


def test_a_shared_replay_repeats_one_person_for_all():
    first, second = readings.shared_replay(200, 2, np.random.default_rng(1))

    assert np.corrcoef(np.log(first.duration_seconds), np.log(second.duration_seconds))[0, 1] > 0.99


def test_a_changed_disguise_stays_inside_its_ranges():
    rng = np.random.default_rng(1)
    disguise = readings.Disguise()

    for _ in range(50):
        disguise = readings.changed(disguise, rng)

    assert 0 <= disguise.memory <= 0.9
    assert 0.2 <= disguise.log_sigma <= 1.2


@pytest.mark.slow
def test_two_thousand_people_for_two_weeks_take_seconds():
    begin = time.process_time()
    community = simulate(Config())
    exposures = sum(len(batch) for name, batch in documents(community) if name == "feeditems")

    assert 150_000 < exposures < 250_000
    assert 4_000 < len(community.contents.author) < 7_500
    assert time.process_time() - begin < 12
