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
from store.panel import suspects

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"
PART = {"HX-Request": "true"}


@pytest.fixture
def panel(db):
    with TestClient(application(db, Access(is_open=True), lambda: NOW), base_url="http://localhost") as client:
        yield client


def case(score=0.99, **fields):
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
    } | fields


def add(db, *cases):
    db.app.suspiciouscredentials.insert_many(cases)
    return [document["_id"] for document in cases]


def post(panel, address, headers=PART, **fields):
    from re import search

    token = search(r'name="csrf" value="([^"]+)"|X-CSRF-Token": "([^"]+)"', panel.get("/suspects").text)
    return panel.post(address, data=fields | {"csrf": token[1] or token[2]}, headers=headers)


def stored(db, key):
    return db.app.suspiciouscredentials.find_one({"_id": key})


def test_the_queue_contains_every_open_case_once_the_highest_score_first(db):
    malformed = [case(None), case("high"), case(0.5, verificationStatus="yes")]
    expected = add(db, *(case(score) for score in [0.9, 0.95, 0.95, 0.95, 0.99]), *malformed)
    add(db, case(0.97, verificationStatus=True, verifiedAt=NOW), case(0.98, verificationStatus=False, verifiedAt=NOW))

    seen = []
    for _ in range(6):
        seen += suspects.queue(db, seen[-1]["_id"] if seen else None, 2)

    scores = [document["score"] for document in seen if isinstance(document["score"], float)]
    assert sorted(document["_id"] for document in seen) == sorted(expected)
    assert scores[:5] == [0.99, 0.95, 0.95, 0.95, 0.9]
    assert suspects.sizes(db) == {"waiting": 8, "decided": 2}


def test_a_page_of_the_queue_examines_one_page_of_documents(db):
    add(db, *(case(place / 1000) for place in range(500)))
    db.analytics.client.admin.command("ping")
    db.app.command("profile", 2)

    suspects.queue(db, db.app.suspiciouscredentials.find_one({"score": 0.3})["_id"], 25)

    db.app.command("profile", 0)
    (read,) = db.app["system.profile"].find({"command.filter.verificationStatus": {"$exists": True}})
    assert read["docsExamined"] <= 26
    assert "SORT" not in read["planSummary"]


def test_a_verdict_is_written_with_its_time_and_logged(db, panel):
    (key,) = add(db, case())

    answer = post(panel, f"/suspects/{key}/verdict", verdict="bot")

    assert answer.status_code == 200
    assert "a bot" in answer.text
    assert {name: stored(db, key)[name] for name in ("verificationStatus", "verifiedAt", "status")} == {
        "verificationStatus": True, "verifiedAt": NOW, "status": "open"
    }  # fmt: skip
    (entry,) = db.analytics.audit.find()
    assert (entry["what"], entry["subject"], entry["before"], entry["after"]) == ("verdict", str(key), None, True)


def test_a_second_verdict_does_not_overwrite_the_first(db, panel):
    (key,) = add(db, case(verificationStatus=False, verifiedAt=NOW - timedelta(minutes=1)))

    answer = post(panel, f"/suspects/{key}/verdict", verdict="bot")

    assert "Another moderator decided" in answer.text
    assert stored(db, key)["verificationStatus"] is False
    assert db.analytics.audit.count_documents({}) == 0


@pytest.mark.parametrize("copied", [False, True])
def test_undo_removes_the_verdict_also_from_the_training_data(db, panel, copied):
    (key,) = add(db, case())
    features = {"seenCredential": key, "lastSeenAt": NOW - timedelta(hours=3), "count": 50}
    db.analytics.credentialfeatures.insert_one(features)
    post(panel, f"/suspects/{key}/verdict", verdict="bot")
    if copied:
        copy_verdicts(db, NOW)
    learned = db.analytics.credentialfeatures.find_one().get("verificationStatus")

    post(panel, f"/suspects/{key}/undo", verified=NOW.isoformat())

    assert learned is (True if copied else None)
    assert "verificationStatus" not in stored(db, key)
    assert "copied" not in stored(db, key)
    assert stored(db, key)["status"] == "open"
    assert "verificationStatus" not in db.analytics.credentialfeatures.find_one()
    assert [entry["after"] for entry in db.analytics.audit.find()] == [True, None]


def test_an_earlier_verdict_is_restored_when_the_later_one_is_undone(db):
    earlier = NOW - timedelta(days=60)
    (key,) = add(db, case(status="closed", verificationStatus=False, verifiedAt=earlier))
    seen = {"seenCredential": key, "verificationStatus": False, "verifiedAt": earlier}
    db.analytics.credentialfeatures.insert_one(seen | {"lastSeenAt": earlier - timedelta(days=1)})
    fraud_cases.reopen_case(
        db, stored(db, key), {name: value for name, value in case(0.999).items() if name[0] not in "_s"}
    )
    suspects.decide(db, key, True, NOW)
    copy_verdicts(db, NOW)

    suspects.withdraw(db, key, NOW)

    features = db.analytics.credentialfeatures.find_one()
    assert (features["verificationStatus"], features["verifiedAt"]) == (False, earlier)
    assert stored(db, key)["earlier"][0]["verificationStatus"] is False


def test_undo_does_nothing_when_the_verdict_was_changed_in_the_meantime(db, panel):
    (key,) = add(db, case(verificationStatus=True, verifiedAt=NOW))

    answer = post(panel, f"/suspects/{key}/undo", verified=(NOW - timedelta(hours=1)).isoformat())

    assert "Nothing was undone" in answer.text
    assert stored(db, key)["verificationStatus"] is True


def test_undo_is_refused_while_verdicts_are_copied(db, panel):
    (key,) = add(db, case(verificationStatus=True, verifiedAt=NOW))

    with hold(db, suspects.UPDATER, seconds=0.5):
        answer = post(panel, f"/suspects/{key}/undo", verified=NOW.isoformat())

    assert answer.status_code == 409
    assert stored(db, key)["verificationStatus"] is True


def test_without_javascript_a_verdict_redirects_to_the_case(db, panel):
    first, second = add(db, case(0.99), case(0.98))

    answer = post(panel, f"/suspects/{first}/verdict", headers={}, verdict="person")

    assert answer.url.path == f"/suspects/{first}"
    assert "not a bot" in answer.text
    assert f"/suspects/{second}" in answer.text


def test_scripts_in_reasons_and_names_are_escaped(db, panel):
    account = ObjectId()
    (key,) = add(db, case(reasons=[SCRIPT, {"$gt": SCRIPT}], source=SCRIPT))
    db.app.credentials.insert_one({"_id": key, "account": account})
    db.app.accounts.insert_one({"_id": account, "geolocation": {"countryCode": SCRIPT}})
    db.app.users.insert_one({"ownerAccount": account, "displayName": SCRIPT, "displayId": SCRIPT})

    pages = [panel.get(f"/suspects/{key}").text, panel.get("/suspects").text]

    assert all(SCRIPT not in page and ESCAPED in page for page in pages)


def test_a_case_compares_the_reading_times_of_its_device_with_everybody(db, panel):
    (key,) = add(db, case())
    readings = [(key, 1.5)] * 40 + [(ObjectId(), 9.0 + step) for step in range(40)]
    seen = [NOW - timedelta(days=1, seconds=60 * place) for place in range(len(readings))]
    db.app.feeditems.insert_many(
        {
            "seenCredential": credential,
            "seenAt": at,
            "offScreenAt": at + timedelta(seconds=seconds),
            "content": ObjectId(),
        }
        for (credential, seconds), at in zip(readings, seen, strict=True)
    )

    text = panel.get(f"/suspects/{key}", headers=PART).text

    assert "last 40 readings" in text
    assert "1–2 s: 100 %" in text
    assert "<html" not in text


def test_precision_separates_cases_by_score_from_the_audit_sample():
    counts = [
        {"band": 0.99, "source": "score", "audit": False, "cases": 8, "bots": 6},
        {"band": 0.99, "source": "score", "audit": True, "cases": 2, "bots": 2},
        {"band": 0.0, "source": "audit", "audit": True, "cases": 10, "bots": 1},
    ]

    (band,), audit = views.bands(counts, suspects.BANDS), views.audit_sample(counts)

    assert (band["cases"], band["bots"], band["low"], band["high"]) == (10, 8, 0.99, 0.995)
    assert band["interval"][0] < 0.8 < band["interval"][1]
    assert (audit["all"]["share"], audit["caught"]["share"], audit["under"]["share"]) == (3 / 12, 2 / 3, 1 / 10)


def test_verdicts_are_counted_by_score_including_those_before_a_case_was_reopened(db, panel):
    past = [{"score": 0.97, "source": "score", "audit": False, "verificationStatus": False, "verifiedAt": NOW}]
    add(db, case(0.9999, verificationStatus=True, verifiedAt=NOW, earlier=past), case(0.2, source="audit", audit=True))

    counts = sorted(suspects.verdict_counts(db), key=lambda row: row["band"])

    assert [(row["band"], row["cases"], row["bots"]) for row in counts] == [(0.95, 1, 0), (0.999, 1, 1)]
    assert "0.999 to 1.0" in panel.get("/suspects/quality").text


def test_malformed_verdicts_of_the_app_are_listed_and_counted(db, panel):
    key = ObjectId()
    add(db, {"_id": key, "verificationStatus": True, "score": "high", "reasons": "none", "verifiedAt": "soon"})

    assert f"case-{key}" in panel.get("/suspects/decided").text
    assert panel.get("/suspects/quality").status_code == panel.get(f"/suspects/{key}").status_code == 200


@pytest.mark.parametrize("address", ["", "/decided", "/quality", "?after=" + "0" * 24])
def test_empty_pages_show_a_message(panel, address):
    answer = panel.get(f"/suspects{address}")

    assert answer.status_code == 200
    assert 'class="empty"' in answer.text


def test_a_viewer_sees_precision_but_no_cases(db):
    access = Access(parse_tokens("vera:viewer:abcdefghijklmnopqrstuvwx"))
    with TestClient(application(db, access, lambda: NOW), base_url="https://panel.example") as client:
        client.post("/sign-in", data={"token": "abcdefghijklmnopqrstuvwx"} | token_of(client))

        answers = [client.get(f"/suspects{path}").status_code for path in ("/quality", "", f"/{ObjectId()}")]

    assert answers == [200, 403, 403]


def token_of(client):
    from re import search

    return {"csrf": search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)[1]}


@pytest.mark.parametrize(("address", "status"), [("/suspects/xyz", 400), ("/suspects/" + "0" * 24, 404)])
def test_an_unknown_case_is_refused(panel, address, status):
    assert panel.get(address).status_code == status
