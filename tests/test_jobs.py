"""What holds for every job of serverless.yml."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from handlers.manifest import Function, everything, functions
from ops.commands.run import backfill, run_all
from store.client import Databases
from store.ids import to_extended_json
from tests.community import TIME, community, fill
from tests.reliability.harness import handlers_use

JOBS = [each for each in functions().values() if each.is_job]
BOOKKEEPING = {"runs", "leases"}

every_job = pytest.mark.parametrize("job", JOBS, ids=lambda each: each.key)


@pytest.fixture(scope="module")
def settled(uri):
    """A community that every job has seen once; the outcomes by function."""
    with handlers_use(uri) as db:
        fill(db, community())
        outcomes = run_all(everything(), {"time": TIME}, first=backfill())
        yield db, {outcome.function: outcome for outcome in outcomes}


@dataclass(frozen=True)
class Again:
    """Two more runs of one job on the settled community, at the same clock."""

    job: Function
    db: Databases
    counts: dict[str, Any]
    once: dict[tuple[str, str], list[str]]
    twice: dict[tuple[str, str], list[str]]


@pytest.fixture(scope="module", params=JOBS, ids=lambda each: each.key)
def again(settled, request):
    db, _ = settled
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DB_PREFIX", db.app.name.removesuffix("app-db"))
        handler = request.param.load()
        handler({"time": TIME}, None)
        once = snapshot(db)
        counts = handler({"time": TIME}, None)
        return Again(request.param, db, counts, once, snapshot(db))


def snapshot(db):
    """Every document of both databases but the record of the runs."""
    return {
        (database.name, name): [to_extended_json(each) for each in database[name].find().sort("_id", 1)]
        for database in (db.app, db.analytics)
        for name in database.list_collection_names()
        if name not in BOOKKEEPING
    }


@every_job
def test_the_job_succeeds_on_a_sound_community(settled, job):
    _, outcomes = settled

    assert (outcomes[job.key].status, outcomes[job.key].error) == ("done", "")


def test_running_twice_is_running_once(again):
    changed = {
        name: [pair for pair in zip(found, again.twice.get(name, []), strict=False) if pair[0] != pair[1]][:1]
        for name, found in again.once.items()
        if found != again.twice.get(name)
    }
    assert changed == {}
    assert again.twice.keys() == again.once.keys()


def test_nothing_temporary_is_left(again):
    names = [name for _, name in again.twice]
    assert not [each for each in names if each.endswith("temp") or each.startswith("tmp")]
    assert again.db.analytics.leases.count_documents({}) == 0


def test_the_app_keeps_its_own_documents(again):
    own = {name: len(batch) for name, batch in community().items()}
    assert {name: len(again.twice[again.db.app.name, name]) for name in own} == own


def test_every_run_is_recorded_with_its_counts(again):
    run = again.db.analytics.runs.find_one({"function": again.job.key}, sort=[("startedAt", -1)])
    assert run["status"] == "done"
    assert json.loads(json.dumps(run["counts"])) == json.loads(json.dumps(again.counts))
    assert run["time"].isoformat() == TIME


@every_job
def test_an_empty_database_harms_nothing(db, job):
    db.app.guestfeeditems.insert_one({"countryCode": "th", "score": 1.0})
    before = {name: list(db.app[name].find()) for name in db.app.list_collection_names()}

    counts = job.load()({"time": TIME}, None)

    assert json.dumps(counts)
    after = {name: found for name in db.app.list_collection_names() if (found := list(db.app[name].find()))}
    assert after == before


@every_job
def test_a_time_that_is_none_is_refused_by_name(db, job):
    with pytest.raises(ValueError, match="time: "):
        job.load()({"time": "noon"}, None)
    assert db.analytics.list_collection_names() == []
