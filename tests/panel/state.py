"""A small community after one day of jobs, for the pages to show."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from starlette.testclient import TestClient

from handlers import features, fraud, predictors, trainers
from panel.app import application
from panel.auth import Access
from store import settings
from store.client import Databases
from store.ids import ObjectId
from store.outputs import actions, categories
from tests.community import CONFIG, community, fill
from tests.reliability.harness import handlers_use

NOW = CONFIG.until
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'{{7*7}}"
MOODS = ("Cheerful",) * 8 + ("Satisfied",) * 6 + ("Stressed",) * 5 + ("Depressed",) * 2


@contextmanager
def panel_databases(uri: str) -> Iterator[Databases]:
    """Opens databases for the block. Handlers use them too."""
    with handlers_use(uri, "panel") as databases:
        yield databases


def live(db: Databases) -> None:
    """Writes a community with hostile texts, runs the jobs but text analysis, and writes moods and actions."""
    documents = community()
    documents["contents"][0]["payload"]["message"] = HOSTILE
    documents["contents"][0]["hashtags"] = [HOSTILE]
    for user in documents["users"][:3]:
        user["displayName"] = HOSTILE
    fill(db, documents)
    settings.save_thresholds(db, settings.Thresholds(feed_length=20))
    run_jobs(db)
    write_evaluation(db, NOW)
    write_moods(db)
    plan_actions(db)


def run_jobs(db: Databases) -> None:
    """Runs the jobs of a day, in order."""
    at = {"time": NOW.isoformat()}
    for job in (features.content_stats, features.creator_stats):
        job(at)
    trainers.coldstart_trainer(at)
    trainers.coldstart_trainer({"time": (NOW + timedelta(minutes=1)).isoformat()})  # a version to roll back from
    for job in (fraud.feature_extractor, fraud.model_trainer, fraud.predictor):
        job(at)
    predictors.serving_snapshot(at)
    predictors.coldstart_predictor(at)


def write_evaluation(db: Databases, at: datetime) -> None:
    """Writes one day's evaluation of the rankers, like rankingEvaluation."""
    figures = {"personal": 0.586, "guest": 0.497, "lemmy": 0.438, "popularity": 0.301, "random": 0.102}
    rankers = {
        name: {"ndcg@10": mean, "ci": [mean - 0.05, mean + 0.05], "recall@20": mean, "mrr": mean, "auc": mean}
        for name, mean in figures.items()
    }
    report = {
        "requests": 86,
        "rankers": rankers,
        "slices": {"country": {"th": {"requests": 40, **figures}}},
        "drift": {"ageScore": 0.31, "likeCount": 0.02},
        "alarm": 0,
    }
    db.analytics.evaluations.insert_one({"_id": f"ranking {at:%Y-%m-%d}", "time": at, "report": report})


def write_moods(db: Databases) -> None:
    """Writes moods of people who opted in, and of one whose consent is gone."""
    at = NOW - timedelta(days=2)
    for number, mood in enumerate(MOODS):
        write_mood(db, ObjectId(f"{number:024x}"), mood, at)
        db.analytics.moods.insert_one(
            {"_id": ObjectId(f"{number:024x}"), "userId": ObjectId(f"{number:024x}"), "consentedAt": at}
        )
    write_mood(db, ObjectId("f" * 24), "Depressed", at)


def write_mood(db: Databases, user: ObjectId, mood: str, at: datetime) -> None:
    analysis = {"userId": user, "mood": mood, "analysedAt": at, "positivity": 0.6, "negativity": 0.1, "contents": 9}
    db.analytics.moods.insert_one({"_id": {"user": user, "at": at}, **analysis})


def plan_actions(db: Databases) -> None:
    """Sets up one category in dry run, and plans actions."""
    categories.create(db, "tea", "Tea", ["tea"])
    actor = db.app.users.find_one({})["_id"]
    over = dict.fromkeys(("like", "comment", "recast", "quote"), 0.0)
    values = {"enabled": True, "actor": actor, "thresholds": over, "perHour": 5, "burst": 10}
    actions.save_settings(db, "tea", values)
    for user in db.app.users.find({"visibility": "publish"}).skip(1).limit(3):
        body = {name: {"karmaSeed": 30.0, "karma": 1.0} for name in over}
        key = {"_id": f"{user['_id']}:tea", "userId": user["_id"], "category": "tea"}
        db.analytics.karma.replace_one({"_id": key["_id"]}, {**key, "karma": 3.0, "actions": body}, upsert=True)
    predictors.actions_plan({"time": NOW.isoformat()})


def client(db: Databases, access: Access | None = None, **options) -> TestClient:
    """Returns a client of an open panel or, with `access`, of a panel with sign-in."""
    base = "http://127.0.0.1" if access is None else "https://panel.example"
    panel = application(db, access or Access(is_open=True), options.pop("clock", lambda: NOW), **options)
    return TestClient(panel, base, follow_redirects=False)


def csrf(page: str) -> str:
    """Returns the CSRF token of a page."""
    return (
        page.split('name="csrf" value="')[1].split('"')[0]
        if 'name="csrf"' in page
        else page.split('X-CSRF-Token": "')[1].split('"')[0]
    )
