"""Thresholds and switches that jobs read at run time."""

import pytest

from features.jobs import statistics
from fraud.jobs.prediction import Prediction
from fraud.jobs.training import Training
from handlers import features, fraud, predictors
from handlers.manifest import named
from ops.commands.run import call
from predictors.jobs import guest_feed
from store import settings
from store.settings import Thresholds
from tests.community import TIME, community, fill


def test_default_thresholds_equal_the_defaults_of_the_jobs():
    standard = Thresholds()

    assert standard.false_positive_rate == Training().false_positive_rate
    assert (standard.cooldown_days, standard.audit_share) == (Prediction().cooldown_days, Prediction().audit_share)
    assert (standard.feed_length, standard.discount_bots) == (
        guest_feed.Config().top,
        guest_feed.Config().discount_bots,
    )


def test_the_length_of_the_guest_feed_takes_effect_at_the_next_run(db):
    fill(db, community())
    settings.save_thresholds(db, Thresholds(feed_length=10))

    counts = predictors.coldstart_predictor({"time": TIME})

    assert counts["items"] == 10 * counts["countries"]


@pytest.mark.parametrize("discount", [True, False])
def test_the_bot_discount_follows_the_setting(db, monkeypatch, discount):
    calls = []
    monkeypatch.setattr(statistics, "update_content_stats", lambda *_, **options: calls.append(options) or {})
    settings.save_thresholds(db, Thresholds(discount_bots=discount))

    features.content_stats({"time": TIME})

    assert calls == [{"discount_bots": discount}]


def test_an_invalid_setting_stops_the_job_and_is_named(db):
    db.analytics.settings.insert_one({"_id": "thresholds", "values": {"audit_share": 7}})

    with pytest.raises(ValueError, match=r"audit_share: 7 is not a number between 0 and 0\.5"):
        fraud.predictor({"time": TIME})


def test_a_function_that_is_off_does_nothing_until_it_is_switched_on(db):
    fill(db, community())
    settings.switch(db, "contentStats", on=False)

    off = call(named("contentStats"), {"time": TIME})
    settings.switch(db, "contentStats", on=True)
    on = call(named("contentStats"), {"time": TIME})

    assert (off.status, off.counts) == ("off", {"switchedOff": 1})
    assert on.counts["contents"] > 0
    assert [run["counts"] for run in db.analytics.runs.find().sort("_id")] == [off.counts, on.counts]


def test_switching_off_twice_is_switching_off_once(db):
    for _ in range(2):
        settings.switch(db, "creatorStats", on=False)
    settings.switch(db, "creatorStats", on=True)

    assert settings.switched_off(db) == set()
