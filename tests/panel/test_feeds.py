from datetime import UTC, datetime, timedelta

from bson import ObjectId

from store import feed_days

DAY = datetime(2026, 1, 15, 9, tzinfo=UTC)
ONE, OTHER = ObjectId(), ObjectId()


def keep(db, moment, content):
    feed_days.keep(db, moment, [("th", [content], [0.5]), ("t", [OTHER], [0.9])], days=8)


def test_the_last_list_of_the_day_before_is_the_one_to_compare_with(db):
    for hours, content in ((-30, OTHER), (-12, OTHER), (-10, ONE), (-1, OTHER)):
        keep(db, DAY + timedelta(hours=hours), content)

    found = feed_days.before(db, "th", DAY)

    assert found["createdAt"] == DAY - timedelta(hours=10)
    assert found["items"] == [{"content": ONE, "score": 0.5}]


def test_days_before_the_kept_ones_leave_by_the_clock_of_the_lists(db):
    for days in range(20):
        keep(db, DAY + timedelta(days=days), ONE)

    assert db.analytics.guestFeedDays.count_documents({"countryCode": "th"}) == 9
    assert feed_days.before(db, "th", DAY) is None
