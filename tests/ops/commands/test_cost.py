import json

import pytest

from handlers.manifest import functions
from ops.cli import execute
from ops.commands.bench import KEPT, read
from ops.commands.cost import Habits, Prices, day, standing
from tests.golden.figures import performance

SCHEDULED = {key for key, function in functions().items() if function.timings}
EVENTS = {"topicsClassify", "personalizeContentPredictor", "personalizeContentWorker"}


def lines(figures, members, habits=Habits(), prices=Prices()):
    return {line.function: line for line in day(figures, members, habits, prices)}


def every_job(small, large, **changed):
    """Figures at 1,000 and 10,000 members, all jobs taking those seconds."""
    return performance(dict.fromkeys([*SCHEDULED, *EVENTS], (small, large)), **changed)


def test_a_jobs_day_is_its_calls_times_seconds_memory_and_price():
    prices = Prices(gib_second=2.0, call=0.5, bus_event=0.0)

    line = lines(every_job(2.0, 20.0), 100_000, prices=prices)["contentStats"]

    assert (line.calls, line.members, line.measured, line.seconds, line.gib) == (24.0, 10_000, 20.0, 200.0, 0.5)
    assert line.dollars == pytest.approx(24 * (200 * 0.5 * 2 + 0.5))
    assert line.fits


def test_a_fixed_part_does_not_grow_with_the_members():
    assert lines(every_job(10.0, 19.0), 20_000)["coldstartTrainer"].seconds == pytest.approx(29.0)


def test_an_hourly_job_that_follows_the_change_costs_that_share_of_its_first_run():
    figures = every_job(10.0, 100.0, changed={"karmaStats": 5.0, "personalizeContentTrainer": 5.0})

    costs = lines(figures, 100_000)

    assert costs["karmaStats"].measured == pytest.approx(5.0)
    assert costs["karmaStats"].seconds == pytest.approx(50.0)
    assert costs["personalizeContentTrainer"].seconds == pytest.approx(1000.0)


def test_a_job_that_would_outgrow_its_timeout_says_so():
    assert not lines(every_job(30.0, 300.0), 100_000)["contentStats"].fits


def test_one_more_post_costs_what_reading_it_takes_without_loading_the_models():
    costs = lines(performance(dict.fromkeys([*SCHEDULED, *EVENTS], (4.0, 5.0)), posts=(100, 300)), 1_000)

    assert costs["topicsClassify"].seconds == pytest.approx(1 / 200)


def test_requests_and_posts_cost_by_the_member_and_not_by_the_square():
    once, twice = (lines(read(KEPT), members) for members in (1_000_000, 2_000_000))

    for key in ("topicsClassify", "personalizeContentPredictor"):
        assert twice[key].dollars == pytest.approx(2 * once[key].dollars, rel=1e-6)
        assert 0 < once[key].seconds < 0.2


def test_more_members_never_cost_less():
    totals = [sum(line.dollars for line in day(read(KEPT), members)) for members in (1_000, 10**5, 10**6, 10**8)]

    assert totals == sorted(totals)
    assert standing() > 0


def test_every_scheduled_function_has_a_line():
    assert set(lines(read(KEPT), 1_000)) == SCHEDULED | EVENTS


def test_the_command_adds_up_its_lines(capsys):
    assert execute(["cost", "--users", "20000", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    parts = sum(line["dollars"] for line in document["functions"]) + document["standingDollars"]
    assert document["users"] == 20_000
    assert document["dollarsADay"] == pytest.approx(parts, abs=1e-3)
