"""`feedpulse demo`: runs every job on a simulated community and prints a report."""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from time import perf_counter
from typing import Annotated, Any

import typer

from handlers.manifest import late
from lab.simulate import Config
from ops import console
from ops.commands import demo_report, panel
from ops.commands.run import run_all, run_early
from ops.commands.schedule import Clock
from ops.commands.simulate import TRUTH, simulated, truth_lines, write_database
from ops.database import database, own_home
from ops.dumps import write_lines
from ops.progress import progress_bar
from ops.subprocess_call import SubprocessCall, subprocess_call
from store.client import Databases
from store.inputs import import_dump
from store.panel import feeds
from store.panel import posts as panel_posts

PREFIX = "demo-"  # of both databases' names
COUNTRIES, POSTS = 3, 4  # of the guest feed in the report
TEST_DAYS = 3  # the evaluation ranks the requests of the last days
SMALL = ("--requests-at-most", "100", "--learn-at-most", "800", "--no-first-tries")  # evaluation
EVALUATION = "rankingEvaluation"  # left out: the report evaluates the same days with more rankers


def demo(
    users: Annotated[int, typer.Option(help="member accounts; guests come on top")] = 2_000,
    days: Annotated[int, typer.Option(help="length of the history")] = 14,
    seed: Annotated[int, typer.Option(help="same seed, same community")] = 1,
    no_panel: Annotated[bool, typer.Option("--no-panel", help="do not serve the panel after the report")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on standard output")] = False,
) -> None:
    """Simulates a community, runs every job in order, evaluates, and reports."""
    config, started = Config(users=users, days=days, seed=seed), perf_counter()
    with demo_prefix(), database() as db:
        with contextlib.redirect_stdout(sys.stderr):
            document = run_demo(db, config)
        document["seconds"] = round(perf_counter() - started, 1)
        console.result(document, as_json, *demo_report.pages(document))
        if not (no_panel or as_json) and sys.stdout.isatty():
            panel.serve(now=Clock(config.until).now)
    if any(function["status"] == "failed" for function in document["functions"]):
        raise typer.Exit(1)


@contextmanager
def demo_prefix() -> Iterator[None]:
    """Uses separate databases for the demo during the block."""
    before = os.environ.get("DB_PREFIX")
    os.environ["DB_PREFIX"] = f"{before or ''}{PREFIX}"
    try:
        yield
    finally:
        os.environ.pop("DB_PREFIX")
        if before is not None:
            os.environ["DB_PREFIX"] = before


def run_demo(db: Databases, config: Config) -> dict[str, Any]:
    """Runs simulation, jobs and evaluation; returns the document of the report."""
    community = _simulate(db, config)
    event = {"time": config.until.isoformat()}
    outcomes = run_early(event)
    with _evaluation(config.until) as evaluation:
        outcomes += run_all([function for function in late() if function.key != EVALUATION], event)
        return {
            "prefix": os.environ["DB_PREFIX"],
            "until": event["time"],
            "community": community,
            "functions": [asdict(outcome) for outcome in outcomes],
            "feed": {country: _top(db, country, config.until) for country in _busiest(db)},
            "ranking": _figures(evaluation),
        }


def _simulate(db: Databases, config: Config) -> dict[str, Any]:
    """Writes a community into empty databases, and its truth into the home folder."""
    import_dump.drop_collections(db)
    with progress_bar(2) as bar:
        world = simulated(config, bar)
        bar.start("documents")
        counts = write_database(db, world, bar)
        bar.done("documents", f"{counts.total():,} into {db.app.name}")
    write_lines(own_home() / TRUTH, truth_lines(world))
    return {"users": config.users, "days": config.days, "seed": config.seed, "counts": dict(counts)}


def _top(db: Databases, country: str, now: datetime) -> list[dict[str, Any]]:
    items = feeds.guest_feed(db, country, POSTS)
    posts = panel_posts.read_posts(db, [item["content"] for item in items])
    people = panel_posts.read_names(db, [item["author"] for item in items])
    return [
        {
            "content": str(item["content"]),
            "score": item["score"],
            "author": people[item["author"]].get("displayName") or people[item["author"]].get("displayId"),
            "text": posts[item["content"]]["text"],
            "ageHours": round((now - posts[item["content"]]["createdAt"]) / timedelta(hours=1), 1),
        }
        for item in items
    ]


def _busiest(db: Databases) -> list[str]:
    """Countries with a guest feed that most accounts name."""
    fed = feeds.countries(db)
    return [country for country in feeds.busy_countries(db, 4 * COUNTRIES) if country in fed][:COUNTRIES]


def _evaluation(until: datetime) -> contextlib.AbstractContextManager[SubprocessCall]:
    """Starts the evaluation of the rankers on the last days in another process."""
    since = until - timedelta(days=TEST_DAYS)
    period = ("--since", f"{since:%Y-%m-%d}", "--until", f"{until:%Y-%m-%d}", "--truth", str(own_home() / TRUTH))
    return subprocess_call("evaluate", "ranking", *period, *SMALL)


def _figures(evaluation: SubprocessCall) -> dict[str, Any]:
    """Returns the figures, or the reason why there are none."""
    with progress_bar(1) as bar:
        bar.start("evaluation")
        try:
            figures: dict[str, Any] = evaluation.result()
        except RuntimeError as error:
            figures = {"skipped": str(error)}
        bar.done("evaluation", f"{figures.get('seconds', 0)} s, in parallel with the functions")
    return figures
