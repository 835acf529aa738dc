"""feedpulse experiment: versions with their times, and a report of the members of each variant."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from bson import DBRef, ObjectId

from ops.cli import execute
from ops.commands.experiment import reported
from predictors.personal.assignment import assign_variant
from store.outputs import experiments
from store.schema import collection

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
HALVES = [{"name": "a", "share": 0.5, "personal": True}, {"name": "b", "share": 0.5, "personal": False}]


def ids(count, first=1):
    return [ObjectId(f"{number:024x}") for number in range(first, first + count)]


def variant_of(account, version=1):
    return assign_variant(str(account), "ranking", version, HALVES)["name"]


def call(capsys, *arguments):
    status = execute(["experiment", *arguments])
    captured = capsys.readouterr()
    return status, json.loads(captured.out) if status == 0 and "--json" in arguments else captured.err


def live(db, members, posts=10, engage=lambda account: 3):
    """Each member is shown the posts at noon and engages with some; a guest and a bot do too."""
    contents = ids(posts, 5_000)
    db.app.accounts.insert_many([{"_id": member, "isGuest": False} for member in members])
    shown = [{"viewer": who, "content": what, "seenAt": NOON} for who in members for what in contents]
    liked = [like(who, what, NOON) for who in members for what in contents[: engage(who)]]
    db.app.feeditems.insert_many(shown)
    db.app.engagements.insert_many(liked)


def like(account, content, at, **more):
    return {"account": account, "targetRef": DBRef("content", content), "type": "like", "createdAt": at, **more}


@pytest.fixture
def halved(db):
    experiments.publish(db, "ranking", HALVES, NOON - timedelta(days=1))
    return db


def report(db, **more):
    return reported(db, NOON - timedelta(days=9), NOON + timedelta(days=9), **more)


def test_a_version_is_published_once_and_stays_among_the_past_ones(db, capsys):
    first = ["publish", "a=0.25", "b=0.75:guest", "--time", "2026-01-01T00:00:00Z", "--json"]

    assert call(capsys, *first)[1]["version"] == 1
    assert call(capsys, *first)[1]["version"] == 1
    assert (
        call(capsys, "publish", "a=0.5", "c=0.5", "--replace", "--time", "2026-01-02T00:00:00Z", "--json")[1]["version"]
        == 2
    )
    assert call(capsys, "end", "--time", "2026-01-03T00:00:00Z")[0] == 0
    assert call(capsys, "end")[0] == 1

    one, two = experiments.versions(db, "ranking")
    assert (one.ended_at, two.published_at, two.ended_at) == (two.published_at, *days(2, 3))
    assert one.variants[1] == {"name": "b", "share": 0.75, "personal": False}


def test_a_published_version_is_not_replaced_unasked(db, capsys):
    call(capsys, "publish", "a=0.5", "b=0.5", "--time", "2026-01-01T00:00:00Z")

    status, message = call(capsys, "publish", "a=0.9", "b=0.1", "--time", "2026-01-02T00:00:00Z")

    assert status == 2
    assert "version 1 is published: end it first, or add --replace" in message
    assert [version.version for version in experiments.versions(db, "ranking")] == [1]


def days(*numbers):
    return tuple(datetime(2026, 1, number, tzinfo=UTC) for number in numbers)


def test_a_version_that_follows_an_ended_one_has_the_next_number(halved):
    experiments.end(halved, "ranking", NOON)

    assert experiments.publish(halved, "ranking", HALVES, NOON + timedelta(days=1)) == 2


def test_a_clock_before_the_published_version_is_refused(halved):
    with pytest.raises(ValueError, match="before version 1"):
        experiments.end(halved, "ranking", NOON - timedelta(days=2))


@pytest.mark.parametrize(
    "words", ["a=0.5", "a=1 a=1", "a=0 b=1", "a=x b=1", "a b=1", "a=inf b=1", "a=nan b=1", "a=0.5 b=0.4"]
)
def test_variants_that_are_none_are_refused_in_one_line(db, capsys, words):
    status, message = call(capsys, "publish", *words.split())

    assert status == 2
    assert message.startswith("feedpulse: variants: ")
    assert db.analytics.configurations.count_documents({}) == 0


def test_the_report_counts_each_variants_members_exposures_and_engagements(halved):
    members = ids(300)
    live(halved, members, engage=lambda account: 2 if variant_of(account) == "a" else 5)

    document = report(halved)

    size = sum(variant_of(member) == "a" for member in members)
    counts = {"share": 0.5, "members": size, "exposures": 10 * size, "engagements": 2 * size}
    assert {name: document["variants"]["a"][name] for name in counts} == counts
    assert document["variants"]["b"]["perMember"] == {"rate": 5.0, "ci": [5.0, 5.0]}
    assert document["differences"]["b - a"]["perExposure"]["difference"] == pytest.approx(0.3)
    assert not document["sampleRatio"]["mismatch"]
    assert json.loads(json.dumps(document, default=str))


def test_only_the_time_in_which_the_version_was_published_counts(halved):
    live(halved, ids(20))
    experiments.publish(halved, "ranking", [*HALVES, {"name": "c", "share": 1.0}], NOON + timedelta(hours=1))

    one, two = report(halved, number=1), report(halved)

    assert one["until"] == two["since"] == NOON + timedelta(hours=1)
    assert sum(figures["members"] for figures in one["variants"].values()) == 20
    assert sum(figures["members"] for figures in two["variants"].values()) == 0


def test_guests_bots_reports_and_deleted_engagements_do_not_count(halved):
    member, guest, bot, credential = ids(4)
    live(halved, [member, bot])
    halved.app.accounts.insert_one({"_id": guest, "isGuest": True})
    halved.app.feeditems.insert_one({"viewer": guest, "content": ids(1)[0], "seenAt": NOON})
    halved.app.credentials.insert_one({"_id": credential, "account": bot})
    judged = {"seenCredential": credential, "lastSeenAt": NOON, "likelyBot": True}
    halved.analytics.credentialfeatures.insert_one(judged)
    other = ids(1, 9_000)[0]
    halved.app.engagements.insert_many(
        [like(member, other, NOON, type="report"), like(member, other, NOON, visibility="deleted")]
    )

    variants = report(halved)["variants"]

    assert sum(figures["members"] for figures in variants.values()) == 1
    assert sum(figures["engagements"] for figures in variants.values()) == 3


def test_an_older_engagement_that_names_only_the_user_counts_for_its_account(halved):
    member, user, content = ids(3)
    halved.app.accounts.insert_one({"_id": member, "isGuest": False})
    halved.app.users.insert_one({"_id": user, "ownerAccount": member})
    halved.app.engagements.insert_one(like(None, content, NOON, user=user))

    figures = report(halved)["variants"][variant_of(member)]

    assert (figures["members"], figures["engagements"], figures["perExposure"]) == (1, 1, None)


def test_a_period_without_an_experiment_is_refused_by_name(halved, capsys):
    status, message = call(capsys, "report", "--since", "2025-01-01", "--until", "2025-02-01")

    assert status == 2
    assert "no experiment was published between 2025-01-01" in message


def test_the_report_is_a_table_for_people(halved, capsys):
    live(halved, ids(40))

    status = execute(["experiment", "report", "--since", "2026-01-01", "--until", "2026-01-20", "--explored"])

    output = capsys.readouterr().out
    assert status == 0
    assert "shares are as published" in output
    assert "none was seen" in output


def test_the_rate_of_what_could_be_explored_weighs_each_draw_by_how_seldom_it_is(halved):
    members, contents = ids(60), ids(60, 7_000)
    halved.app.accounts.insert_many([{"_id": member, "isGuest": False} for member in members])
    for number, (who, what) in enumerate(zip(members, contents, strict=True)):
        drawn = experiments.Exploration(what, 4, 0.1 if number < 20 else 0.5)
        experiments.record_explorations(halved, who, NOON, [drawn])
        experiments.record_explorations(halved, who, NOON, [drawn])
        if number < 50:
            halved.app.feeditems.insert_one({"viewer": who, "content": what, "seenAt": NOON + timedelta(minutes=1)})
        if number < 20:
            halved.app.engagements.insert_one(like(who, what, NOON + timedelta(minutes=2)))

    explored = report(halved, explored=True)["explored"]

    assert (explored["drawn"], explored["seen"], explored["engaged"]) == (60, 50, 20)
    assert explored["rate"]["rate"] == pytest.approx(200 / (200 + 60))


def test_explorations_leave_after_ninety_days_by_the_servers_clock(db):
    experiments.record_explorations(db, ids(1)[0], NOON, [experiments.Exploration(ids(1)[0], 4, 0.5)])

    expiring = collection(db, "explorations").index_information()["storedAt_1"]
    stored = collection(db, "explorations").find_one()

    assert expiring["expireAfterSeconds"] == 90 * 86_400
    assert stored["storedAt"] > NOON
    assert np.isclose(stored["propensity"], 0.5)
