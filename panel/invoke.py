"""Functions started by hand: in a thread of this process, or by AWS."""

import threading
from typing import Any

from handlers.manifest import named


def in_thread(function: str, event: dict[str, Any]) -> None:
    """Calls the handler in the background; how it ends is in `runs`, as for every run."""
    handler = named(function).load()
    threading.Thread(target=handler, args=(event, None), name=f"run {function}", daemon=True).start()
