"""A community that lives faster, with everything at once: does all that is promised still hold at the end?

    python -m tests.reliability.soak [--minutes 60] [--speed 60] [--users 100] [--kill-seconds 20] [--seed 1]
        [--out FILE]

An app writes; what `feedpulse schedule` does runs serverless.yml at that speed, by its crons and the app's changes, in
one process whose memory is watched; members ask for scores and guests read their feed; and every so often one more run
of some job begins and is killed at a write. In the end what grew hour by hour is compared with what is made at once.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from handlers.manifest import early, hourly
from handlers.predictors import personalize_content_predictor
from lab.bench.feed_reader import Reader
from ops.commands.run import backfill, run_all
from ops.commands.schedule import Clock
from store.client import Databases
from store.ids import to_extended_json
from tests.reliability.harness import arguments, databases, finish, handlers_use, serving_or_given
from tests.reliability.killed_run import run
from tests.reliability.soak_scheduler import START, Plan
from tests.reliability.states import differences

GROWN = ("contentStats", "creatorStats", "hashtagStats", "karma", "cascades")  # functions of what the app has
OWN = ("updatedAt",)  # when something was last touched is the run's own
LAG = timedelta(minutes=5)  # of the clock of a run that is killed, behind the app's
FLAT = 1.1  # memory of the last third by that of the second


@dataclass
class Soak:
    """One soak under way."""

    db: Databases
    uri: str
    prefix: str
    plan: Plan
    seen: Counter[str] = field(default_factory=Counter)
    bytes: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    app: dict[str, Any] = field(default_factory=dict)  # what it wrote

    def lived(self) -> datetime:
        """Everybody at once until the minutes are over; gives the clock then."""
        with scheduler(self) as (process, clock):
            stop = threading.Event()
            acts = {
                "ask": (lambda: self.ask(clock.now()), 1.0),
                "read": (self.read, 0.2),
                "watch": (lambda: self.watch(process.pid), 2.0),
                "kill": (lambda: self.kill(clock.now()), self.plan.kill_seconds),
            }
            threads = [threading.Thread(target=self.repeat, args=(*each, stop)) for each in acts.values()]
            for thread in threads:
                thread.start()
            _wait(process, self.plan.minutes * 60)
            stop.set()
            for thread in threads:
                thread.join()
            return clock.now()

    def repeat(self, act: Callable[[], object], pause: float, stop: threading.Event) -> None:
        """The act again and again; what it raises is told at the end."""
        while not stop.wait(pause):
            try:
                act()
            except Exception as error:
                self.failed.append(f"{type(error).__name__}: {str(error)[:300]}")

    def ask(self, now: datetime) -> None:
        """A member's request: every post that was asked for gets a score."""
        [account] = self.db.app.accounts.aggregate([{"$sample": {"size": 1}}])
        posts = [str(each["_id"]) for each in self.db.app.contents.aggregate([{"$sample": {"size": 20}}])]
        event = {"accountId": str(account["_id"]), "contents": posts, "time": now.isoformat()}
        answer = personalize_content_predictor(event, None)
        self.seen["requests"] += 1
        self.seen["requests without all scores"] += answer["code"] != 200 or set(answer["result"]) != set(posts)

    def read(self) -> None:
        """A guest's page: in order, of one generation, not empty once there was a feed."""
        reader = Reader(self.db, self.seen)
        if page := reader.page(None, limit=100):
            scores, made = [each["score"] for each in page], {each["createdAt"] for each in page}
            self.seen["mixed pages"] += scores != sorted(scores, reverse=True) or len(made) > 1
            self.seen["pages"] += 1
        else:
            self.seen["empty pages"] += self.seen["pages"] > 0

    def watch(self, pid: int) -> None:
        """Notes the memory of the scheduler and of this process, which answers requests."""
        for name, each in (("scheduler", pid), ("serving", os.getpid())):
            pages = int(Path(f"/proc/{each}/statm").read_text().split()[1])
            self.bytes.setdefault(name, []).append((time.monotonic(), pages * os.sysconf("SC_PAGE_SIZE")))

    def kill(self, now: datetime) -> None:
        """One more run of some job, killed at one of its first writes, or skipped as another is at work."""
        job, written = random.choice(hourly()).key, now - LAG
        code, _ = run(self.uri, self.prefix, job, at=random.randrange(1, 10), time=written.isoformat())
        self.seen["killed" if code == -signal.SIGKILL else "second runs that ended by themselves"] += 1
        self.seen["second runs that failed"] += code not in (0, -signal.SIGKILL)


@contextmanager
def scheduler(soak: Soak) -> Iterator[tuple[subprocess.Popen[str], Clock]]:
    """The scheduler in a process of its own, and its clock; stopped in good order."""
    command = [sys.executable, "-m", "tests.reliability.soak_scheduler", soak.prefix, json.dumps(asdict(soak.plan))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        threading.Thread(target=_told, args=(process.stderr, soak), daemon=True).start()
        begun = process.stdout.readline()
        if begun.strip() != "begun":
            raise RuntimeError(f"the scheduler did not begin: {soak.failed}")
        try:
            yield process, Clock(START, soak.plan.speed)
        finally:
            process.send_signal(signal.SIGTERM)
            soak.app = json.loads(process.stdout.readline())
            soak.seen["scheduler's exit status"] = process.wait(600)


def _told(lines: Any, soak: Soak) -> None:
    for line in lines:
        if " failed " in line or "Error" in line:
            soak.failed.append(line.strip()[:300])


def _wait(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise RuntimeError(f"the scheduler ended by itself: {process.returncode}")


def drift(soak: Soak, now: datetime) -> list[str]:
    """Where what grew hour by hour differs from what is made at once, in other databases, of a copy of the app's."""
    with databases(soak.uri, f"{soak.prefix}full-") as fresh:
        for name in soak.db.app.list_collection_names():
            soak.db.app[name].aggregate([{"$out": {"db": fresh.app.name, "coll": name}}])
        for name in ("contentinfo", "guestfeeditems", "suspiciouscredentials"):
            fresh.app[name].drop()
        for job in [*(each for each, _ in backfill()), *early()]:
            run(soak.uri, f"{soak.prefix}full-", job.key, time=now.isoformat())
        return differences(_grown(soak.db), _grown(fresh))


def _grown(db: Databases) -> dict[str, list[str]]:
    return {name: sorted(_plain(each) for each in db.analytics[name].find()) for name in GROWN}


def _plain(document: dict[str, Any]) -> str:
    own = {*OWN, *(["_id"] if "userId" in document else [])}  # the server gives karma's ids
    return to_extended_json({name: value for name, value in document.items() if name not in own})


def flatness(samples: list[tuple[float, int]]) -> dict[str, float]:
    """Megabytes in the second third and in the last, and their ratio."""
    size = np.array([each for _, each in samples]) / 2**20
    second, last = (float(np.median(each)) for each in np.array_split(size, 3)[1:])
    return {"secondThirdMB": round(second, 1), "lastThirdMB": round(last, 1), "ratio": round(last / second, 3)}


def soaked(uri: str, plan: Plan) -> dict[str, Any]:
    """The whole: what was done, what was measured, and what was promised and not kept."""
    random.seed(plan.seed)
    with handlers_use(uri, "soak", TEXT_TIER="linear") as db:
        soak = Soak(db, uri, os.environ["DB_PREFIX"], plan)
        now = soak.lived()
        waiting = db.app.contents.count_documents({}) - db.app.contentinfo.count_documents({})
        last = now + timedelta(hours=1)
        outcomes = run_all(hourly(), {"time": last.isoformat()}, first=backfill())
        soak.failed += [f"{each.function}: {each.error}" for each in outcomes if each.status == "failed"]
        report = _report(soak, now, last) | {"postsWithoutLabelsAtTheEnd": waiting}
    return report | {"broken": broken(report)}


def _report(soak: Soak, now: datetime, last: datetime) -> dict[str, Any]:
    db = soak.db
    names = [*db.app.list_collection_names(), *db.analytics.list_collection_names()]
    return {
        "simulatedHours": round((now - START).total_seconds() / 3600, 1),
        "runs": dict(Counter(each["status"] for each in db.analytics.runs.find())),
        **soak.seen,
        "written": soak.app["written"],
        "lost": soak.app["written"] - sum(db.app[name].count_documents({}) for name in soak.app["names"]),
        "drift": drift(soak, last),
        "temporaryLeft": [each for each in names if each.endswith("temp") or each.startswith("tmp")],
        "leasesLeft": db.analytics.leases.count_documents({}),
        "memory": {name: flatness(each) for name, each in soak.bytes.items()},
        "failed": soak.failed,
    }


def broken(report: dict[str, Any]) -> list[str]:
    """The promises that were not kept."""
    none = ("lost", "drift", "temporaryLeft", "leasesLeft", "failed", "mixed pages", "empty pages")
    none += ("failed with a retry", "requests without all scores")
    none += ("second runs that failed", "scheduler's exit status")
    memory = [f"memory of {name}" for name, each in report["memory"].items() if each["ratio"] > FLAT]
    return [each for each in none if report.get(each)] + memory


def main() -> None:
    """Prints the report; exit status 1 when a promise was broken."""
    given = vars(arguments(__doc__, vars(Plan())))
    out, began = given.pop("out"), time.perf_counter()
    with serving_or_given() as uri:
        report = soaked(uri, Plan(**given)) | {"minutes": round((time.perf_counter() - began) / 60, 1), "plan": given}
    finish(report, out, report["broken"])


if __name__ == "__main__":
    main()
