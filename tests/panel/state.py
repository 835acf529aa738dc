"""A small community after a day's work, for the pages to show."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from starlette.testclient import TestClient

from handlers import features, fraud, predictors, trainers
from panel.app import application
from panel.auth import Access
from store import settings
from store.client import Databases, connect
from store.ids import ObjectId
from store.outputs import actions, categories
from tests.community import CONFIG, community, fill

NOW = CONFIG.until
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'{{7*7}}"
MOODS = ("Cheerful",) * 8 + ("Satisfied",) * 6 + ("Stressed",) * 5 + ("Depressed",) * 2


@contextmanager
def own_databases(uri: str) -> Iterator[Databases]:
    """Databases that live as long as the block; handlers use them too."""
    prefix = f"panel-{ObjectId()}-"
    databases = connect(uri, prefix)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MONGODB_URI", uri)
        patch.setenv("DB_PREFIX", prefix)
        yield databases
    databases.client.drop_database(databases.app.name)
    databases.client.drop_database(databases.analytics.name)
    databases.client.close()


def live(db: Databases) -> None:
    """A community with hostile words in it, every job but the text readers, moods, and planned actions."""
    made = community()
    made["contents"][0]["payload"]["message"] = HOSTILE
    made["contents"][0]["hashtags"] = [HOSTILE]
    for user in made["users"][:3]:
        user["displayName"] = HOSTILE
    fill(db, made)
    settings.save_thresholds(db, settings.Thresholds(feed_length=20))
    run_jobs(db)
    judge(db, NOW)
    feel(db)
    act(db)


def run_jobs(db: Databases) -> None:
    """The jobs of a day, in order."""
    at = {"time": NOW.isoformat()}
    for job in (features.content_stats, features.creator_stats):
        job(at)
    trainers.coldstart_trainer(at)
    trainers.coldstart_trainer({"time": (NOW + timedelta(minutes=1)).isoformat()})  # a version to go back to
    for job in (fraud.feature_extractor, fraud.model_trainer, fraud.predictor):
        job(at)
    predictors.serving_snapshot(at)
    predictors.coldstart_predictor(at)


def judge(db: Databases, at: datetime) -> None:
    """One day's judgement of the rankers, as rankingEvaluation writes it."""
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


def feel(db: Databases) -> None:
    """Moods of some who opted in, and of one who withdrew without being forgotten."""
    at = NOW - timedelta(days=2)
    for number, mood in enumerate(MOODS):
        analyse(db, ObjectId(f"{number:024x}"), mood, at)
        db.analytics.moods.insert_one(
            {"_id": ObjectId(f"{number:024x}"), "userId": ObjectId(f"{number:024x}"), "consentedAt": at}
        )
    analyse(db, ObjectId("f" * 24), "Depressed", at)


def analyse(db: Databases, user: ObjectId, mood: str, at: datetime) -> None:
    analysis = {"userId": user, "mood": mood, "analysedAt": at, "positivity": 0.6, "negativity": 0.1, "contents": 9}
    db.analytics.moods.insert_one({"_id": {"user": user, "at": at}, **analysis})


def act(db: Databases) -> None:
    """One category that plans, dry, and what it planned."""
    categories.save(db, "tea", "Tea", ["tea"])
    actor = db.app.users.find_one({})["_id"]
    over = dict.fromkeys(("like", "comment", "recast", "quote"), 0.0)
    chosen = {"enabled": True, "actor": actor, "thresholds": over, "perHour": 5, "burst": 10}
    actions.save_settings(db, "tea", chosen)
    for user in db.app.users.find({"visibility": "publish"}).skip(1).limit(3):
        body = {name: {"karmaSeed": 30.0, "karma": 1.0} for name in over}
        key = {"_id": f"{user['_id']}:tea", "userId": user["_id"], "category": "tea"}
        db.analytics.karma.replace_one({"_id": key["_id"]}, {**key, "karma": 3.0, "actions": body}, upsert=True)
    predictors.actions_plan({"time": NOW.isoformat()})


def client(db: Databases, access: Access | None = None, **more) -> TestClient:
    """A browser without a screen, on this machine or, with an access of its own, elsewhere."""
    base = "http://127.0.0.1" if access is None else "https://panel.example"
    return TestClient(
        application(db, access or Access(is_open=True), more.pop("clock", lambda: NOW), **more), base, **STAY
    )


STAY = {"follow_redirects": False}


def csrf(page: str) -> str:
    """The token in a page's form."""
    return (
        page.split('name="csrf" value="')[1].split('"')[0]
        if 'name="csrf"' in page
        else page.split('X-CSRF-Token": "')[1].split('"')[0]
    )
