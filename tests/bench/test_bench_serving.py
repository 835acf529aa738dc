"""How long a personal request takes on a community of 2,000 members, database included, warm."""

import sys
import time

import numpy as np
import pytest

from features.fingerprint import fingerprint
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS
from features.ranking.member_columns import EFFECT_COLUMNS
from lab.simulate import Config as Community
from predictors.jobs import personal, snapshot
from store.outputs import models
from store.schema import COLLECTIONS, ensure_indexes
from tests.golden.worlds import simulated
from tests.predictors.jobs.test_personal import own_model
from trainers.boosters import GLOBAL, RESIDUAL, fit

pytestmark = pytest.mark.bench

COMMUNITY = Community(users=2_000, days=14, seed=1)
NOW = COMMUNITY.until
REQUESTS, CANDIDATES = 300, 1_000


@pytest.fixture(scope="module")
def world(uri):
    with simulated(uri, COMMUNITY) as db:
        ensure_indexes(db, *(name for name, each in COLLECTIONS.items() if each.database == "app"))
        snapshot.publish_snapshot(db, NOW)
        train(db)
        yield db


def train(db):
    """Boosters of the size that training gives."""
    generator = np.random.default_rng(3)
    matrix = generator.gamma(1.0, 3.0, (20_000, len(MEMBER_COLUMNS))).astype(np.float32)
    label = (generator.random(len(matrix)) < 0.1).astype(np.float64)
    guest = np.ascontiguousarray(matrix[:, : len(GUEST_COLUMNS)])
    one = np.ones(len(label))
    world, residual = fit(guest, label, one, None, GLOBAL), fit(guest, label, one, None, RESIDUAL)
    levels = [models.Artifact("global", "guest", world, "ubj", GUEST_COLUMNS, fingerprint(GUEST_COLUMNS), None)]
    levels += [
        models.Artifact(each, "guest", residual, "ubj", GUEST_COLUMNS, fingerprint(GUEST_COLUMNS), "global")
        for each in ("asia", "europe")
    ]
    levels.append(
        models.Artifact(
            "members",
            "member",
            fit(matrix, label, one, None, GLOBAL),
            "ubj",
            MEMBER_COLUMNS,
            fingerprint(MEMBER_COLUMNS),
            "global",
        )
    )
    models.save(db, "mlArtifacts_global", levels, NOW)
    owners = [str(each["_id"]) for each in db.app.accounts.find({"isGuest": False}, {"_id": 1})]
    models.save(db, "mlArtifacts", (own_model(each, np.full(len(EFFECT_COLUMNS), 0.1)) for each in owners), NOW)


def events(db):
    generator = np.random.default_rng(7)
    accounts = [str(each["_id"]) for each in db.app.accounts.find({"isGuest": False}, {"_id": 1})]
    contents = [str(each["_id"]) for each in db.app.contents.find({"visibility": "publish"}, {"_id": 1})]
    for account in generator.choice(accounts, REQUESTS, replace=False).tolist():
        yield {"accountId": account, "contents": generator.choice(contents, CANDIDATES, replace=False).tolist()}


def measured(db, asked, name):
    spent, busy = [], []
    for event in asked:
        started, used = time.perf_counter(), time.process_time()
        personal.rank(db, NOW, personal.parse_query(event))
        spent.append((time.perf_counter() - started) * 1000)
        busy.append((time.process_time() - used) * 1000)
    (p50, p99), cpu = np.percentile(spent[20:], [50, 99]), np.median(busy[20:])
    at_work = f"{cpu:.1f} ms of it this process at work; first {spent[0]:.0f} ms"
    sys.stdout.write(f"\n{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {at_work}\n")
    return p50, p99


def test_a_thousand_candidates_are_scored_in_15_ms(world):
    p50, p99 = measured(world, list(events(world)), f"{CANDIDATES} candidates")

    assert p50 < 15
    assert p99 < 40


def test_items_are_gathered_and_ranked_in_80_ms(world):
    asked = [{"accountId": each["accountId"], "limit": 20, "explore": True} for each in events(world)]

    _, p99 = measured(world, asked, "items")

    assert p99 < 80
