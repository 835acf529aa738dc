"""Runs the machine's Chromium, and serves the panel on a free port."""

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
HOW_TO_INSTALL = "no Chromium on this machine: apt-get install chromium (Debian), then make browser"
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


def executable() -> str | None:
    """Returns the path of Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=executable(), args=["--no-sandbox", "--force-color-profile=srgb"]
        )
        yield browser
        browser.close()


@contextmanager
def serving(db: Databases, clock: Callable[[], datetime]) -> Iterator[str]:
    """Serves the panel during the block and yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = application(db, Access(is_open=True), clock)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@contextmanager
def window(browser: Browser, size: str = "desktop", scheme: str = "light") -> Iterator[tuple[Page, list[str]]]:
    """Opens a page, and collects its errors: failed scripts and violations of the content security policy."""
    context: BrowserContext = browser.new_context(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    page, errors = context.new_page(), []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page, errors
    context.close()
