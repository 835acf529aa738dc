import json

import pytest

from features.countries import COUNTRIES
from tests.bench import scale


@pytest.mark.bench
@pytest.mark.slow
def test_ten_times_the_contents_take_at_most_eleven_times_as_long(uri):
    small, large = (scale.figures(uri, size, len(COUNTRIES), scale.JOBS) for size in (20_000, 200_000))

    times = {job: round(large[job]["seconds"] / small[job]["seconds"], 1) for job in scale.JOBS}
    print(json.dumps({"20000": small, "200000": large, "times": times}, indent=1))  # noqa: T201
    assert max(times.values()) <= 11


@pytest.mark.bench
def test_the_feeds_of_all_countries_over_ten_thousand_contents_are_published_within_fifteen_seconds(uri):
    found = scale.figures(uri, 10_000, len(COUNTRIES), ["guest feed"])

    print(json.dumps(found, indent=1))  # noqa: T201
    assert found["guest feed"]["seconds"] < 15
