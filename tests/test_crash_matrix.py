"""Whatever write a job is killed at, readers meet whole generations, and the next run makes it good."""

import pytest

from tests.bench.crash_matrix import cells, jobs, matrix

SMALL = {"karmaStats": 2, "coldstartPredictor": 2}


@pytest.mark.parametrize("job", SMALL)
@pytest.mark.slow
def test_a_job_killed_at_its_first_or_last_write_is_made_good_by_the_next_run(uri, job):
    with matrix(uri) as made:
        found = list(cells(made, [job], SMALL[job]))

    assert len(found) == SMALL[job]
    assert {(each.job, each.at): each.wrong for each in found if each.wrong} == {}


@pytest.mark.bench
@pytest.mark.slow
def test_every_job_killed_at_every_write_is_made_good_by_the_next_run(uri):
    with matrix(uri) as made:
        found = list(cells(made, jobs(), 10_000))

    assert {(each.job, each.at): each.wrong for each in found if each.wrong} == {}
