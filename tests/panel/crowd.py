"""As much of everything as the pages promise to bear."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from features.countries import COUNTRIES
from store import audit
from store.client import Databases
from store.ids import Document, ObjectId
from store.outputs import categories
from store.schema import ensure_indexes
from tests.panel.state import NOW

CASES, ACTIONS, POSTS, PEOPLE, CATEGORIES, CHANGES = 100_000, 10_000, 5_000, 10_000, 60, 200
LONG = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle"  # one word


def crowd(db: Databases, now: datetime = NOW) -> ObjectId:
    """Fills the databases; gives the first post of the tree."""
    for name in ("suspiciouscredentials", "actions", "karma", "cascades", "evaluations"):
        ensure_indexes(db, name)
    db.app.suspiciouscredentials.insert_many(cases(now))
    db.analytics.actions.insert_many(planned(now))
    db.analytics.karma.insert_many(karma())
    for number in range(CATEGORIES):
        categories.create(db, f"crowd-{number}", f"{LONG} {number}", [f"{LONG.lower()}{number}"])
    for number in range(CHANGES):
        audit.write(db, f"{LONG}@example.org", "setting", LONG, now - timedelta(minutes=number), {LONG: number}, None)
    judge_everywhere(db, now)
    return grow(db, now)


def cases(now: datetime) -> Iterator[Document]:
    """Cases that wait, each with a score of its own."""
    dates = {"createdAt": now, "firstSeenAt": now, "lastSeenAt": now, "status": "open"}
    for number in range(CASES):
        key = ObjectId()
        told = {"score": 1 - number / CASES, "reasons": [LONG, "reads at night"]}
        yield {"_id": key, "seenCredential": key} | told | dates


def planned(now: datetime) -> Iterator[Document]:
    """Actions that failed in the words of a network."""
    common = {"event": "POST_LIKED", "network": "app", "category": "tea", "actor": "a", "state": "failed"}
    for number in range(ACTIONS):
        error = "429 too many requests: try again in 3600 seconds, and read https://example.org/limits#" + LONG
        yield common | {"_id": f"crowd {number}", "target": ObjectId(), "plannedAt": now, "dueAt": now, "error": error}


def karma() -> Iterator[Document]:
    """Karma of many people in one category."""
    for number in range(PEOPLE):
        user, high = ObjectId(), float(PEOPLE - number)
        why = {"posts": 3, "followers": 2e7, "expectedWeek": {"like": high}, "suspicion": 0.0, "topPosts": []}
        figures = {"karma": high, "interval": [0.0, 2 * high], "confidence": 0.4, "influence": {"score": 7}, "why": why}
        yield {"_id": f"{user}:crowd-0", "userId": user, "category": "crowd-0"} | figures


def judge_everywhere(db: Databases, now: datetime) -> None:
    """A judgement in which every country had enough requests."""
    chance = Random(1)
    figures = {"personal": 0.586, "guest": 0.497, "lemmy": 0.438}
    rankers = {
        name: {"ndcg@10": mean, "ci": [mean - 0.01, mean + 0.01], "recall@20": mean, "mrr": mean, "auc": mean}
        for name, mean in figures.items()
    }
    drawn = [(chance.randint(20, 9_000), chance.betavariate(6, 4), chance.betavariate(4, 5)) for _ in COUNTRIES]
    slices = {
        code: dict(zip(("requests", "personal", "lemmy"), each, strict=True))
        for code, each in zip(COUNTRIES, drawn, strict=True)
    }
    report = {"requests": 900_000, "rankers": rankers, "slices": {"country": slices}, "drift": {LONG: 0.9}, "alarm": 1}
    judged = [{"_id": f"crowd {day}", "time": now - timedelta(days=day), "report": report} for day in range(60)]
    db.analytics.evaluations.delete_many({})
    db.analytics.evaluations.insert_many(judged)


def grow(db: Databases, now: datetime) -> ObjectId:
    """A tree in which most pass on what was passed on much."""
    chance, ids = Random(1), [ObjectId() for _ in range(POSTS)]
    nodes: list[Document] = []
    for at, key in enumerate(ids):
        above = nodes[min(int(chance.expovariate(0.02)), at - 1)] if at else None
        level = above["level"] + 1 if above else 0
        nodes.append(
            {"id": key, "user": ObjectId(), "parent": above and above["id"], "level": level,
             "time": now - timedelta(days=9) + timedelta(minutes=at * 2.5), "rank": float(POSTS - at),
             "method": "follow" if at else "root", "confidence": 0.4, "candidates": []}
        )  # fmt: skip
    levels = [each["level"] for each in nodes]
    shape = {"size": POSTS, "depth": max(levels), "breadth": [levels.count(each) for each in range(max(levels) + 1)]}
    forecast = {"size": 6_000.0, "interval": [5_200.0, 8_000.0], "coverage": 0.8}
    more = {"structuralVirality": 6.1, "rootGone": False, "truncated": True, "forecast": forecast, "asOf": now}
    tree = {"_id": ids[0], "contentId": ids[0], "authorId": nodes[0]["user"], "nodes": nodes}
    times = {"createdAt": nodes[0]["time"], "lastReshareAt": nodes[-1]["time"]}
    db.analytics.cascades.insert_one(tree | {"members": "", "policy": ""} | shape | more | times)
    text = {"payload": {"message": f"{LONG} " * 9}, "visibility": "publish", "createdAt": nodes[0]["time"]}
    db.app.contents.insert_one({"_id": ids[0], "author": {"id": nodes[0]["user"]}} | text)
    return ids[0]
