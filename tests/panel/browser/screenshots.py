"""`make screenshots`: every page, on desktop and phone, light and dark, with normal data, no data and large data.

Also the loading bar, failed functions, and an unreachable database or panel. Writes to screenshots/, and the pictures
of the documentation to docs/.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser

from handlers import fraud, predictors, trainers
from handlers.manifest import everything
from lab.simulate import Config
from ops.commands.run import backfill, run_all
from ops.commands.simulate import simulated, write_database
from ops.mongod.serving import serving as database
from ops.progress import progress_bar
from store.client import Databases, connect
from store.panel import feeds
from tests.panel import state
from tests.panel.browser.chromium import HOW_TO_INSTALL, SIZES, chromium, executable, serving, window
from tests.panel.volume import fill_to_capacity

HERE = Path("screenshots")
DOCS = Path("docs")
CONFIG = Config(users=400, days=10, seed=1)
NOW = CONFIG.until + timedelta(minutes=12)
PAGES = {
    "now": "/",
    "function": "/functions/contentStats",
    "feeds": "/feeds?country=th",
    "models": "/models",
    "rollback": "/models/global/rollback",
    "suspects": "/suspects",
    "influence": "/influence",
    "trees": "/influence/trees",
    "actions": "/actions",
    "moods": "/moods",
    "settings": "/settings",
    "schedule": "/settings/functions/contentStats/schedule",
    "quality": "/suspects/quality",
    "not-found": "/nothing",
}
DOCS_SIZE = {"width": 1100, "height": 620}  # keeps each picture small
SHOWN = {"panel-now": "/", "panel-feeds": "/feeds?country=th", "panel-models": "/models", "panel-suspects": "/suspects"}


def main() -> None:
    if executable() is None:
        sys.exit(HOW_TO_INSTALL)
    with tempfile.TemporaryDirectory() as folder, database(Path(folder), durable=False) as uri, chromium() as browser:
        with databases(uri, "full-") as db:
            live(db)
            with serving(db, lambda: NOW) as address:
                pages = PAGES | details(db)
                for size in SIZES:
                    for scheme in ("light", "dark"):
                        take(browser, address, pages, "", size, scheme)
                for name, path in SHOWN.items():
                    show(browser, address, name, path)
                wait(browser, address)
            write_failed_run(db)
            tree = fill_to_capacity(db, NOW)
            with serving(db, lambda: NOW + timedelta(hours=7)) as address:
                fullest = {"tree": f"/influence/trees/{tree}", "category": "/influence/categories/large-0"}
                for size, scheme in (("desktop", "light"), ("phone", "dark")):
                    take(browser, address, PAGES | details(db) | fullest, "full-", size, scheme)
        with databases(uri, "empty-") as db, serving(db, lambda: NOW) as address:
            for size, scheme in (("desktop", "light"), ("phone", "dark")):
                take(browser, address, PAGES, "empty-", size, scheme)
        nowhere = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
        with databases(nowhere, "") as db, serving(db, lambda: NOW) as address:
            take(browser, address, {"now": "/"}, "away-", "desktop", "light")


@contextmanager
def databases(uri: str, prefix: str) -> Iterator[Databases]:
    os.environ["MONGODB_URI"], os.environ["DB_PREFIX"] = uri, prefix
    db = connect(uri, prefix)
    yield db
    db.client.close()


def live(db: Databases) -> None:
    """Writes ten days of a community, and runs every job with three earlier evaluations."""
    with progress_bar(2) as bar:
        write_database(db, simulated(CONFIG, bar), bar)
    at = {"time": CONFIG.until.isoformat()}
    run_all([], at, first=backfill())
    days = [{"time": (CONFIG.until - timedelta(days=ago)).isoformat()} for ago in (3, 2, 1)]
    for day in days:
        trainers.ranking_evaluation(day)
    predictors.coldstart_predictor(days[-1])
    run_all(everything(), at)
    later = {"time": (CONFIG.until + timedelta(minutes=5)).isoformat()}
    for trainer in (trainers.coldstart_trainer, trainers.personalize_content_trainer, fraud.model_trainer):
        trainer(later)  # a version to roll back to
    state.NOW = CONFIG.until
    state.write_moods(db)
    state.plan_actions(db)
    predictors.actions_plan(at)


def details(db: Databases) -> dict[str, str]:
    """Returns the addresses of detail pages."""
    case = db.app.suspiciouscredentials.find_one({}, sort=[("score", -1)]) or {}
    tree = db.analytics.cascades.find_one({}, sort=[("size", -1)]) or {}
    one, other = (profile["ownerAccount"] for profile in feeds.active_members(db, 2))
    return {
        "suspect": f"/suspects/{case.get('_id')}",
        "tree": f"/influence/trees/{tree.get('_id')}",
        "category": "/influence/categories/music",
        "member": f"/feeds/member?account={one}",
        "members": f"/feeds/member?account={one}&beside={other}",
    }


def write_failed_run(db: Databases) -> None:
    """Writes a failed run."""
    run = {"function": "karmaStats", "time": NOW, "startedAt": datetime.now(UTC), "seconds": 3.2, "counts": {}}
    error = "OperationFailure: Executor error during aggregate command: sort exceeded memory limit of 104857600 bytes"
    db.analytics.runs.insert_one({**run, "status": "failed", "error": error})


def wait(browser: Browser, address: str) -> None:
    """Takes pictures of the loading bar, and of a panel that does not answer."""
    for size in SIZES:
        with window(browser, size) as (page, _):
            page.goto(f"{address}/feeds/member")
            page.route("**/feeds/members*", lambda _: None)  # never answered
            page.locator("[name=q]").press_sequentially("us")
            page.locator(".waiting").wait_for()
            page.screenshot(path=HERE / f"waiting-{size}-light.png")
        with window(browser, size) as (page, _):
            page.goto(address)
            page.route("**/*", lambda route: route.abort())
            page.evaluate("htmx.ajax('GET', '/', {source: '#pipeline'}).catch(() => null)")
            page.locator("#stale").wait_for()
            page.screenshot(path=HERE / f"stale-{size}-light.png")


def take(browser: Browser, address: str, pages: dict[str, str], before: str, size: str, scheme: str) -> None:
    """Takes a picture of each whole page."""
    HERE.mkdir(exist_ok=True)
    with window(browser, size, scheme) as (page, _):
        for name, path in pages.items():
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=HERE / f"{before}{name}-{size}-{scheme}.png", full_page=True)


def show(browser: Browser, address: str, name: str, path: str) -> None:
    """Takes a picture of one screen for the documentation."""
    DOCS.mkdir(exist_ok=True)
    with window(browser) as (page, _):
        page.set_viewport_size(DOCS_SIZE)
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=DOCS / f"{name}.png")


if __name__ == "__main__":
    main()
