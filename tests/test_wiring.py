"""serverless.yml = code = README."""

import inspect
import re
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from handlers import manifest as wiring
from handlers.manifest import Function
from handlers.timing import parse_timing
from store.inputs.import_dump import app_collections

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
FUNCTIONS = wiring.functions()
JOBS = [each for each in FUNCTIONS.values() if each.is_job]
# Names that deployments hold on to: key → handler, when.
CONTRACT = {
    "contentStats": ("handlers.features.content_stats", "hourly"),
    "creatorStats": ("handlers.features.creator_stats", "hourly"),
    "topicsClassify": ("handlers.features.topics_classify", "contents"),
    "karmaStats": ("handlers.features.karma_stats", "hourly"),
    "cascadeStats": ("handlers.features.cascade_stats", "hourly"),
    "coldstartTrainer": ("handlers.trainers.coldstart_trainer", "daily"),
    "personalizeContentTrainer": ("handlers.trainers.personalize_content_trainer", "daily"),
    "personalizeContentWorker": ("handlers.trainers.personalize_content_worker", "on request"),
    "rankingEvaluation": ("handlers.trainers.ranking_evaluation", "daily"),
    "coldstartPredictor": ("handlers.predictors.coldstart_predictor", "hourly"),
    "personalizeContentPredictor": ("handlers.predictors.personalize_content_predictor", "on request"),
    "startAnalysis": ("handlers.predictors.start_analysis", "on request"),
    "recommendFriends": ("handlers.predictors.recommend_friends", "on request"),
    "friendToFollow": ("handlers.predictors.friend_to_follow", "on request"),
    "fraudFeatureExtractor": ("handlers.fraud.feature_extractor", "hourly"),
    "fraudModelTrainer": ("handlers.fraud.model_trainer", "daily"),
    "fraudPredictor": ("handlers.fraud.predictor", "hourly"),
    "fraudFeatureUpdater": ("handlers.fraud.feature_updater", "suspiciouscredentials"),
}


def when(function: Function) -> set[str]:
    """hourly, daily, the collections whose changes it follows, or on request."""
    timed = {"hourly" if function.is_hourly else "daily"} if function.timings else set()
    changed = set(function.changes)
    return timed | changed or {"on request"}


@pytest.mark.parametrize("key", FUNCTIONS)
def test_the_handler_exists_and_takes_event_and_context(key):
    handler = FUNCTIONS[key].load()

    assert len(inspect.signature(handler, follow_wrapped=False).parameters) == 2
    assert handler.__doc__


@pytest.mark.parametrize("key", CONTRACT)
def test_the_function_is_called_when_and_by_what_the_contract_says(key):
    handler, expected = CONTRACT[key]

    assert FUNCTIONS[key].handler == handler
    assert expected in when(FUNCTIONS[key])


@pytest.mark.parametrize("timing", [pytest.param(timing, id=job.key) for job in JOBS for timing in job.timings])
def test_every_schedule_fires_again_within_a_week(timing):
    start = datetime(2026, 1, 31, 12, 34, 56, tzinfo=UTC)

    fired = timing.next_after(start)

    assert start < fired <= start + timedelta(days=7)
    assert timing.next_after(fired) > fired


@pytest.mark.parametrize("job", JOBS, ids=lambda each: each.key)
def test_changes_are_followed_of_collections_that_the_app_has(job):
    assert set(job.changes) <= set(app_collections())


def test_no_two_hourly_functions_start_at_the_same_minute():
    minutes = [each.timings[0].minute_of_day for each in wiring.hourly()]

    assert len(set(minutes)) == len(minutes)


def test_all_runs_each_timed_function_once_trainers_between_features_and_predictors():
    keys = [each.key for each in wiring.everything()]

    assert sorted(keys) == sorted(each.key for each in FUNCTIONS.values() if each.timings)
    assert keys.index("contentStats") < keys.index("coldstartTrainer") < keys.index("coldstartPredictor")
    assert keys.index("fraudModelTrainer") < keys.index("fraudPredictor")


@pytest.mark.parametrize("key", [key for key, each in FUNCTIONS.items() if each.handler.startswith("handlers.")])
def test_the_readme_lists_the_function_with_its_handler_and_time(key):
    function = FUNCTIONS[key]
    (row,) = re.findall(rf"^\| `{key}` \| `([\w.]+)` \| ([^|]+) \|", README, re.MULTILINE)

    assert row[0] == function.handler
    assert all(word in row[1] for word in when(function))


def test_the_readme_lists_no_function_that_is_not_there():
    listed = re.findall(r"^\| `(\w+)` \| `handlers\.", README, re.MULTILINE)

    assert set(listed) <= set(FUNCTIONS)


@pytest.mark.parametrize(
    ("expression", "after", "fires"),
    [
        ("cron(0 * * * ? *)", "2026-01-01T00:00:00", "2026-01-01T01:00:00"),
        ("cron(10 1 * * ? *)", "2026-01-01T01:10:00", "2026-01-02T01:10:00"),
        ("cron(0 3 ? * 1 *)", "2026-01-01T00:00:00", "2026-01-04T03:00:00"),
        ("cron(0 3 ? * SUN *)", "2026-01-01T00:00:00", "2026-01-04T03:00:00"),
        ("cron(0 3 ? * MON-FRI *)", "2026-01-03T00:00:00", "2026-01-05T03:00:00"),
        ("cron(0/20 * * * ? *)", "2026-01-01T00:05:00", "2026-01-01T00:20:00"),
        ("rate(1 hour)", "2026-01-01T00:30:00", "2026-01-01T01:00:00"),
        ("rate(15 minutes)", "2026-01-01T00:00:00", "2026-01-01T00:15:00"),
        ("rate(1 day)", "2026-01-01T05:00:00", "2026-01-02T00:00:00"),
    ],
)
def test_eventbridges_expressions_fire_when_aws_says(expression, after, fires):
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)

    assert parse_timing(expression).next_after(moment) == datetime.fromisoformat(fires).replace(tzinfo=UTC)


@pytest.mark.parametrize("expression", ["every hour", "cron(0 * * * *)", "cron(0 3 * * ? 2027)", "rate(2 weeks)"])
def test_an_expression_that_is_none_is_refused_by_name(expression):
    with pytest.raises(ValueError, match="schedule: "):
        parse_timing(expression)


def test_schedules_and_changes_are_read_in_every_form_beside_cloudformations_tags(tmp_path):
    (tmp_path / "serverless.yml").write_text(
        textwrap.dedent("""
            custom: {changes: {c: contents}}
            functions:
              a: {handler: x.y, role: !GetAtt Role.Arn, events: [schedule: rate(1 hour), http: {path: !Sub "/${A}"}]}
              b:
                handler: x.z
                events:
                  - schedule: {rate: ["cron(0 4 * * ? *)", "cron(0 16 * * ? *)"], enabled: true}
                  - eventBridge: {pattern: {detail: {ns: {coll: [suspiciouscredentials]}}}}
              c: {handler: x.c, vpc: !If [A, !Ref B, 1]}
        """)
    )

    found = wiring.functions(tmp_path / "serverless.yml")

    assert found["a"].is_hourly
    assert [each.cron for each in found["b"].timings] == ["0 4 * * *", "0 16 * * *"]
    assert [found[key].changes for key in "abc"] == [(), ("suspiciouscredentials",), ("contents",)]


def test_serverless_yml_is_plain_yaml_without_secrets():
    text = (ROOT / "serverless.yml").read_text()

    assert "mongodb://" not in text
    assert "mongodb+srv" not in text
    assert yaml.safe_load(re.sub(r"!\w+", "", text))["service"] == "feedpulse"
