from datetime import UTC, datetime, timedelta
from re import findall

import pytest
from bson import ObjectId
from starlette.testclient import TestClient

from handlers import features, predictors
from panel.app import application
from panel.auth import Access, parse_tokens
from panel.views import feeds as views
from predictors.jobs.guest_feed import publish_guest_feed
from store.outputs import guest_feed
from store.panel import feeds
from tests.community import CONFIG, TIME
from tests.golden.worlds import simulated

NOW = CONFIG.until
DAY = datetime(2026, 1, 15, 9, tzinfo=UTC)
ONE, OTHER = ObjectId("0" * 23 + "1"), ObjectId("0" * 23 + "2")
SCRIPT = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"
TOKEN = "abcdefghijklmnopqrstuvwx"


@pytest.fixture(scope="module")
def world(uri):
    """A community with guest feeds of two days."""
    with simulated(uri, CONFIG) as db, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONGODB_URI", uri)
        patch.setenv("DB_PREFIX", db.app.name.removesuffix("app-db"))
        event = {"time": TIME}
        features.content_stats(event)
        publish_guest_feed(db, NOW - timedelta(hours=20))
        predictors.coldstart_predictor(event)
        predictors.serving_snapshot(event)
        yield db


@pytest.fixture
def panel(world, uri, monkeypatch):
    monkeypatch.setenv("MONGODB_URI", uri)
    monkeypatch.setenv("DB_PREFIX", world.app.name.removesuffix("app-db"))
    with TestClient(application(world, Access(is_open=True), lambda: NOW), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def bare(db):
    with TestClient(application(db, Access(is_open=True), lambda: NOW), base_url="http://localhost") as client:
        yield client


def store_lists(db, moment, content):
    guest_feed.save_tops(db, moment, [("th", [content], [0.5]), ("t", [OTHER], [0.9])], days=8)


def shown(text):
    """Returns the texts of each list of a page."""
    lists = findall(r'(?s)<ol class="feed">(.*?)</ol>', text)
    return [findall(r'<p class="post-text[^>]*>([^<]*)', items) for items in lists]


def account_of_member(db):
    return feeds.active_members(db, 1)[0]["ownerAccount"]


def test_feeds_are_compared_with_the_last_list_of_the_previous_day(db):
    for hours, content in ((-30, OTHER), (-12, OTHER), (-10, ONE), (-1, OTHER)):
        store_lists(db, DAY + timedelta(hours=hours), content)

    earlier = guest_feed.previous_top(db, "th", DAY)

    assert earlier["createdAt"] == DAY - timedelta(hours=10)
    assert earlier["items"] == [{"content": ONE, "score": 0.5}]


def test_old_lists_are_deleted_by_the_clock_of_the_new_lists(db):
    for days in range(20):
        store_lists(db, DAY + timedelta(days=days), ONE)

    assert db.analytics.guestFeedDays.count_documents({"countryCode": "th"}) == 9
    assert guest_feed.previous_top(db, "th", DAY) is None


def test_the_guest_feed_is_shown_with_the_previous_day_and_popular_posts(world, panel):
    feed = [item["content"] for item in world.app.guestfeeditems.find({"countryCode": "th"}).sort("_id", 1).limit(10)]
    texts = {post["_id"]: post["payload"]["message"] for post in world.app.contents.find({"_id": {"$in": feed}})}

    answer = panel.get("/feeds", params={"country": "th", "most": "10"})

    today, before, popular = shown(answer.text)
    assert [text[:20] for text in today] == [texts[content][:20] for content in feed]
    assert (len(before), len(popular)) == (10, 10)
    assert f"Published {NOW - timedelta(hours=20):%Y-%m-%d %H:%M}" in answer.text


def test_two_countries_are_compared(panel):
    answer = panel.get("/feeds", params={"country": "th", "beside": "us", "most": "10"})

    assert len(shown(answer.text)) == 2
    assert "are in both" in answer.text


def test_a_members_feed_is_the_personal_ranking_with_reasons_for_each_post(world, panel):
    account = account_of_member(world)
    event = {"accountId": str(account), "limit": 10, "explain": True, "time": TIME}
    answer = predictors.personalize_content_predictor(event, None)

    text = panel.get("/feeds/member", params={"account": str(account), "most": "10"}).text

    assert len(shown(text)[0]) == len(answer["items"]) > 0
    assert text.count('<details class="why">') == len(answer["items"])
    assert "For it: " in text
    first = next(iter(answer["reasons"].values()))
    assert findall(r"Sum: ([+-][\d.]+) log-odds", text)[0] == f"{first['logOdds']:+.2f}"


def test_two_members_are_compared(world, panel):
    one, other = (str(profile["ownerAccount"]) for profile in feeds.active_members(world, 2))

    text = panel.get("/feeds/member", params={"account": one, "beside": other, "most": "10"}).text

    assert len(shown(text)) == 2
    assert "are in both lists" in text


def test_members_are_found_by_name_prefix_and_by_id(world, panel):
    profile = world.app.users.find_one({"ownerAccount": account_of_member(world)})

    name, ids = profile["displayId"], (str(profile["_id"]), str(profile["ownerAccount"]))
    for words in (name, f"@{name[:-1]}", *ids):
        assert f"account={profile['ownerAccount']}" in panel.get("/feeds/members", params={"q": words}).text
    assert "No member has the id" in panel.get("/feeds/members", params={"q": ".*"}).text


def test_a_member_has_the_name_of_the_accounts_profile(world):
    profile = list(world.app.users.find({"type": "people"}))[7]

    assert feeds.member(world, profile["ownerAccount"])["displayId"] == profile["displayId"]


def test_feeds_are_ranked_as_of_an_old_snapshot():
    late = NOW + timedelta(days=300)

    assert views.ranking_time(late, NOW) == NOW
    assert views.ranking_time(NOW + timedelta(hours=1), NOW) == NOW + timedelta(hours=1)
    assert views.ranking_time(late, None) == late


def test_the_bars_add_up_to_the_score_without_repeating_a_phrase():
    columns = ("start", "likeCount", "ageScore", "ageHours", "commentCount", "recastCount", "quoteCount", "photoCount")
    more = ("characterLength", "isReshare", "tagCount", "follows", "engagementRate")
    contributions = [
        {"level": "world", "column": name, "value": 1.0, "contribution": (-1) ** place * (1.0 + place)}
        for place, name in enumerate(columns + more)
    ]

    why = views.explain({"contributions": contributions, "logOdds": 1.0}, "th")

    bars, whole = why["bars"], sum(row["contribution"] for row in contributions)
    assert why["start"] + sum(bar["adds"] for bar in bars) == pytest.approx(whole)
    assert len({bar["words"] for bar in bars}) == len(bars) == 9
    assert max(abs(bar["share"]) for bar in bars) <= 1.0


def test_scripts_in_posts_and_names_are_escaped(db, bare):
    author, content = ObjectId(), ObjectId()
    db.app.users.insert_one({"_id": author, "ownerAccount": ObjectId(), "displayName": SCRIPT, "displayId": SCRIPT})
    db.app.contents.insert_one(
        {"_id": content, "author": {"id": author}, "payload": {"message": SCRIPT}, "createdAt": NOW, "type": SCRIPT}
    )
    db.app.engagements.insert_one({"user": author, "createdAt": NOW})
    item = {"content": content, "author": author, "score": 0.5, "countryCode": "en", "updatedAt": NOW}
    db.app.guestfeeditems.insert_one(item)

    pages = [bare.get(path).text for path in ("/feeds", "/feeds/member", f"/feeds/members?q={SCRIPT}")]

    assert all(SCRIPT not in page and ESCAPED in page for page in pages)


def test_a_post_without_text_date_or_visibility_is_shown_with_placeholders(db, bare):
    mistyped = {"payload": {"message": 5}, "createdAt": "soon", "visibility": 7}
    malformed = [{}, mistyped, {"payload": {"photo": {"contents": [1]}}}]
    contents = db.app.contents.insert_many(malformed).inserted_ids
    items = [{"content": key, "score": 0.1, "countryCode": "en", "updatedAt": NOW} for key in [*contents, ONE]]
    db.app.guestfeeditems.insert_many(items)

    text = bare.get("/feeds").text

    assert all(words in text for words in ("no text", "a photo, no text", "deleted", "now hidden", "no date"))


@pytest.mark.parametrize("address", ["/feeds", f"/feeds/member?account={ONE}"])
def test_empty_pages_show_a_message(bare, address):
    answer = bare.get(address)

    assert answer.status_code == 200
    assert 'class="empty"' in answer.text


@pytest.mark.parametrize("address", ["/feeds?country=zz", "/feeds?beside=%3Cb%3E", "/feeds/member?account=x"])
def test_an_invalid_parameter_is_refused_by_name(panel, address):
    answer = panel.get(address)

    assert answer.status_code == 400
    assert any(name in answer.text for name in ("country:", "beside:", "account:"))


def test_a_viewer_sees_guest_feeds_but_no_members_feeds(db):
    access = Access(parse_tokens(f"vera:viewer:{TOKEN}"))
    with TestClient(application(db, access, lambda: NOW), base_url="https://panel.example") as client:
        (csrf,) = findall(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)
        client.post("/sign-in", data={"token": TOKEN, "csrf": csrf})

        answers = [client.get(path).status_code for path in ("/feeds", "/feeds/member", "/feeds/members")]

    assert answers == [200, 403, 403]
