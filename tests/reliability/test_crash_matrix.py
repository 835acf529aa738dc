"""Whatever write a job is killed at, readers meet whole generations, and the next run makes it good."""

import pytest

from tests.reliability.crash_matrix import benches, cells, jobs

PUBLISHERS = ("contentStats", "servingSnapshot", "coldstartPredictor")


def test_a_job_killed_at_its_first_middle_or_last_write_is_made_good_by_the_next_run(uri):
    with benches(uri, settled_by=PUBLISHERS) as made:
        found = list(cells(made, PUBLISHERS[1:], 3))

    assert len(found) == 6
    assert {(each.job, each.at): each.wrong for each in found if each.wrong} == {}


@pytest.mark.bench
@pytest.mark.slow
def test_every_job_killed_at_every_write_is_made_good_by_the_next_run(uri):
    with benches(uri, number=2) as made:
        found = list(cells(made, jobs(), 10_000))

    assert {(each.job, each.at): each.wrong for each in found if each.wrong} == {}
