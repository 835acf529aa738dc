"""The panel in a real browser: pages are accessible, fit a phone, and their buttons change the database."""

import time
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe

from handlers import features
from store import settings
from store.ids import ObjectId
from tests.panel.browser.chromium import HOW_TO_INSTALL, chromium, executable, serving, window
from tests.panel.state import HOSTILE, NOW, live, panel_databases

pytestmark = [pytest.mark.browser, pytest.mark.skipif(executable() is None, reason=HOW_TO_INSTALL)]

PAGES = ("/", "/functions/contentStats", "/feeds", "/models", "/models/global/rollback", "/suspects", "/influence",
         "/influence/trees", "/actions", "/moods", "/settings",
         "/settings/functions/contentStats/schedule")  # fmt: skip
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def community(uri):
    with panel_databases(uri) as db:
        live(db)
        features.cascade_stats({"time": NOW.isoformat()})
        db.app.suspiciouscredentials.insert_many([case(number) for number in range(3)])
        yield db


def case(number):
    key = ObjectId()
    score = 0.999 - number / 1000
    dates = {"createdAt": NOW, "firstSeenAt": NOW, "lastSeenAt": NOW}
    reasons = ["reads every post for the same time", HOSTILE]
    return {"_id": key, "seenCredential": key, "score": score, "reasons": reasons, "status": "open", **dates}


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(community):
    with serving(community, lambda: NOW) as address:
        yield address


@pytest.fixture
def page(browser, address):
    with window(browser) as (page, errors):
        page.goto(address)
        yield page
    assert errors == []


def eventually(check, seconds=60.0):
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_page_loads_without_errors_and_fits_the_screen(browser, address, path, size):
    with window(browser, size) as (page, errors):
        answer = page.goto(address + path)
        page.wait_for_load_state("networkidle")
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert answer.status == 200
    assert errors == []
    assert width <= 0


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(browser, address, path, scheme):
    with window(browser, scheme=scheme) as (page, _):
        page.goto(address + path)
        violations = Axe().run(page).response["violations"]

    serious = [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in violations if rule["impact"] in SERIOUS]
    assert serious == []


def test_the_first_link_skips_to_the_content(page):
    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")

    assert skip == "Skip to content"
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_moderator_decides_a_case_by_keyboard_and_undoes_it(page, address, community):
    page.goto(f"{address}/suspects")
    first = ObjectId(page.locator("#queue > .case").first.get_attribute("id").removeprefix("case-"))

    page.keyboard.press("b")
    eventually(lambda: stored(community, first).get("verificationStatus") is True)
    decided = stored(community, first)
    page.locator(f"#case-{first} [data-key=u]").click()
    eventually(lambda: stored(community, first).get("verificationStatus") is None)

    assert decided["verifiedAt"] == NOW
    eventually(lambda: community.analytics.audit.count_documents({"subject": {"$regex": str(first)}}) == 2)


def stored(db, case):
    return db.app.suspiciouscredentials.find_one({"_id": case})


def test_an_operator_edits_a_category(page, address, community):
    page.goto(f"{address}/influence/categories/tea")
    form = page.locator("form[action$='/tea/change']")
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")

    form.locator("[name=name]").fill("Tea and coffee")
    form.locator("button", has_text="Save").click()

    eventually(lambda: community.analytics.categories.find_one({"slug": "tea"})["name"] == "Tea and coffee")


def test_the_slider_replays_a_tree_and_play_runs_to_its_end(page, address, community):
    root = community.analytics.cascades.find_one({}, sort=[("size", -1)])["_id"]
    page.goto(f"{address}/influence/trees/{root}")
    total, later = page.locator("#tree .node").count(), page.locator("#tree .node.later")

    page.locator("#moment").press("Home")
    at_first = later.count()
    page.click("#play")
    eventually(lambda: later.count() == 0)

    assert at_first == total > 1  # nothing is drawn before the first post
    assert page.locator("#so-far").inner_text().startswith(f"{total:,} of {total:,}")


def test_an_operator_confirms_the_rollback_of_a_model(page, address, community):
    world = {"account": "global", "model": "guest"}
    before = community.analytics.mlArtifacts_global.find_one(world)["version"]

    page.goto(f"{address}/models")
    page.locator("tr", has_text="Global").get_by_text("Roll back").click()
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("status").filter(has_text="rolled back to the previous version").wait_for()

    assert community.analytics.mlArtifacts_global.find_one(world)["version"] != before
    assert community.analytics.audit.find_one({"what": "rollback"})["subject"] == "global"


def test_a_changed_threshold_appears_in_the_log(page, address, community):
    page.goto(f"{address}/settings")

    page.get_by_label("Length of the guest feed").fill("25")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").wait_for()

    assert settings.thresholds(community).feed_length == 25
    assert "feed_length" in page.locator("#log").inner_text()


def test_an_operator_stops_all_actions_and_undoes_one(page, address, community):
    page.goto(f"{address}/actions")
    page.get_by_role("button", name="Stop all actions").click()
    page.get_by_text("All actions are stopped.", exact=True).first.wait_for()
    stopped = community.analytics.actionSettings.find_one({"_id": "*"})["stopped"]
    page.get_by_role("button", name="Undo").first.click()
    page.get_by_role("status").filter(has_text="The action is undone").wait_for()

    assert stopped is True
    assert community.analytics.actions.count_documents({"state": "undone"}) == 1


def test_an_operator_runs_a_function_and_it_is_recorded(page, community):
    before = community.analytics.runs.count_documents({"function": "creatorStats"})

    page.get_by_role("button", name="Run creatorStats now").click()
    page.get_by_role("status").filter(has_text="creatorStats was started").wait_for()

    eventually(
        lambda: community.analytics.runs.count_documents({"function": "creatorStats", "status": "done"}) > before
    )


def test_an_operator_changes_the_schedule_of_a_function(page, address, community):
    page.goto(f"{address}/settings")
    page.get_by_label("Change the schedule of karmaStats").click()

    page.get_by_label("Hours between two runs").select_option("12")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").filter(has_text="every 12 hours").wait_for()

    assert settings.schedules(community) == {"karmaStats": "0 */12 * * *"}
    assert community.analytics.audit.find_one({"what": "schedule"})["after"] == "every 12 hours"
    settings.schedule(community, "karmaStats", None)


def test_a_slow_answer_shows_the_loading_bar(browser, address):
    with window(browser) as (page, _):
        page.goto(f"{address}/feeds/member")
        before = page.locator(".waiting").is_visible()
        page.route("**/feeds/members*", lambda _: None)  # never answered
        page.locator("[name=q]").press_sequentially("us")

        page.locator(".waiting").wait_for()

    assert not before


def test_a_page_warns_when_it_cannot_be_updated(browser, address):
    with window(browser) as (page, _):
        page.goto(address)
        page.route("**/*", lambda route: route.abort())
        again = "htmx.ajax('GET', '/', {source: '#pipeline'}).catch(() => null)"
        page.evaluate(again)
        page.get_by_role("alert").filter(has_text="does not answer").wait_for()
        page.unroute("**/*")
        page.evaluate(again)

        page.locator("#stale").wait_for(state="hidden")


def test_no_script_of_a_post_runs(browser, address):
    with window(browser) as (page, errors):
        dialogs = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message) or dialog.dismiss())
        for path in PAGES:
            page.goto(address + path)
            page.wait_for_load_state("networkidle")

    assert dialogs == errors == []


@pytest.mark.slow
def test_pages_with_large_data_are_fast(browser, address, community):
    planned = {
        "event": "POST_LIKED",
        "network": "app",
        "category": "tea",
        "actor": "a",
        "state": "planned",
        "dryRun": True,
    }
    many = [planned | {"_id": f"full {n}", "target": ObjectId(), "plannedAt": NOW, "dueAt": NOW} for n in range(10_000)]
    community.analytics.actions.insert_many(many)
    cases = [case(5 + number / 100_000) for number in range(100_000)]
    community.app.suspiciouscredentials.insert_many(cases)

    taken = {}
    with window(browser) as (page, errors):
        for path in ("/actions", "/actions?page=150", "/suspects", "/"):
            started = datetime.now(UTC)
            page.goto(address + path)
            taken[path] = (datetime.now(UTC) - started).total_seconds()

    community.analytics.actions.delete_many({"_id": {"$regex": "^full "}})
    community.app.suspiciouscredentials.delete_many({"_id": {"$in": [document["_id"] for document in cases]}})
    assert errors == []
    assert max(taken.values()) < 3, taken
