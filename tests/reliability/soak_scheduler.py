"""The process of a soak in which the app writes and serverless.yml runs, by the same clock."""

import json
import os
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from handlers.manifest import Function, functions
from ops.commands.run import backfill, run_all
from ops.commands.schedule import Clock, RunLog, follow, stopping, watching
from store.client import connect
from tests.reliability.replay import Replay

START = datetime(2026, 1, 15, tzinfo=UTC)  # a midnight: the daily jobs come first
PAST_DAYS = 3


@dataclass(frozen=True)
class Plan:
    """How long, how fast, how many people, how often a job is killed."""

    minutes: float = 60.0
    speed: float = 60.0
    users: int = 100
    kill_seconds: float = 20.0
    seed: int = 1


@dataclass(frozen=True)
class Fed(Function):
    """A function before whose run the app has written all that its clock may know."""

    app: Replay | None = field(default=None, compare=False)

    def load(self) -> Any:
        """The handler, preceded by the app."""
        handler, app = super().load(), self.app

        def entry(event: dict[str, Any], context: Any) -> Any:
            if app:
                app.write_until(datetime.fromisoformat(event["time"]))
            return handler(event, context)

        return entry


def scheduling(plan: Plan, prefix: str) -> None:
    """The scheduler's process, with the app in it: a job then meets what was written before its clock, as in life."""
    db = connect(os.environ["MONGODB_URI"], prefix)
    hours = plan.minutes * plan.speed / 60
    app = Replay(db, START + timedelta(hours=hours), PAST_DAYS + 1 + int(hours / 24), plan.users, plan.seed)
    app.write_until(START)
    run_all([], {"time": START.isoformat()}, first=backfill())
    told, clocks = RunLog(), Clock(START, plan.speed)
    watched = [each for each in functions().values() if each.changes]
    timed = [Fed(**vars(each), app=app) for each in functions().values() if each.timings]
    with stopping(told) as stop, watching(db, watched, clocks, told, stop):
        writer = threading.Thread(target=_write, args=(app, clocks, stop))
        writer.start()
        print("begun", flush=True)  # noqa: T201
        follow(timed, clocks, told, stop)
        stop.set()
        writer.join()
    print(json.dumps({"written": app.written, "names": sorted(app.names)}), flush=True)  # noqa: T201


def _write(app: Replay, clocks: Clock, stop: threading.Event) -> None:
    while not stop.wait(0.2):
        app.write_until(clocks.now())


if __name__ == "__main__":
    scheduling(Plan(**json.loads(sys.argv[2])), sys.argv[1])
