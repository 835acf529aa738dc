import json

import pytest

from tests.reliability import swaps


@pytest.mark.bench
@pytest.mark.slow
def test_a_reader_of_the_guest_feed_survives_a_hundred_swaps_and_twenty_kills(db, uri):
    seen = swaps.measure(db, uri, db.app.name.removesuffix("app-db"), swaps.Plan())

    print(json.dumps(seen, indent=1))  # noqa: T201
    assert seen["publishers"]["swaps"] == 100
    assert seen["publishers"]["killed"] >= 20
    swaps.expect_no_harm(seen)
