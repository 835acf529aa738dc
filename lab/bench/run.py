"""Measures for `feedpulse bench`: every job at several sizes, the baseline, and requests; writes one JSON.

    MONGODB_URI=mongodb://… python -m lab.bench.run [--sizes 10000 30000 100000] [--quick] --out FILE

The middle size adds an hour in which 1 % of the members are active, the baseline, the floors, and requests.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from lab.bench import compare, serving, work
from lab.bench.generate import NOW, App, index
from lab.bench.measure import described, measured
from lab.bench.volumes import Volumes
from store.client import connect
from store.ids import ObjectId

CHANGED = 0.01  # of the members are active in the hour
FEW, MANY = 50_000, 500_000  # members
LATER = NOW + timedelta(hours=1)
Result = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """Sizes and jobs to measure."""

    sizes: Sequence[int]
    jobs: Sequence[str]
    requests: serving.Plan
    part: int = 1  # divides the samples of the baseline

    @property
    def middle(self) -> int:
        """Returns the size at which changes, baseline and requests are measured too."""
        sizes = [size for size in self.sizes if size < MANY] or self.sizes
        return sizes[len(sizes) // 2]

    def jobs_at(self, users: int) -> Sequence[str]:
        """Returns the jobs to measure: the ranking evaluation only for few members, no training for very many."""
        if users >= MANY:
            return [job for job in self.jobs if job in work.LIGHT]
        return [job for job in self.jobs if users < FEW or job != work.EVALUATION]


def whole(uri: str, plan: Plan) -> Result:
    """Measures all sizes on the server at `uri`."""
    began = time.perf_counter()
    results = [_size(uri, users, plan) for users in plan.sizes]
    (more,) = [figures for result in results if (figures := result.pop("more", None))]
    return {
        "machine": machine(),
        "volumes": vars(Volumes(plan.sizes[-1])),
        "sizes": results,
        "more": more,
        "seconds": round(time.perf_counter() - began, 1),
    }


def machine() -> Result:
    """Describes this machine in general terms."""
    page, pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    known = {"cores": os.cpu_count(), "gib": round(page * pages / 2**30), "processor": platform.machine()}
    return known | {"python": platform.python_version(), "loadBefore": round(os.getloadavg()[0], 1)}


def _size(uri: str, users: int, plan: Plan) -> Result:
    prefix = f"bench-{ObjectId()}-"
    db = connect(uri, prefix)
    try:
        began = time.perf_counter()
        app = App(db, Volumes(users))
        documents = dict(app.grow())
        index(db)
        fill = round(time.perf_counter() - began, 1)
        _say(users, "app", f"{sum(documents.values()):,} documents in {fill} s")
        jobs = _jobs(uri, prefix, users, plan.jobs_at(users), NOW.isoformat())
        held = {database.name.removeprefix(prefix): _bytes(database) for database in (db.app, db.analytics)}
        result = {"users": users, "documents": documents, "bytes": held, "fillSeconds": fill, "jobs": jobs}
        return result | ({"more": _more(uri, prefix, app, plan, jobs)} if users == plan.middle else {})
    finally:
        for database in (db.app, db.analytics):
            db.client.drop_database(database.name)
        db.client.close()


def _more(uri: str, prefix: str, app: App, plan: Plan, first: Result) -> Result:
    users, change = app.volumes.users, dict(app.pass_hour(CHANGED))
    again = [job for job in plan.jobs_at(users) if job not in work.FULL_RUNS]
    jobs = _jobs(uri, prefix, users, again, LATER.isoformat())
    _say(users, "baseline", "")
    baseline = compare.figures(uri, prefix, LATER, first, jobs, plan.part)
    _say(users, "requests", "")
    requests = serving.figures(app.db, uri, prefix, LATER, plan.requests)
    changed = {"share": CHANGED, "documents": change, "jobs": jobs}
    return {"users": users, "changed": changed, "plain": baseline, "serving": requests}


def _jobs(uri: str, prefix: str, users: int, jobs: Sequence[str], time_: str) -> Result:
    costs = {}
    for key in jobs:
        cost = measured(uri, prefix, work.job, key, time_, work.event(uri, prefix, key, users))
        costs[key] = described(cost)
        _say(users, key, f"{cost.seconds:.1f} s, {cost.processor:.1f} s of CPU, {cost.megabytes} MB")
    return costs


def _bytes(database: Any) -> Result:
    """Returns the bytes of documents (before compression) and of indexes."""
    stats = database.command("dbStats")
    return {"data": int(stats["dataSize"]), "indexes": int(stats["indexSize"])}


def _say(users: int, what: str, how: str) -> None:
    print(f"{users:,} members: {what} {how}".rstrip(), file=sys.stderr, flush=True)  # noqa: T201


def planned(sizes: Sequence[int] | None, quick: bool, jobs: Sequence[str] | None) -> Plan:
    """Returns the full plan, or a quick one that takes seconds."""
    if quick:
        few = ("contentStats", "creatorStats", "fraudFeatureExtractor", "coldstartPredictor")
        return Plan(sizes or (40, 120), jobs or few, serving.Plan(2, 50, 0.5, 1.0), part=20)
    return Plan(sizes or (10_000, 30_000, 100_000), jobs or work.in_order(), serving.Plan())


def main() -> None:
    """Writes the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", help="members")
    parser.add_argument("--jobs", nargs="+", help="only these functions of serverless.yml")
    parser.add_argument("--quick", action="store_true", help="seconds instead of half an hour")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    uri = os.environ.get("MONGODB_URI") or parser.error("set MONGODB_URI; `feedpulse bench` starts a server itself")
    options.out.write_text(json.dumps(whole(uri, planned(options.sizes, options.quick, options.jobs)), indent=1) + "\n")


if __name__ == "__main__":
    main()
