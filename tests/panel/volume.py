"""Fills the databases with as much data as pages must handle."""

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


def fill_to_capacity(db: Databases, now: datetime = NOW) -> ObjectId:
    """Fills the databases. Returns the first post of the large reshare tree."""
    for name in ("suspiciouscredentials", "actions", "karma", "cascades", "evaluations"):
        ensure_indexes(db, name)
    db.app.suspiciouscredentials.insert_many(cases(now))
    db.analytics.actions.insert_many(planned(now))
    db.analytics.karma.insert_many(karma())
    for number in range(CATEGORIES):
        categories.create(db, f"large-{number}", f"{LONG} {number}", [f"{LONG.lower()}{number}"])
    for number in range(CHANGES):
        audit.write(db, f"{LONG}@example.org", "setting", LONG, now - timedelta(minutes=number), {LONG: number}, None)
    write_evaluations(db, now)
    return write_tree(db, now)


def cases(now: datetime) -> Iterator[Document]:
    """Yields open cases with different scores."""
    dates = {"createdAt": now, "firstSeenAt": now, "lastSeenAt": now, "status": "open"}
    for number in range(CASES):
        key = ObjectId()
        figures = {"score": 1 - number / CASES, "reasons": [LONG, "reads at night"]}
        yield {"_id": key, "seenCredential": key} | figures | dates


def planned(now: datetime) -> Iterator[Document]:
    """Yields failed actions with long messages of a network."""
    common = {"event": "POST_LIKED", "network": "app", "category": "tea", "actor": "a", "state": "failed"}
    for number in range(ACTIONS):
        error = "429 too many requests: try again in 3600 seconds, and read https://example.org/limits#" + LONG
        yield common | {"_id": f"large {number}", "target": ObjectId(), "plannedAt": now, "dueAt": now, "error": error}


def karma() -> Iterator[Document]:
    """Yields karma of many users in one category."""
    for number in range(PEOPLE):
        user, high = ObjectId(), float(PEOPLE - number)
        why = {"posts": 3, "followers": 2e7, "expectedWeek": {"like": high}, "suspicion": 0.0, "topPosts": []}
        figures = {"karma": high, "interval": [0.0, 2 * high], "confidence": 0.4, "influence": {"score": 7}, "why": why}
        yield {"_id": f"{user}:large-0", "userId": user, "category": "large-0"} | figures


def write_evaluations(db: Databases, now: datetime) -> None:
    """Writes 60 evaluations in which every country has enough requests."""
    chance = Random(1)
    figures = {"personal": 0.586, "guest": 0.497, "lemmy": 0.438}
    rankers = {
        name: {"ndcg@10": mean, "ci": [mean - 0.01, mean + 0.01], "recall@20": mean, "mrr": mean, "auc": mean}
        for name, mean in figures.items()
    }
    drawn = [(chance.randint(20, 9_000), chance.betavariate(6, 4), chance.betavariate(4, 5)) for _ in COUNTRIES]
    slices = {
        code: dict(zip(("requests", "personal", "lemmy"), figures, strict=True))
        for code, figures in zip(COUNTRIES, drawn, strict=True)
    }
    report = {"requests": 900_000, "rankers": rankers, "slices": {"country": slices}, "drift": {LONG: 0.9}, "alarm": 1}
    evaluations = [{"_id": f"large {day}", "time": now - timedelta(days=day), "report": report} for day in range(60)]
    db.analytics.evaluations.delete_many({})
    db.analytics.evaluations.insert_many(evaluations)


def write_tree(db: Databases, now: datetime) -> ObjectId:
    """Writes a reshare tree in which early posts have most reshares."""
    chance, ids = Random(1), [ObjectId() for _ in range(POSTS)]
    nodes: list[Document] = []
    for at, key in enumerate(ids):
        parent = nodes[min(int(chance.expovariate(0.02)), at - 1)] if at else None
        level = parent["level"] + 1 if parent else 0
        nodes.append(
            {"id": key, "user": ObjectId(), "parent": parent and parent["id"], "level": level,
             "time": now - timedelta(days=9) + timedelta(minutes=at * 2.5), "rank": float(POSTS - at),
             "method": "follow" if at else "root", "confidence": 0.4, "candidates": []}
        )  # fmt: skip
    levels = [node["level"] for node in nodes]
    shape = {"size": POSTS, "depth": max(levels), "breadth": [levels.count(level) for level in range(max(levels) + 1)]}
    forecast = {"size": 6_000.0, "interval": [5_200.0, 8_000.0], "coverage": 0.8}
    figures = {"structuralVirality": 6.1, "rootGone": False, "truncated": True, "forecast": forecast, "asOf": now}
    tree = {"_id": ids[0], "contentId": ids[0], "authorId": nodes[0]["user"], "nodes": nodes}
    times = {"createdAt": nodes[0]["time"], "lastReshareAt": nodes[-1]["time"]}
    db.analytics.cascades.insert_one(tree | {"members": "", "policy": ""} | shape | figures | times)
    text = {"payload": {"message": f"{LONG} " * 9}, "visibility": "publish", "createdAt": nodes[0]["time"]}
    db.app.contents.insert_one({"_id": ids[0], "author": {"id": nodes[0]["user"]}} | text)
    return ids[0]
