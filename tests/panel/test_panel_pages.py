"""The pages Now, Models, Settings, Actions and Moods of a small community, and what their buttons change."""

import re
import time
from datetime import timedelta

import pytest

from ops import dumps
from panel.views import moods as mood_views
from store import settings
from store.ids import ObjectId
from store.outputs import actions, categories, models
from tests.panel.state import HOSTILE, MOODS, NOW, client, csrf, live, panel_databases, write_mood

PAGES = (
    "/",
    "/models",
    "/settings",
    "/actions",
    "/moods",
    "/functions/contentStats",
    "/feeds",
    "/suspects",
    "/influence",
)


@pytest.fixture(scope="module")
def community(uri):
    with panel_databases(uri) as db:
        live(db)
        yield db


@pytest.fixture
def browser(community):
    with client(community) as browser:
        yield browser


def words(html):
    """Returns the text of a page without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def send(browser, address, page="/", **fields):
    """Sends a form of a page. Returns the page that follows."""
    token = csrf(browser.get(page).text)
    answer = browser.post(address, data={"csrf": token} | fields)
    return browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def last_entry(db):
    return db.analytics.audit.find_one(sort=[("_id", -1)])


@pytest.mark.parametrize("path", PAGES)
def test_every_page_escapes_hostile_texts(browser, path):
    answer = browser.get(path)

    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text


def test_hostile_texts_are_shown_unchanged(browser, community):
    community.analytics.runs.insert_one(
        {"function": "hashtagStats", "time": NOW, "startedAt": NOW, "status": "failed", "error": HOSTILE}
    )

    page = browser.get("/").text

    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert "{{7*7}}" in page


def test_the_first_page_takes_less_than_200_ms(browser):
    browser.get("/")
    taken = [1.0]
    while min(taken) >= 0.2 and len(taken) < 60:  # other processes may use the machine
        started = time.perf_counter()
        browser.get("/")
        taken.append(time.perf_counter() - started)

    assert min(taken) < 0.2


def test_now_shows_the_state_of_each_function(browser, community):
    text = words(browser.get("/").text)

    posts = community.analytics.runs.find_one({"function": "contentStats"})["counts"]["contents"]
    assert "contentStats counts and scores posts OK 0 s ago" in text
    assert f"{posts:,} contents" in text
    assert "creatorStats" in text
    assert "251 countries with a guest feed" in text


def test_now_shows_late_functions_and_rejected_documents(community):
    with client(community, clock=lambda: NOW + timedelta(hours=5)) as later:
        text = words(later.get("/").text)

    assert "late by 4 h" in text
    reasons = community.analytics.runs.find_one({"function": "coldstartPredictor"})["counts"]["rejected"]
    assert all(reason in text for reason in reasons)


def test_rejected_lines_of_a_load_are_counted_by_reason(community, tmp_path):
    (tmp_path / "rejected").mkdir()
    lines = ['{"line": 1, "reason": "not extended JSON: x", "document": "secret@example.org"}\n'] * 3 + ["{broken"]
    (tmp_path / "rejected" / "contents.jsonl").write_text("".join(lines))

    with client(community, rejected_lines=lambda: dumps.rejected_counts(tmp_path / "rejected")) as browser:
        page = browser.get("/").text

    assert "contents: not extended JSON feedpulse load 3" in words(page)
    assert "contents: unreadable entry feedpulse load 1" in words(page)
    assert "secret@example.org" not in page


def test_run_now_starts_the_function_in_the_background_and_is_logged(community):
    started = []
    with client(community, start=lambda *call: started.append(call)) as browser:
        page = send(browser, "/functions/contentStats/run")

    assert started == [("contentStats", {"time": NOW.isoformat()})]
    assert "contentStats was started" in page.text
    assert (last_entry(community)["what"], last_entry(community)["subject"]) == ("run", "contentStats")


def test_the_background_thread_runs_the_real_handler(community, browser):
    before = community.analytics.runs.count_documents({"function": "creatorStats", "status": "done"})

    send(browser, "/functions/creatorStats/run")

    until = time.monotonic() + 20
    while community.analytics.runs.count_documents({"function": "creatorStats", "status": "done"}) == before:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_an_unknown_function_is_not_run(browser):
    assert send(browser, "/functions/rm-rf/run").status_code == 404


def test_models_shows_the_figures_of_the_evaluation(browser, community):
    text = words(browser.get("/models").text)

    assert "0.586 NDCG@10 for members" in text
    assert "0.438 0.388 to 0.488" in text
    assert "86 requests evaluated" in text
    assert "1 columns drifted" in text
    assert "Global guest" in text


def test_a_rollback_needs_confirmation_and_restores_the_previous_version(browser, community):
    query = {"account": "global", "model": "guest"}
    before = community.analytics.mlArtifacts_global.find_one(query)

    question = browser.get("/models/global/rollback")
    unchanged = community.analytics.mlArtifacts_global.find_one(query)
    done = send(browser, "/models/global/rollback", page="/models/global/rollback")
    after = community.analytics.mlArtifacts_global.find_one(query)

    assert "Roll back Global?" in words(question.text)
    assert unchanged["version"] == before["version"] == 2
    assert after["version"] == 1
    assert "rolled back to the previous version" in done.text
    assert last_entry(community)["before"] == {"guest": 2}
    models.roll_back(community, "mlArtifacts_global", {"account": "global"})


def test_models_that_are_refused_say_why_and_what_to_do(browser, community):
    levels = community.analytics.mlArtifacts_global
    before = levels.find_one({"account": "global"})
    levels.update_one({"account": "global"}, {"$unset": {"fingerprint": ""}})

    page = words(browser.get("/models").text)
    confirmation = browser.get("/models/global/rollback")

    levels.replace_one({"account": "global"}, before)
    assert "refused: trained on columns of fingerprint unknown" in page
    assert "train again: feedpulse run daily" in page
    assert confirmation.status_code == 200


def test_a_rollback_without_a_previous_version_is_refused(browser):
    assert browser.get("/models/nowhere/rollback").status_code == 404
    assert send(browser, "/models/nowhere/rollback", page="/models").status_code == 400


FORM = {
    "false_positive_rate": "2",
    "cooldown_days": "10",
    "audit_share": "0.5",
    "feed_length": "20",
    "discount_bots": "true",
}


def test_a_saved_threshold_takes_effect_and_is_logged(browser, community):
    page = send(browser, "/settings", page="/settings", **FORM)

    assert settings.thresholds(community) == settings.Thresholds(0.02, 10.0, 0.005, 20, True)
    assert "Saved" in page.text
    entries = {entry["subject"]: entry for entry in community.analytics.audit.find({"what": "setting"})}
    assert (entries["false_positive_rate"]["before"], entries["false_positive_rate"]["after"]) == (0.01, 0.02)
    assert "false_positive_rate" in words(page.text)


@pytest.mark.parametrize(
    "change",
    [
        {"feed_length": "a lot"},
        {"feed_length": "20.5"},
        {"audit_share": "200"},
        {"false_positive_rate": "nan"},
        {"cooldown_days": ""},
    ],
)
def test_an_invalid_threshold_is_reported_and_not_saved(browser, community, change):
    before = settings.thresholds(community)

    page = send(browser, "/settings", page="/settings", **(FORM | change))

    assert page.status_code == 400
    assert "Nothing was saved" in page.text
    assert settings.thresholds(community) == before


def test_switching_a_function_is_logged(browser, community):
    send(browser, "/settings/functions/hashtagStats", page="/settings", on="no")
    off = settings.switched_off(community)
    send(browser, "/settings/functions/hashtagStats", page="/settings", on="yes")

    assert off == {"hashtagStats"}
    assert settings.switched_off(community) == set()
    assert (last_entry(community)["what"], last_entry(community)["after"]) == ("switch", "on")


def test_actions_shows_planned_actions_and_remaining_requests(browser, community):
    text = words(browser.get("/actions").text)

    planned = community.analytics.actions.count_documents({"state": "planned"})
    assert planned > 0
    assert f"{planned} planned" in text
    assert f"{10 - planned} of 10 requests left" in text


def test_an_operator_undoes_a_planned_action(browser, community):
    action = community.analytics.actions.find_one({"state": "planned"})

    send(browser, "/actions/undo", page="/actions", key=action["_id"])

    assert actions.find(community, action["_id"])["state"] == "undone"
    assert (last_entry(community)["what"], last_entry(community)["before"]) == ("undo", "planned")
    assert send(browser, "/actions/undo", page="/actions", key=action["_id"]).status_code == 400


def test_the_kill_switch_stops_and_resumes_actions(browser, community):
    send(browser, "/actions/stop", page="/actions", stopped="yes")
    stopped = actions.is_stopped(community)
    send(browser, "/actions/stop", page="/actions", stopped="no")

    assert stopped
    assert not actions.is_stopped(community)


def test_a_category_is_set_up_in_dry_run(browser, community):
    actor = str(community.app.users.find_one({})["_id"])
    numbers = {"like": "1", "comment": "1", "recast": "1", "quote": "1", "followers": "5", "posts": "5", "likes": "5"}
    form = {"network": "app", "actor": actor, "measure": "karma", "per_hour": "3", "burst": "4", "dry_run": "true"}

    send(browser, "/actions/categories/tea", page="/actions", **form, **numbers)
    refused = send(browser, "/actions/categories/tea", page="/actions", **(form | {"actor": "f" * 24}), **numbers)

    stored = community.analytics.actionSettings.find_one({"_id": "tea"})
    assert (stored["dryRun"], stored["enabled"], stored["perHour"], stored["likes"]["posts"]) == (True, False, 3.0, 5.0)
    assert (last_entry(community)["what"], last_entry(community)["after"]["measure"]) == ("actions", "karma")
    assert refused.status_code == 400
    assert "there is no user" in refused.text


def test_a_category_without_settings_shows_its_form_when_selected(browser, community):
    categories.create(community, "coffee", "Coffee", ["coffee"])

    listed, selected, unknown = (browser.get(f"/actions{end}") for end in ("", "?category=coffee", "?category=none"))

    action = 'action="/actions/categories/coffee"'
    assert [action in page.text for page in (listed, selected, unknown)] == [False, True, False]
    assert 'href="/actions?category=coffee"' in listed.text
    categories.remove(community, "coffee")


def test_moods_counts_only_people_who_opted_in_and_joins_small_groups(browser, community):
    text = words(browser.get("/moods").text)

    assert f"{len(MOODS)} people opted in" in text
    assert "Cheerful 8 people" in text
    assert "Stressed" not in text  # joined with the two depressed people, who must not be countable
    assert "others 7 people" in text


@pytest.mark.parametrize(
    ("counts", "groups"),
    [
        ({"a": 4}, {}),
        ({"a": 5}, {"a": 5}),
        ({"a": 20, "b": 1}, {"others": 21}),
        ({"a": 5, "b": 6, "c": 4}, {"b": 6, "others": 9}),
        ({"a": 100, "b": 1, "c": 3}, {"others": 104}),
        ({"a": 100, "b": 2, "c": 3}, {"a": 100, "others": 5}),
        ({}, {}),
    ],
)
def test_no_group_of_moods_is_smaller_than_five_people(counts, groups):
    assert mood_views.grouped(counts) == groups


def test_a_persons_moods_need_consent_and_each_look_is_logged(browser, community):
    write_mood(community, ObjectId("e" * 24), "Cheerful", NOW)
    consented, silent = f"{0:024x}", "e" * 24

    shown = send(browser, "/moods/person", page="/moods", user=consented)
    refused = send(browser, "/moods/person", page="/moods", user=silent)

    assert "Cheerful" in shown.text
    assert "Cheerful" not in refused.text
    assert "No user with this id opted in" in refused.text
    assert (last_entry(community)["what"], last_entry(community)["after"]) == ("look", "refused: no consent")
    community.analytics.moods.delete_one({"_id.user": ObjectId("e" * 24)})


@pytest.mark.parametrize("path", ["/?page=0", "/settings?page=-1", "/settings?page=x", "/actions?page=99999999999"])
def test_an_invalid_page_number_is_refused_with_a_message(browser, path):
    answer = browser.get(path)

    assert answer.status_code in (200, 400)
    assert "Traceback" not in answer.text


def test_every_page_works_on_an_empty_database(db):
    with client(db) as browser:
        answers = {path: browser.get(path).status_code for path in PAGES}

    assert set(answers.values()) == {200}


def change_schedule(browser, function, **form):
    path = f"/settings/functions/{function}/schedule"
    return send(browser, path, page=path, **form)


@pytest.mark.parametrize(
    ("form", "cron", "described"),
    [
        ({"kind": "hours", "hours": "6"}, "0 */6 * * *", "every 6 hours"),
        ({"kind": "day", "time": "03:30", "day": "1"}, "30 3 * * 1", "at 03:30 on Monday"),
        ({"kind": "line", "line": "0 3 * * mon-fri"}, "0 3 * * MON-FRI", "at 03:00 on Monday through Friday"),
    ],
)
def test_a_saved_schedule_takes_effect_is_shown_and_logged(browser, community, form, cron, described):
    page = change_schedule(browser, "contentStats", **form)
    stored, entry = settings.schedules(community), last_entry(community)
    shown = words(browser.get("/settings").text)
    back = change_schedule(browser, "contentStats", kind="")

    assert stored == {"contentStats": cron}
    assert (entry["what"], entry["subject"], entry["after"]) == ("schedule", "contentStats", described)
    assert f"Saved: {described}." in page.text
    assert described in shown
    assert "every hour at :00" in back.text
    assert settings.schedules(community) == {}


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "line", "line": "every now and then"},
        {"kind": "line", "line": "<script>"},
        {"kind": "hours", "hours": "5"},
        {"kind": "day", "time": "25:00", "day": "1"},
        {"kind": "day", "time": "03:00", "day": "9"},
        {"kind": "sometimes"},
    ],
)
def test_an_invalid_schedule_is_reported_and_not_saved(browser, community, form):
    page = change_schedule(browser, "contentStats", **form)

    assert page.status_code == 400
    assert "Nothing was saved" in page.text
    assert "<script>" not in page.text.split("<main")[1]
    assert settings.schedules(community) == {}


def test_only_scheduled_functions_have_a_schedule_page(browser):
    assert browser.get("/settings/functions/topicsClassify/schedule").status_code == 404
    assert browser.get("/settings/functions/nothing/schedule").status_code == 404
