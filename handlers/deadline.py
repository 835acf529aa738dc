"""Stops a run shortly before the function's timeout, while it can still release its lease and record its end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MARGIN_SECONDS = 10.0  # at most, for cleaning up and recording
MARGIN_SHARE = 0.1  # of the time available, for shorter functions
_OVER = "the function's time is nearly over"


class OutOfTimeError(RuntimeError):
    """The function would be killed soon. Documents written so far stay; the same event continues from them."""


class _Over(BaseException):
    """Raised by the signal; libraries wrap or swallow an Exception raised inside them, as bson's decoder does."""


@contextmanager
def ending() -> Iterator[None]:
    """Turns the end of the time inside the block into OutOfTimeError."""
    try:
        yield
    except _Over:
        raise OutOfTimeError(_OVER) from None


@contextmanager
def limited(context: Any) -> Iterator[None]:
    """Raises OutOfTimeError in the block shortly before the function's timeout; without a context, never.

    The signal interrupts Python code and waits for sockets; a long call into native code finishes first.
    """
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    seconds = remaining() / 1000
    margin = min(MARGIN_SECONDS, MARGIN_SHARE * seconds)
    previous = signal.signal(signal.SIGALRM, _stop)
    with ending():
        try:
            signal.setitimer(signal.ITIMER_REAL, max(seconds - margin, 0.001))
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)


def _stop(signum: int, frame: Any) -> None:
    raise _Over
