"""Starts a function by hand, in a thread of this process."""

import threading
from typing import Any

from handlers.manifest import named


def in_thread(function: str, event: dict[str, Any]) -> None:
    """Calls the handler in the background. Like every run, it is recorded in `runs`."""
    handler = named(function).load()
    threading.Thread(target=handler, args=(event, None), name=f"run {function}", daemon=True).start()
