"""Functions started by hand: in a thread of this process, or by AWS."""

import json
import logging
import threading
from typing import Any

from ops.functions import named

logger = logging.getLogger("feedpulse")


def in_thread(function: str, event: dict[str, Any]) -> None:
    """Calls the handler in the background; how it ends is in `runs`, as for every run."""
    handler = named(function).load()

    def work() -> None:
        try:
            handler(event, None)
        except Exception:  # recorded as failed by the handler; a thread has nobody above it
            logger.exception(json.dumps({"function": function, "status": "failed"}))

    threading.Thread(target=work, name=f"run {function}", daemon=True).start()
