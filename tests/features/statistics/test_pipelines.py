import math
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from bson import DBRef, ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.jobs.statistics import update_content_stats, update_creator_stats
from features.statistics.pipelines import Statistics
from tests.golden.reading import golden, oid, rounded

GOLDEN = golden("statistics")
NOW, BACKFILL = GOLDEN["clock"], GOLDEN["backfill"]
TYPES = ("like", "comment", "recast", "quote")
COUNTS = [f"{name}Count" for name in TYPES]
CREATOR_COUNTS = ["contentCount", *(f"creator{name}Count" for name in ("Liked", "Commented", "Recasted", "Quoted"))]


@pytest.fixture
def app(db):
    for name, documents in GOLDEN["app"].items():
        db.app[name].insert_many(documents)
    return db


def stored(db, name, *but):
    dropped = {"_id", "contentId", "creatorId", *but}
    return {
        document["_id"]: {key: value for key, value in document.items() if key not in dropped}
        for document in db.analytics[name].find()
    }


def both(db, now, **options):
    return update_content_stats(db, now, **options), update_creator_stats(db, now, **options)


def test_every_count_and_score_of_a_content_equals_the_one_computed_by_hand(app):
    counts = update_content_stats(app, NOW)

    assert rounded(stored(app, "contentStats", "updatedAt")) == rounded(GOLDEN["contentStats"])
    assert {document["updatedAt"] for document in app.analytics.contentStats.find()} == {NOW}
    assert all(document["contentId"] == document["_id"] for document in app.analytics.contentStats.find())
    assert counts == {"contents": 6, "left": 0, "later": 1, "replayed": 0, "rejected": GOLDEN["contentRejected"]}


def test_every_count_weight_and_score_of_a_creator_equals_the_one_computed_by_hand(app):
    counts = update_creator_stats(app, NOW)

    assert rounded(stored(app, "creatorStats")) == rounded(GOLDEN["creatorStats"])
    assert all(document["creatorId"] == document["_id"] for document in app.analytics.creatorStats.find())
    assert counts == {"creators": 3, "withContents": 2, "emptied": 0, "rejected": {"followerCount": 1}}


def test_an_earlier_clock_counts_the_engagements_before_it(app):
    app.app.engagements.insert_many(BACKFILL["engagements"])

    content_counts, _ = both(app, BACKFILL["clock"])

    of_contents = {
        key: [document[name] for name in (*COUNTS, "score")] for key, document in stored(app, "contentStats").items()
    }
    of_creators = {
        key: [document[name] for name in (*CREATOR_COUNTS, "score")]
        for key, document in stored(app, "creatorStats").items()
    }
    assert content_counts["replayed"] == 1
    assert rounded(of_contents) == rounded(BACKFILL["contentStats"])
    assert rounded(of_creators) == rounded(BACKFILL["creatorStats"])


def test_a_clock_after_the_newest_engagement_takes_the_counters_of_the_app(app):
    app.app.engagements.insert_many(BACKFILL["engagements"])

    counts, _ = both(app, NOW)

    assert counts["replayed"] == 0
    assert rounded(stored(app, "contentStats", "updatedAt")) == rounded(GOLDEN["contentStats"])


def test_a_withdrawn_or_foreign_act_after_the_clock_does_not_turn_the_counters_off(app):
    later = NOW + timedelta(hours=1)
    target = DBRef("content", oid("ada.short"))
    app.app.engagements.insert_many(
        [
            {"targetRef": target, "type": "like", "visibility": "deleted", "createdAt": later},
            {"targetRef": target, "type": "report", "createdAt": later},
            {"targetRef": DBRef("comment", oid("ada.short")), "type": "like", "createdAt": later},
            {"targetRef": target, "type": "like", "createdAt": later.isoformat()},
        ]
    )

    counts = update_content_stats(app, NOW)

    assert counts["replayed"] == 0


def test_the_same_event_twice_changes_no_document(app):
    both(app, NOW)
    before = [stored(app, "contentStats"), stored(app, "creatorStats")]

    both(app, NOW)

    assert [stored(app, "contentStats"), stored(app, "creatorStats")] == before


def test_going_back_and_forth_in_time_ends_with_the_same_documents(app):
    both(app, NOW)
    before = [stored(app, "contentStats"), stored(app, "creatorStats")]

    both(app, NOW - timedelta(hours=24))
    both(app, NOW)

    assert [stored(app, "contentStats"), stored(app, "creatorStats")] == before


def test_hidden_deleted_and_old_contents_leave_and_their_creator_stays_with_zeros(app):
    both(app, NOW)
    app.app.contents.update_one({"_id": oid("bob.video")}, {"$set": {"visibility": "illegal"}})
    app.app.contents.delete_one({"_id": oid("bob.other")})

    counts, creators = both(app, NOW + timedelta(hours=1))
    bob = app.analytics.creatorStats.find_one({"_id": oid("bob")})

    assert counts["left"] == 2
    assert creators["withContents"] == 1
    assert [bob[name] for name in (*CREATOR_COUNTS, "score", "summary")] == [0, 0, 0, 0, 0, 0.0, []]
    assert "updatedAt" not in bob
    assert oid("bob.video") not in stored(app, "contentStats")

    both(app, NOW + timedelta(days=60))

    assert stored(app, "contentStats") == {}
    assert set(stored(app, "creatorStats")) == {oid("ada"), oid("bob"), oid("cyd"), oid("dot")}


def test_contents_removed_between_two_runs_at_one_clock_leave(app):
    both(app, NOW)
    app.app.contents.update_many({"author.id": oid("bob")}, {"$set": {"visibility": "hidden"}})

    counts, creators = both(app, NOW)

    assert (counts["left"], creators["withContents"]) == (2, 1)
    assert stored(app, "creatorStats")[oid("bob")]["contentCount"] == 0


def test_thirty_days_to_the_millisecond(db):
    limit = NOW - timedelta(days=30)
    ages = {
        "just": limit,
        "over": limit - timedelta(milliseconds=1),
        "now": NOW,
        "next": NOW + timedelta(milliseconds=1),
    }
    db.app.contents.insert_many(
        [{"_id": oid(name), "visibility": "publish", "createdAt": moment} for name, moment in ages.items()]
    )

    update_content_stats(db, NOW)

    assert set(stored(db, "contentStats")) == {oid("just"), oid("now")}


def test_an_engagement_up_to_a_day_before_the_window_counts_for_a_content_of_its_first_hours(db):
    begin = NOW - timedelta(days=30)
    content = {"_id": oid("early"), "visibility": "publish", "createdAt": begin + timedelta(hours=1)}
    db.app.contents.insert_one(content)
    moments = [begin - timedelta(hours=25), begin - timedelta(hours=24), begin - timedelta(hours=11), NOW]
    like = {"targetRef": DBRef("content", oid("early")), "type": "like"}
    db.app.engagements.insert_many([like | {"createdAt": moment} for moment in moments])

    counts = update_content_stats(db, NOW)

    assert counts["replayed"] == 1  # because of the like at the clock itself
    assert stored(db, "contentStats")[oid("early")]["likeCount"] == 2


@pytest.mark.parametrize(
    ("count", "taken", "reasons"),
    [(10**12, 10**12, None), (10**12 + 1, 0, ["engagements.like.count"]), (10**14, 0, ["engagements.like.count"])],
)
def test_a_count_above_a_million_million_is_rejected(db, count, taken, reasons):
    content = {"_id": oid("one"), "visibility": "publish", "createdAt": NOW, "engagements": {"like": {"count": count}}}
    db.app.contents.insert_one(content)

    update_content_stats(db, NOW)

    documents = stored(db, "contentStats")[oid("one")]
    assert (documents["likeCount"], documents.get("rejected")) == (taken, reasons)


def test_an_author_without_a_user_is_a_creator_and_is_emptied_when_the_contents_leave(db):
    db.app.contents.insert_one(
        {"_id": oid("one"), "author": {"id": oid("ghost")}, "visibility": "publish", "createdAt": NOW}
    )
    both(db, NOW)
    assert stored(db, "creatorStats")[oid("ghost")]["contentCount"] == 1

    db.app.contents.delete_many({})
    _, counts = both(db, NOW + timedelta(hours=1))
    ghost = db.analytics.creatorStats.find_one({"_id": oid("ghost")})

    assert counts["emptied"] == 1
    assert (ghost["contentCount"], ghost["summary"], ghost["score"]) == (0, [], 0.0)
    assert ghost["aggregator"] == {"ageScore": 0.0, "engagementScore": 0.0, "followedScore": 0.0}


def test_weights_half_life_and_window_are_settings(app):
    weights = {"like": 1.0, "comment": 2.0, "recast": 0.5, "quote": 0.0}
    statistics = Statistics(half_life_hours=12, window_days=2, weights=weights, weight_follower=0.1)

    both(app, NOW, statistics=statistics)

    image, ada = stored(app, "contentStats")[oid("ada.image")], stored(app, "creatorStats")[oid("ada")]
    assert image["aggregator"] == {
        "ageScore": 0.0625,
        "engagementScore": 15.0,
    }  # 10 + 2·2 + 0.5·2 at 48 h = 4 half lives
    assert (ada["contentCount"], ada["aggregator"]["followedScore"]) == (2, 10.0)


def test_a_creator_has_the_geolocation_of_the_account(db):
    places = {"ada": {"countryCode": "th"}, "bob": None, "cyd": ["anything"], "dot": {"countryCode": "de"}}
    owners = {"ada.1": "ada", "ada.2": "ada", "bob.1": "bob", "cyd.1": "cyd", "dot": None}
    db.app.accounts.insert_many([{"_id": oid(name), "geolocation": place} for name, place in places.items()])
    db.app.users.insert_many([{"_id": oid(name), "ownerAccount": own and oid(own)} for name, own in owners.items()])

    update_creator_stats(db, NOW)

    documents = {key: document["geolocation"] for key, document in stored(db, "creatorStats").items()}
    assert documents == {oid(name): places.get(own) for name, own in owners.items()}


def test_secrets_of_an_account_are_never_copied(app):
    both(app, NOW)

    assert "never-copied" not in str(list(app.analytics.creatorStats.find()))


HOSTILE = {
    "author as a list": {"author": [{"id": oid("ada")}]},
    "payload as text": {"payload": "text"},
    "payload as a list": {"payload": [{"message": "a"}, {"message": "b"}]},
    "engagements as a number": {"engagements": 3},
    "engagements as a list": {"engagements": [{"like": {"count": 3}}]},
    "a count beyond belief": {"engagements": {"like": {"count": 2e12}}},
    "an endless count": {"engagements": {"like": {"count": math.inf}}},
    "a type that is a document": {"type": {"$gt": ""}},
    "a type of a megabyte": {"type": "x" * 1_000_000},
    "a message of a megabyte": {"payload": {"message": "x" * 1_000_000}},
    "a field that looks like an operator": {"payload": {"message": "$$ROOT"}, "type": "$type"},
}


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_malformed_content_is_stored_and_affects_no_other(db, document):
    good = {"_id": oid("good"), "author": {"id": oid("ada")}, "visibility": "publish", "createdAt": NOW}
    db.app.contents.insert_many([good, {**good, "_id": oid("bad"), **document}])

    both(db, NOW)

    assert set(stored(db, "contentStats")) == {oid("good"), oid("bad")}
    assert stored(db, "contentStats")[oid("bad")]["aggregator"]["engagementScore"] == 0.0
    assert oid("ada") in stored(db, "creatorStats")


def test_twenty_types_of_a_megabyte_fit_into_one_creator(db):
    for number in range(20):
        db.app.contents.insert_one(
            {
                "author": {"id": oid("ada")},
                "type": f"{number:02}" + "x" * 1_000_000,
                "visibility": "publish",
                "createdAt": NOW,
            }
        )

    counts = update_creator_stats(db, NOW)

    assert counts["withContents"] == 1
    assert stored(db, "creatorStats")[oid("ada")]["contentCount"] == 20


# An oracle in plain Python, over random documents.

AUTHORS = [oid(name) for name in ("ann", "ben", "cat")]
junk = st.one_of(
    st.none(), st.booleans(), st.text(max_size=3), st.just(math.nan), st.just(-3), st.just([1]), st.just({})
)
a_count = st.one_of(st.integers(0, 50), st.floats(0, 20), junk)
hours = st.integers(-30, 900)


@st.composite
def contents(draw, key):
    document = {"_id": oid(f"c{key}"), "visibility": draw(st.sampled_from(["publish", "publish", "publish", "hidden"]))}
    document["createdAt"] = NOW - timedelta(hours=draw(hours))
    document["author"] = {"id": draw(st.one_of(st.sampled_from(AUTHORS), junk))}
    document["type"] = draw(st.one_of(st.sampled_from(["short", "blog"]), junk))
    document["payload"] = {
        "message": draw(junk),
        "photo": {"contents": draw(st.one_of(st.lists(st.none(), max_size=3), junk))},
    }
    document["engagements"] = {name: {"count": draw(a_count)} for name in TYPES if draw(st.booleans())}
    return document


@st.composite
def apps(draw):
    documents = [draw(contents(key)) for key in range(draw(st.integers(0, 8)))]
    users = [{"_id": author, "followerCount": draw(a_count)} for author in AUTHORS if draw(st.booleans())]
    acts = [
        {
            "targetRef": DBRef("content", oid(f"c{draw(st.integers(0, 8))}")),
            "type": draw(st.sampled_from([*TYPES, "report"])),
            "createdAt": NOW - timedelta(hours=draw(st.integers(1, 700))),
            "visibility": draw(st.sampled_from(["publish", "deleted"])),
        }
        for _ in range(draw(st.integers(0, 20)))
    ]
    if draw(st.booleans()):
        acts.append({"targetRef": DBRef("content", oid("c0")), "type": "like", "createdAt": NOW})
    return {"contents": documents, "users": users, "engagements": acts}


def plain_count(value):
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e12
    return int(value) if good else 0


def plain_content(document, counts):
    photos = document["payload"]["photo"]["contents"]
    message, author = document["payload"]["message"], document["author"]["id"]
    age = 0.5 ** ((NOW - document["createdAt"]) / timedelta(hours=24))
    total = sum(counts)
    return {
        "authorId": author if isinstance(author, ObjectId) else None,
        **dict(zip(COUNTS, counts, strict=True)),
        "photoCount": len(photos) if isinstance(photos, list) else 0,
        "characterLength": len(message) if isinstance(message, str) else 0,
        "aggregator": {"ageScore": age, "engagementScore": total},
        "score": (total + 1) * age,
        "type": document["type"] if isinstance(document["type"], str) else "unknown",
    }


def is_public(content, users):
    author = content["author"]["id"]
    exists = not users or not isinstance(author, ObjectId) or author in users
    return content["visibility"] == "publish" and exists


def plain_contents(app):
    acts = [act for act in app["engagements"] if act["type"] != "report" and act.get("visibility") != "deleted"]
    replay = any(act["createdAt"] >= NOW for act in acts)
    replayed = Counter((act["targetRef"].id, act["type"]) for act in acts if act["createdAt"] < NOW)
    users = {user["_id"] for user in app["users"]}
    documents = {}
    for content in app["contents"]:
        if is_public(content, users) and timedelta(0) <= NOW - content["createdAt"] <= timedelta(days=30):
            counters = [plain_count(content["engagements"].get(name, {}).get("count")) for name in TYPES]
            counts = [replayed[content["_id"], name] for name in TYPES] if replay else counters
            documents[content["_id"]] = plain_content(content, counts)
    return documents


def plain_part(contents):
    return {
        "ageScore": max(content["aggregator"]["ageScore"] for content in contents),
        "engagementScore": sum(content["aggregator"]["engagementScore"] for content in contents),
    }


def plain_creator(own, followers):
    followed = 0.01 * followers
    if not own:
        return [0, 0, 0, 0, 0, followed, []]
    whole, summary = plain_part(own), []
    for kind in sorted({content["type"] for content in own}):
        of_kind = [content for content in own if content["type"] == kind]
        part, weight = plain_part(of_kind), len(of_kind) / len(own)
        share = (part["engagementScore"] + 1) / (whole["engagementScore"] + 1)
        score = weight * share * part["ageScore"] + followed
        summary.append(
            {"type": kind, "typeCount": len(of_kind), "aggregator": part, "typeWeight": weight, "score": score}
        )
    sums = [sum(content[name] for content in own) for name in COUNTS]
    return [len(own), *sums, whole["ageScore"] * whole["engagementScore"] / len(own) + followed, summary]


def own(contents, author):
    return [content for content in contents.values() if content["authorId"] == author]


@given(app=apps())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_pipelines_equal_plain_python(db, app):
    for name, documents in app.items():
        db.app[name].delete_many({})
        if documents:
            db.app[name].insert_many(documents)
    db.analytics.creatorStats.delete_many({})

    both(db, NOW)

    expected = plain_contents(app)
    documents = stored(db, "contentStats", "createdAt", "updatedAt", "rejected")
    without_type = {key: {k: v for k, v in document.items() if k != "type"} for key, document in expected.items()}
    assert rounded(documents) == rounded(without_type)
    followers = {user["_id"]: plain_count(user["followerCount"]) for user in app["users"]}
    creators = {document["authorId"] for document in expected.values()} - {None} | set(followers)
    named = (*CREATOR_COUNTS, "score", "summary")
    assert {
        key: rounded([document[name] for name in named]) for key, document in stored(db, "creatorStats").items()
    } == {key: rounded(plain_creator(own(expected, key), followers.get(key, 0))) for key in creators}


def test_a_clock_with_another_offset_is_the_same_time(app):
    both(app, NOW)
    before = stored(app, "contentStats")

    both(app, NOW.astimezone(datetime.now(UTC).astimezone().tzinfo))

    assert stored(app, "contentStats") == before
