from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from starlette.testclient import TestClient

from fraud.jobs.verdicts import copy_verdicts
from panel.app import application
from panel.auth import Access, parse_tokens
from panel.views import suspects as views
from store.leases import hold
from store.outputs import fraud_cases
from store.panel import suspects as panel_suspects

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"
PART = {"HX-Request": "true"}


@pytest.fixture
def panel(db):
    with TestClient(application(db, Access(is_open=True), lambda: NOW), base_url="http://localhost") as client:
        yield client


def case(score=0.99, **more):
    key = ObjectId()
    return {
        "_id": key,
        "seenCredential": key,
        "score": score,
        "reasons": ["reads like a clock"],
        "source": "score",
        "audit": False,
        "status": "open",
        "createdAt": NOW - timedelta(hours=2),
        "firstSeenAt": NOW - timedelta(days=5),
        "lastSeenAt": NOW - timedelta(hours=3),
    } | more


def add(db, *cases):
    db.app.suspiciouscredentials.insert_many(cases)
    return [each["_id"] for each in cases]


def post(panel, address, headers=PART, **fields):
    from re import search

    token = search(r'name="csrf" value="([^"]+)"|X-CSRF-Token": "([^"]+)"', panel.get("/suspects").text)
    return panel.post(address, data=fields | {"csrf": token[1] or token[2]}, headers=headers)


def kept(db, key):
    return db.app.suspiciouscredentials.find_one({"_id": key})


def test_the_queue_pages_through_every_waiting_case_once_the_highest_score_first(db):
    odd = [case(None), case("high"), case(0.5, verificationStatus="yes")]
    expected = add(db, *(case(score) for score in [0.9, 0.95, 0.95, 0.95, 0.99]), *odd)
    add(db, case(0.97, verificationStatus=True, verifiedAt=NOW), case(0.98, verificationStatus=False, verifiedAt=NOW))

    seen = []
    for _ in range(6):
        seen += panel_suspects.queue(db, seen[-1]["_id"] if seen else None, 2)

    scores = [each["score"] for each in seen if isinstance(each["score"], float)]
    assert sorted(each["_id"] for each in seen) == sorted(expected)
    assert scores[:5] == [0.99, 0.95, 0.95, 0.95, 0.9]
    assert panel_suspects.sizes(db) == {"waiting": 8, "decided": 2}


def test_a_page_of_the_queue_reads_a_page_of_the_index(db):
    add(db, *(case(place / 1000) for place in range(500)))
    db.analytics.client.admin.command("ping")
    db.app.command("profile", 2)

    panel_suspects.queue(db, db.app.suspiciouscredentials.find_one({"score": 0.3})["_id"], 25)

    db.app.command("profile", 0)
    (read,) = db.app["system.profile"].find({"command.filter.verificationStatus": {"$exists": True}})
    assert read["docsExamined"] <= 26
    assert "SORT" not in read["planSummary"]


def test_calling_a_case_a_bot_writes_the_verdict_its_time_and_the_audit(db, panel):
    (key,) = add(db, case())

    answer = post(panel, f"/suspects/{key}/verdict", verdict="bot")

    assert answer.status_code == 200
    assert "a bot" in answer.text
    assert {name: kept(db, key)[name] for name in ("verificationStatus", "verifiedAt", "status")} == {
        "verificationStatus": True, "verifiedAt": NOW, "status": "open"
    }  # fmt: skip
    (entry,) = db.analytics.audit.find()
    assert (entry["what"], entry["subject"], entry["before"], entry["after"]) == ("verdict", str(key), None, True)


def test_a_second_verdict_does_not_go_over_the_first(db, panel):
    (key,) = add(db, case(verificationStatus=False, verifiedAt=NOW - timedelta(minutes=1)))

    answer = post(panel, f"/suspects/{key}/verdict", verdict="bot")

    assert "Somebody else decided" in answer.text
    assert kept(db, key)["verificationStatus"] is False
    assert db.analytics.audit.count_documents({}) == 0


@pytest.mark.parametrize("copied", [False, True])
def test_undo_takes_the_verdict_back_also_from_what_has_learned_it(db, panel, copied):
    (key,) = add(db, case())
    features = {"seenCredential": key, "lastSeenAt": NOW - timedelta(hours=3), "count": 50}
    db.analytics.credentialfeatures.insert_one(features)
    post(panel, f"/suspects/{key}/verdict", verdict="bot")
    if copied:
        copy_verdicts(db, NOW)
    learned = db.analytics.credentialfeatures.find_one().get("verificationStatus")

    post(panel, f"/suspects/{key}/undo", verified=NOW.isoformat())

    assert learned is (True if copied else None)
    assert "verificationStatus" not in kept(db, key)
    assert "copied" not in kept(db, key)
    assert kept(db, key)["status"] == "open"
    assert "verificationStatus" not in db.analytics.credentialfeatures.find_one()
    assert [each["after"] for each in db.analytics.audit.find()] == [True, None]


def test_an_earlier_verdict_stands_again_after_the_later_one_is_taken_back(db):
    earlier = NOW - timedelta(days=60)
    (key,) = add(db, case(status="closed", verificationStatus=False, verifiedAt=earlier))
    seen = {"seenCredential": key, "verificationStatus": False, "verifiedAt": earlier}
    db.analytics.credentialfeatures.insert_one(seen | {"lastSeenAt": earlier - timedelta(days=1)})
    fraud_cases.reopen_case(
        db, kept(db, key), {name: value for name, value in case(0.999).items() if name[0] not in "_s"}
    )
    panel_suspects.decide(db, key, True, NOW)
    copy_verdicts(db, NOW)

    panel_suspects.withdraw(db, key, NOW)

    found = db.analytics.credentialfeatures.find_one()
    assert (found["verificationStatus"], found["verifiedAt"]) == (False, earlier)
    assert kept(db, key)["earlier"][0]["verificationStatus"] is False


def test_undo_of_a_verdict_that_was_changed_meanwhile_takes_nothing_back(db, panel):
    (key,) = add(db, case(verificationStatus=True, verifiedAt=NOW))

    answer = post(panel, f"/suspects/{key}/undo", verified=(NOW - timedelta(hours=1)).isoformat())

    assert "nothing was taken back" in answer.text
    assert kept(db, key)["verificationStatus"] is True


def test_undo_while_verdicts_are_copied_asks_to_try_again(db, panel):
    (key,) = add(db, case(verificationStatus=True, verifiedAt=NOW))

    with hold(db, panel_suspects.UPDATER, seconds=0.5):
        answer = post(panel, f"/suspects/{key}/undo", verified=NOW.isoformat())

    assert answer.status_code == 409
    assert kept(db, key)["verificationStatus"] is True


def test_without_scripts_a_verdict_leads_back_to_the_case(db, panel):
    first, second = add(db, case(0.99), case(0.98))

    answer = post(panel, f"/suspects/{first}/verdict", headers={}, verdict="person")

    assert answer.url.path == f"/suspects/{first}"
    assert "not a bot" in answer.text
    assert f"/suspects/{second}" in answer.text


def test_scripts_in_reasons_and_names_come_out_as_text(db, panel):
    account = ObjectId()
    (key,) = add(db, case(reasons=[SCRIPT, {"$gt": SCRIPT}], source=SCRIPT))
    db.app.credentials.insert_one({"_id": key, "account": account})
    db.app.accounts.insert_one({"_id": account, "geolocation": {"countryCode": SCRIPT}})
    db.app.users.insert_one({"ownerAccount": account, "displayName": SCRIPT, "displayId": SCRIPT})

    pages = [panel.get(f"/suspects/{key}").text, panel.get("/suspects").text]

    assert all(SCRIPT not in each and ESCAPED in each for each in pages)


def test_a_case_shows_how_its_device_reads_beside_everybody(db, panel):
    (key,) = add(db, case())
    steps = range(40)
    readings = [(key, 1.5)] * 40 + [(ObjectId(), 9.0 + each) for each in steps]
    seen = [NOW - timedelta(days=1, seconds=60 * place) for place in range(len(readings))]
    db.app.feeditems.insert_many(
        {"seenCredential": who, "seenAt": at, "offScreenAt": at + timedelta(seconds=long), "content": ObjectId()}
        for (who, long), at in zip(readings, seen, strict=True)
    )

    text = panel.get(f"/suspects/{key}", headers=PART).text

    assert "last 40 readings" in text
    assert "1–2 s: 100 %" in text
    assert "<html" not in text


def test_the_figures_tell_scores_and_lot_apart():
    counts = [
        {"band": 0.99, "source": "score", "audit": False, "cases": 8, "bots": 6},
        {"band": 0.99, "source": "score", "audit": True, "cases": 2, "bots": 2},
        {"band": 0.0, "source": "audit", "audit": True, "cases": 10, "bots": 1},
    ]

    (band,), lot = views.bands(counts, panel_suspects.BANDS), views.lot(counts)

    assert (band["cases"], band["bots"], band["low"], band["high"]) == (10, 8, 0.99, 0.995)
    assert band["interval"][0] < 0.8 < band["interval"][1]
    assert (lot["all"]["share"], lot["found"]["share"], lot["passed"]["share"]) == (3 / 12, 2 / 3, 1 / 10)


def test_past_verdicts_are_counted_by_score_with_those_of_earlier_openings(db, panel):
    past = [{"score": 0.97, "source": "score", "audit": False, "verificationStatus": False, "verifiedAt": NOW}]
    add(db, case(0.9999, verificationStatus=True, verifiedAt=NOW, earlier=past), case(0.2, source="audit", audit=True))

    counts = sorted(panel_suspects.verdict_counts(db), key=lambda each: each["band"])

    assert [(each["band"], each["cases"], each["bots"]) for each in counts] == [(0.95, 1, 0), (0.999, 1, 1)]
    assert "0.999 to 1.0" in panel.get("/suspects/quality").text


def test_verdicts_that_the_app_wrote_without_date_or_cause_are_listed_and_counted(db, panel):
    key = ObjectId()
    add(db, {"_id": key, "verificationStatus": True, "score": "high", "reasons": "none", "verifiedAt": "soon"})

    assert f"case-{key}" in panel.get("/suspects/decided").text
    assert panel.get("/suspects/quality").status_code == panel.get(f"/suspects/{key}").status_code == 200


@pytest.mark.parametrize("address", ["", "/decided", "/quality", "?after=" + "0" * 24])
def test_empty_pages_say_so(panel, address):
    answer = panel.get(f"/suspects{address}")

    assert answer.status_code == 200
    assert 'class="empty"' in answer.text


def test_a_viewer_sees_the_figures_and_no_person(db):
    access = Access(parse_tokens("vera:viewer:abcdefghijklmnopqrstuvwx"))
    with TestClient(application(db, access, lambda: NOW), base_url="https://panel.example") as client:
        client.post("/sign-in", data={"token": "abcdefghijklmnopqrstuvwx"} | token_of(client))

        answers = [client.get(f"/suspects{each}").status_code for each in ("/quality", "", f"/{ObjectId()}")]

    assert answers == [200, 403, 403]


def token_of(client):
    from re import search

    return {"csrf": search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)[1]}


@pytest.mark.parametrize(("address", "status"), [("/suspects/xyz", 400), ("/suspects/" + "0" * 24, 404)])
def test_a_case_that_is_none_is_refused_in_words(panel, address, status):
    assert panel.get(address).status_code == status
