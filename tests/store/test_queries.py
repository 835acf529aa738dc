from datetime import UTC, datetime

from store.queries import count_without_date
from store.schema import ensure_indexes

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def test_values_that_are_no_dates_are_counted_with_the_index_and_without_it(db):
    values = [NOW, None, 3, "2026", [NOW], {"$date": 1}, datetime(1, 1, 1, tzinfo=UTC)]
    db.app.contents.insert_many([{}, *({"createdAt": value} for value in values)])

    without_index = count_without_date(db, "contents", "createdAt")
    ensure_indexes(db, "contents")

    assert (without_index, count_without_date(db, "contents", "createdAt")) == (6, 6)
    assert count_without_date(db, "engagements", "createdAt") == 0
