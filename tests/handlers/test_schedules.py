"""Schedules that an operator sets, followed by the handlers for calls by the scheduler."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers import features
from handlers.manifest import late_minutes, named, next_run
from handlers.schedules import checked, first_after, is_due
from ops.commands.run import call
from panel.views.schedules import next_runs
from store import runs, settings

MIDNIGHT = datetime(2026, 1, 15, tzinfo=UTC)  # a Thursday
NOT_DUE = {"notDue": 1}
SCHEDULER = "aws.scheduler"


def wake(moment, source=SCHEDULER):
    """Calls contentStats, by the scheduler or by hand."""
    return features.content_stats({"time": moment.isoformat()} | ({"source": source} if source else {}))


def hours_worked(db):
    return [run["time"].hour for run in db.analytics.runs.find().sort("time")]


def test_a_function_works_at_the_first_call_after_each_time_that_its_schedule_names(db):
    settings.schedule(db, "contentStats", "30 */6 * * *")

    answers = [wake(MIDNIGHT + timedelta(hours=hour)) for hour in range(24)]

    assert hours_worked(db) == [0, 1, 7, 13, 19]  # at midnight because it never ran before
    assert answers.count(NOT_DUE) == 19


def test_without_a_schedule_of_its_own_a_function_works_at_every_call(db):
    settings.schedule(db, "contentStats", "0 3 * * *")
    settings.schedule(db, "contentStats", None)

    for hour in range(3):
        wake(MIDNIGHT + timedelta(hours=hour))

    assert hours_worked(db) == [0, 1, 2]


def test_a_schedule_does_not_hold_back_calls_by_hand(db):
    settings.schedule(db, "contentStats", "0 3 * * *")

    for hour in range(3):
        wake(MIDNIGHT + timedelta(hours=hour), source=None)

    assert hours_worked(db) == [0, 1, 2]


def test_a_run_that_failed_is_made_up_for_at_the_next_call(db, monkeypatch):
    wake(MIDNIGHT)
    settings.schedule(db, "contentStats", "0 3 * * *")
    with monkeypatch.context() as patch:
        patch.setattr("features.jobs.statistics.update_content_stats", out_of_luck)
        with pytest.raises(RuntimeError):
            wake(MIDNIGHT + timedelta(hours=3))

    late, then = (wake(MIDNIGHT + timedelta(hours=hour)) for hour in (4, 5))

    assert late != NOT_DUE
    assert then == NOT_DUE


def out_of_luck(*_, **__):
    raise RuntimeError("out of luck")


def test_a_time_at_which_the_function_was_off_is_made_up_for(db):
    wake(MIDNIGHT)
    settings.schedule(db, "contentStats", "0 3 * * *")
    settings.switch(db, "contentStats", on=False)
    wake(MIDNIGHT + timedelta(hours=3))
    settings.switch(db, "contentStats", on=True)

    assert wake(MIDNIGHT + timedelta(hours=4)) != NOT_DUE


def test_the_same_call_twice_works_once(db):
    settings.schedule(db, "contentStats", "0 * * * *")

    first, again = wake(MIDNIGHT), wake(MIDNIGHT)

    assert first != NOT_DUE
    assert again == NOT_DUE


def test_a_call_that_is_not_due_says_so_and_is_no_run(db):
    wake(MIDNIGHT)
    settings.schedule(db, "contentStats", "0 3 * * *")

    outcome = call(named("contentStats"), {"time": (MIDNIGHT + timedelta(hours=1)).isoformat(), "source": SCHEDULER})

    assert outcome.status == "not due"
    assert db.analytics.runs.count_documents({}) == 1


def test_a_function_on_its_own_schedule_is_not_late_before_that_schedule_is():
    function, done = named("coldstartPredictor"), MIDNIGHT + timedelta(hours=3, minutes=20)
    cron = "0 3 * * *"

    assert late_minutes(function, cron, done, MIDNIGHT + timedelta(hours=20)) == 0
    assert late_minutes(function, cron, done, MIDNIGHT + timedelta(days=1, hours=4, minutes=20)) == 60
    assert late_minutes(function, None, done, MIDNIGHT + timedelta(hours=20)) == 940


def test_the_next_run_is_the_first_call_after_the_schedules_next_time():
    hourly, daily = named("coldstartPredictor"), named("coldstartTrainer")
    done = MIDNIGHT + timedelta(hours=1, minutes=20)

    assert next_run(hourly, "0 3 * * *", done, done) == MIDNIGHT + timedelta(hours=3, minutes=20)
    assert next_run(hourly, "20 3 * * *", done, done) == MIDNIGHT + timedelta(hours=3, minutes=20)
    assert next_run(hourly, "21 3 * * *", done, done) == MIDNIGHT + timedelta(hours=4, minutes=20)
    assert next_run(daily, "0 0 * * MON", done, done) == MIDNIGHT + timedelta(days=4, hours=1, minutes=10)


def test_the_announced_runs_are_the_runs_that_happen(db):
    settings.schedule(db, "contentStats", "15 */4 * * *")
    wake(MIDNIGHT)
    announced = next_runs(named("contentStats"), "15 */4 * * *", runs.last_done(db, "contentStats", MIDNIGHT), MIDNIGHT)

    for hour in range(1, 24):
        wake(MIDNIGHT + timedelta(hours=hour))

    assert [moment.hour for moment in announced] == hours_worked(db)[1:6] == [1, 5, 9, 13, 17]


def test_whether_it_is_due_does_not_depend_on_earlier_checks():
    done, cron = MIDNIGHT, "7 2,14 * * 1-5"
    fired = first_after(cron, done)

    due = [is_due(cron, done, done + timedelta(minutes=minute)) for minute in range(180)]

    assert due.index(True) == (fired - done) // timedelta(minutes=1) == 127
    assert all(due[127:])


@pytest.mark.parametrize(
    "line",
    ["", "0 3 * *", "0 0 3 * * *", "61 * * * *", "0 25 * * *", "0 3 * * FUNDAY", "0 0 31 2 *", "@daily", "*/0 * * * *"],
)
def test_a_line_that_is_no_schedule_is_refused_with_the_line(line):
    with pytest.raises(ValueError, match=r"cron line|less than once a year"):
        checked(line, MIDNIGHT)


def test_a_line_is_stored_with_single_spaces_and_capitals():
    assert checked("  0  3 * *   mon-fri ", MIDNIGHT) == "0 3 * * MON-FRI"
