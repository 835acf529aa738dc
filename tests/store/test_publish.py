import threading
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import monitoring
from pymongo.errors import OperationFailure

from store import leases, publish
from store.client import connect
from store.leases import LeaseHeldError, LeaseLostError
from store.publish import NothingToPublishError, fill, keep, leaving, replacing
from store.schema import COLLECTIONS
from tests.reliability import swaps

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
DECLARED = {index.document["name"] for index in COLLECTIONS["guestfeeditems"].indexes}


class Sent(monitoring.CommandListener):
    """The names of the commands that make a generation."""

    def __init__(self):
        self.names = []

    def started(self, event):
        if event.command_name in {"drop", "insert", "createIndexes", "renameCollection"}:
            self.names.append(event.command_name)

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


def generation(number, count=3, now=NOW):
    return [{"_id": f"{number}-{rank}", "countryCode": "th", "score": -rank, "createdAt": now} for rank in range(count)]


def publish_all(db, *generations, then=lambda: None):
    with replacing(db, "guestfeeditems", NOW) as temporary:
        for documents in generations:
            temporary.insert_many(documents)
        then()


def published(db):
    return sorted(each["_id"] for each in db.app.guestfeeditems.find())


def collections(db):
    return sorted(name for name in db.app.list_collection_names() if name.startswith("guest"))


@pytest.fixture
def old(db):
    """A database with generation 1 published."""
    publish_all(db, generation(1))
    return db


def test_readers_see_the_old_generation_until_the_new_one_is_whole(old):
    with replacing(old, "guestfeeditems", NOW) as temporary:
        temporary.insert_many(generation(2))
        during = published(old)

    assert during == ["1-0", "1-1", "1-2"]
    assert published(old) == ["2-0", "2-1", "2-2"]
    assert collections(old) == ["guestfeeditems"]


def test_the_indexes_are_there_before_the_first_document_and_after_the_swap(db):
    with replacing(db, "guestfeeditems", NOW) as temporary:
        before = set(temporary.index_information())
        temporary.insert_many(generation(1))

    assert temporary.name == "guestfeeditemstemp"
    assert before >= DECLARED
    assert set(db.app.guestfeeditems.index_information()) >= DECLARED


def test_indexes_that_come_last_are_built_of_the_whole_generation_and_before_the_swap(db, uri):
    sent = Sent()
    watched = connect(uri, db.app.name.removesuffix("app-db"), event_listeners=[sent])

    with replacing(watched, "guestfeeditems", NOW, indexes_last=True) as temporary:
        temporary.insert_many(generation(1))

    watched.client.close()
    assert sent.names == ["drop", "insert", "createIndexes", "renameCollection"]
    assert set(db.app.guestfeeditems.index_information()) >= DECLARED


def test_nothing_to_publish_keeps_the_old_generation(old):
    with pytest.raises(NothingToPublishError, match="guestfeeditems"), replacing(old, "guestfeeditems", NOW):
        pass

    assert published(old) == ["1-0", "1-1", "1-2"]
    assert collections(old) == ["guestfeeditems"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_failure_half_way_keeps_the_old_generation_and_leaves_nothing_temporary(old, failure):
    def fail():
        raise failure

    with pytest.raises(failure):
        publish_all(old, generation(2), then=fail)

    assert published(old) == ["1-0", "1-1", "1-2"]
    assert collections(old) == ["guestfeeditems"]
    assert list(old.analytics.leases.find()) == []


def test_what_a_killed_run_left_is_swept_by_the_next(old, uri):
    prefix = old.app.name.removesuffix("app-db")
    with swaps.publisher(uri, prefix, 1, 200) as process:
        assert process.stdout.readline() == "building 1\n"
        while old.app.guestfeeditemstemp.find_one() is None:
            pass
    assert "guestfeeditemstemp" in collections(old)
    assert published(old) == ["1-0", "1-1", "1-2"]

    with replacing(old, "guestfeeditems", NOW) as temporary:
        swept = temporary.find_one()
        temporary.insert_many(generation(2))

    assert swept is None
    assert published(old) == ["2-0", "2-1", "2-2"]
    assert collections(old) == ["guestfeeditems"]


def test_of_two_runs_at_once_one_publishes_and_one_is_turned_away(old, monkeypatch):
    monkeypatch.setattr(publish, "hold", lambda db, name: leases.hold(db, name, seconds=0.6))
    with replacing(old, "guestfeeditems", NOW) as temporary:
        temporary.insert_many(generation(2))
        with pytest.raises(LeaseHeldError), replacing(old, "guestfeeditems", NOW):
            pass

    assert published(old) == ["2-0", "2-1", "2-2"]


def test_a_run_that_lost_its_lease_publishes_nothing_and_leaves_its_successors_work_alone(old):
    def lose():
        old.analytics.leases.update_one({"_id": "publish:guestfeeditems"}, {"$set": {"owner": "successor"}})

    with pytest.raises(LeaseLostError):
        publish_all(old, generation(2), then=lose)

    assert published(old) == ["1-0", "1-1", "1-2"]
    assert old.app.guestfeeditemstemp.count_documents({}) == 3


def test_documents_of_a_run_that_woke_up_late_are_not_published_with_another_generation(old):
    late = generation(3, now=NOW - timedelta(hours=1))  # of a run that slept for longer than its lease

    with pytest.raises(LeaseHeldError, match="guestfeeditems"):
        publish_all(old, generation(2), late)

    assert published(old) == ["1-0", "1-1", "1-2"]
    assert collections(old) == ["guestfeeditems"]


def test_a_reader_in_another_thread_never_sees_an_empty_collection(old):
    empty, stop = [], threading.Event()

    def look():
        reader = swaps.Reader(old)
        while not stop.is_set():
            if reader.read(lambda: old.app.guestfeeditems.count_documents({})) != 3:
                empty.append(1)

    looking = threading.Thread(target=look)
    looking.start()
    for number in range(5):
        publish_all(old, generation(number))
    stop.set()
    looking.join()

    assert empty == []


def test_readers_and_pages_survive_fifteen_swaps_and_two_kills(db, uri):
    plan = swaps.Plan(swaps=15, countries=4, every=6)

    seen = swaps.measure(db, uri, db.app.name.removesuffix("app-db"), plan)

    assert seen["publishers"] == {"swaps": 15, "killed": 2, "indexes missing at the end": 0, "temporary left": 0}
    swaps.expect_no_harm(seen)
    assert seen["naive walks"].get("mixed", 0) + seen["naive walks"]["walks"] > 0


def test_a_generation_filled_inside_the_server_replaces_the_old_one_whole_or_not_at_all(db):
    db.app.contents.insert_many([{"_id": number, "score": number / 2} for number in range(3)])
    db.analytics.contentStats.insert_many([{"_id": 2}, {"_id": 9, "gone": True}])

    with replacing(db, "contentStats", may_be_empty=True) as successor:
        fill(db, "contents", [{"$project": {"score": 1}}], successor)
        ids = list(leaving(db, "contentStats", successor))
        keep(db, "contentStats", ids[0], [{"$set": {"kept": True}}], successor)
        with pytest.raises(OperationFailure, match="divide by zero"):
            fill(db, "contents", [{"$set": {"score": {"$divide": [1, "$score"]}}}], successor)

    assert ids == [[9]]
    assert list(db.analytics.contentStats.find(sort=[("_id", 1)])) == [
        {"_id": 0, "score": 0.0},
        {"_id": 1, "score": 0.5},
        {"_id": 2, "score": 1.0},
        {"_id": 9, "gone": True, "kept": True},
    ]
    assert {"score_-1", "authorId_1"} <= set(db.analytics.contentStats.index_information())


def test_an_empty_generation_is_published_where_it_may_be_empty(db):
    db.analytics.hashtagStats.insert_one({"_id": "old"})

    with replacing(db, "hashtagStats", may_be_empty=True):
        pass

    assert list(db.analytics.hashtagStats.find()) == []


def test_statistics_of_another_clock_are_not_published_with_this_one(db):
    db.analytics.creatorStats.insert_one({"_id": "old"})

    with (
        pytest.raises(LeaseHeldError, match="creatorStats"),
        replacing(db, "creatorStats", NOW, "updatedAt") as successor,
    ):
        successor.insert_many([{"updatedAt": NOW}, {"contentCount": 0}, {"updatedAt": NOW - timedelta(hours=1)}])

    assert list(db.analytics.creatorStats.find()) == [{"_id": "old"}]
    assert db.analytics.list_collection_names(filter={"name": {"$regex": "^creatorStatstemp"}}) == []


def test_documents_without_a_stamp_are_published_with_those_of_this_clock(db):
    with replacing(db, "creatorStats", NOW, "updatedAt") as successor:
        successor.insert_many([{"_id": 1, "updatedAt": NOW}, {"_id": 2}])

    assert [document["_id"] for document in db.analytics.creatorStats.find(sort=[("_id", 1)])] == [1, 2]


def test_a_run_whose_lease_is_gone_publishes_nothing(old):
    def lose():
        old.analytics.leases.delete_one({"_id": "publish:guestfeeditems"})

    with pytest.raises(LeaseLostError):
        publish_all(old, generation(2), then=lose)

    assert published(old) == ["1-0", "1-1", "1-2"]


def test_ids_that_leave_come_five_thousand_at_a_time(db):
    db.analytics.contentStats.insert_many([{"_id": number} for number in range(5_003)])

    with replacing(db, "contentStats", may_be_empty=True) as successor:
        successor.insert_one({"_id": 0})
        parts = list(leaving(db, "contentStats", successor))

    assert [len(part) for part in parts] == [5_000, 2]
    assert sorted(number for part in parts for number in part) == list(range(1, 5_003))
