import json

import pytest

from handlers.manifest import functions
from handlers.predictors import serving_snapshot
from ops.cli import execute
from ops.commands.cost import Earlier, Habits, Prices, day, grown, ranking_seconds, reading_seconds, standing
from tests.community import CONFIG, community, fill

TIME = CONFIG.until

FREE = Habits(posts=0.0, rankings=0.0)


def by_function(lines):
    return {each.function: each for each in lines}


def test_a_jobs_day_is_its_calls_times_seconds_memory_and_price():
    prices = Prices(gib_second=2.0, call=0.5, bus_event=0.0)

    line = by_function(day({"contentStats": 3.0}, {"contentStats": 30.0}, 1000, FREE, prices))["contentStats"]

    assert (line.calls, line.seconds, line.gib) == (24.0, 30.0, 0.5)
    assert line.dollars == pytest.approx(24 * (30 * 0.5 * 2 + 0.5))
    assert line.fits


def test_a_job_that_would_outgrow_its_timeout_says_so():
    assert not by_function(day({"contentStats": 3.0}, {"contentStats": 3000.0}, 1000, FREE))["contentStats"].fits


def test_requests_and_posts_cost_by_the_member_and_not_by_the_square():
    once = by_function(day({}, {}, 1_000, Habits()))
    twice = by_function(day({}, {}, 2_000, Habits()))

    for key in ("topicsClassify", "personalizeContentPredictor"):
        assert twice[key].dollars == pytest.approx(2 * once[key].dollars, rel=0.01)


def test_more_members_never_cost_less():
    here = {"contentStats": 1.0}
    days = [day(here, grown(here, 100, users), users, Habits()) for users in (10, 1000, 10**6)]
    totals = [sum(each.dollars for each in lines) for lines in days]

    assert totals == sorted(totals)
    assert standing() > 0


def test_a_part_that_does_not_grow_is_told_apart_by_a_smaller_community():
    here = {"fixed": 3.0, "growing": 3.0, "noisy": 1.0, "new": 1.0}
    there = Earlier(50, {"fixed": 3.0, "growing": 2.0, "noisy": 2.0})

    assert grown(here, 100, 1000, there) == {"fixed": 3.0, "growing": 21.0, "noisy": 1.0, "new": 10.0}
    assert grown(here, 100, 10, there) == here


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"measuredAt": 99, "functions": []}'], ids=repr)
def test_a_smaller_community_that_is_none_is_refused_by_name(db, capsys, tmp_path, text):
    db.app.users.insert_many([{} for _ in range(10)])
    db.analytics.runs.insert_one({"function": "f", "time": TIME, "startedAt": TIME, "status": "done", "seconds": 1})
    (tmp_path / "before.json").write_text(text)

    assert execute(["cost", "--smaller", str(tmp_path / "before.json")]) == 2

    assert "--smaller: " in capsys.readouterr().err


def test_every_function_by_the_clock_has_a_line():
    timed = {key for key, each in functions().items() if each.timings}

    assert timed <= set(by_function(day({}, {}, 10, Habits())))


def test_the_command_measures_by_this_databases_runs(db, capsys):
    db.app.users.insert_many([{} for _ in range(10)])
    run = {"function": "contentStats", "time": TIME, "startedAt": TIME}
    db.analytics.runs.insert_many([run | {"status": "done", "seconds": each} for each in (1, 2, 9)])
    db.analytics.runs.insert_one(run | {"status": "failed", "seconds": 900})

    assert execute(["cost", "--users", "20", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    (line,) = [each for each in found["functions"] if each["function"] == "contentStats"]
    assert (line["measured"], line["seconds"]) == (2.0, 4.0)
    assert found["dollarsADay"] == pytest.approx(sum(each["dollars"] for each in found["functions"])
                                                 + found["standingDollars"], abs=1e-3)  # fmt: skip


def test_what_answers_one_event_is_measured_where_there_is_something_to_answer(db):
    assert reading_seconds(db) is None
    assert ranking_seconds(db, TIME) is None

    fill(db, community())
    serving_snapshot({"time": TIME.isoformat()})

    assert 0 < reading_seconds(db) < 5
    assert 0 < ranking_seconds(db, TIME) < 5


def test_without_runs_the_remedy_is_named(db, capsys):
    assert execute(["cost", "--users", "20"]) == 2

    assert "feedpulse run all" in capsys.readouterr().err
