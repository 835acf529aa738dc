"""Lists on a small app: blocks, one post once, unseen first. Each post has a letter, each member a number."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import DBRef, ObjectId

from predictors.jobs import personal
from predictors.jobs.guest_feed import publish_guest_feed
from predictors.jobs.snapshot import publish_snapshot

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
READER = 0


class App:
    """Members 0, 1, 2, …: account n owns user n."""

    def __init__(self, db, members=6):
        self.db = db
        for number in range(members):
            self.member(number)

    def member(self, number, account=None, guest=False):
        if account is None:
            account = number
            where = {"countryCode": "th"}
            document = {"isGuest": guest, "geolocation": where, "visibility": "publish", "createdAt": NOW}
            self.db.app.accounts.insert_one({"_id": _id("a", account), **document})
        user = {"_id": _id("u", number), "ownerAccount": _id("a", account), "type": "people", "visibility": "publish"}
        self.db.app.users.insert_one(user | {"displayId": f"user{number}", "createdAt": NOW - timedelta(days=90)})

    def post(self, letter, author, hours=5, of=None, text="", **fields):
        original = {"_id": _id("c", of[0]), "author": {"id": _id("u", of[1])}} if of else None
        content = {
            "_id": _id("c", letter), "author": {"id": _id("u", author)}, "payload": {"message": text},
            "type": "short", "visibility": "publish", "createdAt": NOW - timedelta(hours=hours), "hashtags": [],
        }  # fmt: skip
        shared = {"originalPost": original, "isRecast": not fields.get("isQuote", False)} if of else {}
        self.db.app.contents.insert_one(content | shared | fields)

    def see(self, letter, hours=1, account=READER):
        when = NOW - timedelta(hours=hours)
        item = {"viewer": _id("a", account), "content": _id("c", letter), "calledAt": when, "seenAt": when}
        self.db.app.feeditems.insert_one(item)

    def engage(self, letter, kind="like", member=READER):
        act = {"user": _id("u", member), "account": _id("a", member), "type": kind, "visibility": "publish"}
        target = {"targetRef": DBRef("content", _id("c", letter)), "createdAt": NOW - timedelta(hours=1)}
        self.db.app.engagements.insert_one(act | target)

    def relate(self, user, other, **state):
        both = {"user": _id("u", user), "followedUser": _id("u", other), "createdAt": NOW - timedelta(days=1)}
        self.db.app.relationships.insert_one({"following": False, "blocking": False} | both | state)

    def answer(self, account=READER, **query):
        publish_snapshot(self.db, NOW)
        return personal.rank(self.db, NOW, personal.parse_query({"accountId": str(_id("a", account)), **query}))

    def items(self, account=READER, **query):
        return [_letter(item["content"]) for item in self.answer(account, **query)["items"]]

    def guest_list(self):
        publish_guest_feed(self.db, NOW)
        items = self.db.app.guestfeeditems.find({"countryCode": "th"}).sort("_id", 1)
        return [_letter(str(item["content"])) for item in items]


def _id(kind, name):
    return ObjectId(f"{kind}{name}".encode().ljust(12, b"_"))


def _letter(hex_id):
    return bytes.fromhex(hex_id).decode().strip("_")[1:]


@pytest.fixture
def app(db):
    return App(db)


@pytest.mark.parametrize("direction", [(READER, 2), (2, READER)])
def test_a_block_hides_posts_reshares_and_quotes_in_both_directions(app, direction):
    app.post("A", 2, text="by the blocked one")
    app.post("B", 1, of=("A", 2), hours=4)
    app.post("C", 1, of=("A", 2), hours=3, text="look at that", isQuote=True)
    app.post("D", 3, text="by another one")
    app.relate(READER, 1, following=True)
    app.relate(*direction, blocking=True)

    assert app.items() == ["D"]


def test_a_block_by_one_user_of_an_account_holds_for_all_its_users(app):
    app.member(10, account=READER)  # another user of the reader
    app.member(12, account=2)  # another user of the blocked account
    app.post("A", 2)
    app.post("B", 12)
    app.post("D", 3)
    app.relate(10, 2, blocking=True)

    assert app.items() == ["D"]


def test_a_block_hides_a_reshare_of_a_post_older_than_the_snapshot(app):
    app.post("A", 2, hours=24 * 100)
    app.post("B", 1, of=("A", 2), hours=4)
    app.post("D", 3)
    app.relate(2, READER, blocking=True)

    assert app.items() == ["D"]


def test_a_blocked_person_who_reshares_does_not_hide_the_original(app):
    app.post("A", 3)
    app.post("B", 2, of=("A", 3), hours=4)
    app.relate(READER, 2, blocking=True)

    assert app.items() == ["A"]


def test_contents_that_a_request_names_have_a_score_and_say_that_a_block_hides_them(app):
    app.post("A", 2)
    app.post("B", 1, of=("A", 2))
    app.post("D", 3)
    app.relate(2, READER, blocking=True)
    names = [str(_id("c", letter)) for letter in "ABDX"]

    answer = app.answer(contents=names, explain=True)

    assert list(answer["result"]) == names
    assert answer["hidden"] == names[:2]
    assert "because of a block" in answer["reasons"][names[1]]["sentences"][-1]


def test_a_post_and_its_bare_reshares_have_one_place(app):
    app.post("A", 1)
    for number in range(8):
        app.post(f"B{number}", 2, of=("A", 1), hours=4)
    app.post("Q", 3, of=("A", 1), text="a quote", isQuote=True)
    app.post("D", 4)

    assert sorted(app.items()) == sorted(app.guest_list()) == ["A", "D", "Q"]


def test_reshares_of_an_original_that_is_no_longer_live_have_one_place(app):
    app.post("A", 1, hours=24 * 40)
    app.post("Z", 1, hours=24 * 100)
    for number in range(3):
        app.post(f"B{number}", number, of=("A", 1), hours=4)
        app.post(f"Y{number}", number, of=("Z", 1), hours=4)

    items, guest_list = app.items(account=5), app.guest_list()

    assert sorted(letter[0] for letter in items) == sorted(letter[0] for letter in guest_list) == ["B", "Y"]


def test_an_app_that_writes_no_flags_quotes_where_there_is_a_text(app):
    app.post("A", 1)
    app.post("B", 2, of=("A", 1), text=" ", isRecast=None)
    app.post("Q", 3, of=("A", 1), text="a quote", isRecast=None)

    assert sorted(app.items()) == ["A", "Q"]


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_an_engagement_with_any_copy_counts_for_all(app, letter):
    app.post("A", 1)
    app.post("B", 2, of=("A", 1), hours=4)
    app.post("C", 3, of=("B", 2), hours=3)
    app.post("D", 4)
    app.engage(letter)

    assert app.items() == ["D"]


@pytest.mark.parametrize("letter", ["A", "B", "N"])
def test_a_copy_that_was_seen_is_seen_in_all_others(app, letter):
    app.post("A", 1, hours=24 * 100)  # older than the snapshot
    app.post("B", 2, of=("A", 1), hours=4)
    app.post("C", 3, of=("A", 1), hours=3)
    app.post("D", 4)
    app.see(letter)
    publish_snapshot(app.db, NOW - timedelta(hours=2))
    app.post("N", 3, of=("A", 1), hours=1.5)  # later than the snapshot

    query = personal.parse_query({"accountId": str(_id("a", READER)), "limit": 1})
    items = personal.rank(app.db, NOW, query)["items"]

    assert [_letter(item["content"]) for item in items] == ["D"]


def test_nobody_is_offered_an_own_post_also_not_as_a_reshare_nor_what_they_reshared(app):
    app.post("A", READER)
    app.post("B", 2, of=("A", READER), hours=4)
    app.post("C", 3)
    app.post("E", READER, of=("C", 3), hours=4)
    app.post("Q", 4, of=("A", READER), text="a quote of me", isQuote=True)

    assert app.items() == ["Q"]


def test_what_was_seen_follows_the_unseen_the_longest_ago_first(app):
    for place, letter in enumerate("ABCDE"):
        app.post(letter, 1 + place)
    for letter, hours in {"A": 2, "B": 4, "C": 3, "D": 5}.items():
        app.see(letter, hours=hours)
    app.see("B", hours=1)
    app.engage("D")

    answer = app.answer()

    assert [_letter(item["content"]) for item in answer["items"]] == ["E", "C", "A", "B"]
    assert [item["source"] for item in answer["items"]][1:] == ["seen"] * 3
    assert app.items(limit=2) == ["E", "C"]


def test_a_reported_post_is_not_shown_again(app):
    app.post("A", 1)
    app.see("A")
    app.engage("A", kind="report")

    assert app.items() == []


def test_posts_that_no_source_finds_come_before_the_seen(app):
    app.post("A", 1)
    app.post("B", 2, hours=24 * 20)  # nobody engaged, no language, no new author
    app.see("A")

    assert app.items() == ["B", "A"]


def test_a_guests_list_begins_with_the_unseen_and_goes_on_with_the_seen(app):
    app.member(20, guest=True)
    for place, letter in enumerate("ABCD"):
        app.post(letter, 1 + place)
    guest_list = app.guest_list()
    app.see(guest_list[0], hours=1, account=20)
    app.see(guest_list[2], hours=2, account=20)
    app.engage(guest_list[3], member=20)

    answer = app.answer(account=20)

    assert [_letter(item["content"]) for item in answer["items"]] == [guest_list[1], guest_list[2], guest_list[0]]
    assert [item["source"] for item in answer["items"]] == ["guest feed", "seen", "seen"]


def test_blocks_hold_on_the_guest_list(app):
    app.member(20, guest=True)
    app.post("A", 2)
    app.post("B", 1, of=("A", 2), hours=4)
    app.post("D", 3)
    app.relate(20, 2, blocking=True)
    app.guest_list()

    assert app.items(account=20) == ["D"]


@pytest.mark.parametrize(
    ("prepare", "remark"),
    [
        (lambda app: None, "there are no live posts"),
        (lambda app: (app.post("A", 1), app.engage("A")), "of 1 live posts 1 engaged"),
        (lambda app: (app.post("A", 1), app.relate(1, READER, blocking=True)), "of 1 live posts 1 blocked"),
        (lambda app: (app.post("A", READER), app.post("B", 1), app.engage("B")), "of 2 live posts 1 engaged, 1 own"),
    ],
)
def test_an_empty_answer_says_why(app, prepare, remark):
    prepare(app)

    answer = app.answer()

    assert answer["items"] == []
    assert answer["remark"] == f"nothing to show: {remark}"


def test_a_post_that_was_hidden_since_the_snapshot_is_named_in_the_remark(app):
    app.post("A", 1)
    publish_snapshot(app.db, NOW)
    app.db.app.contents.update_one({"_id": _id("c", "A")}, {"$set": {"visibility": "hidden"}})

    answer = personal.rank(app.db, NOW, personal.parse_query({"accountId": str(_id("a", READER))}))

    assert answer["remark"] == "nothing to show: of 1 live posts 1 no longer public"
