"""A real browser on a real server: Chromium of the machine, and the panel on a free port."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from panel.app import application
from panel.auth import Access
from store.client import Databases

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WHERE_FROM = "no Chromium on this machine: apt-get install chromium (Debian), then make browser"
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


def found() -> str | None:
    """Where Chromium is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found(), args=["--no-sandbox", "--force-color-profile=srgb"])
        yield browser
        browser.close()


@contextmanager
def serving(db: Databases, clock: Callable[[], datetime]) -> Iterator[str]:
    """The address of the panel while the block runs."""
    door = socket.create_server(("127.0.0.1", 0))
    app = application(db, Access(is_open=True), clock)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{door.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@contextmanager
def window(browser: Browser, size: str = "desktop", scheme: str = "light") -> Iterator[tuple[Page, list[str]]]:
    """A page of its own, and what went wrong in it: scripts that failed and what the content policy refused."""
    context: BrowserContext = browser.new_context(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    page, wrong = context.new_page(), []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page, wrong
    context.close()
