"""The time that a function still has: a run that nears its end is stopped while it can still tidy up."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

MARGIN_SECONDS = 10.0  # for tidying up and telling, at most
MARGIN_SHARE = 0.1  # of the time that there is, for functions with less
_ends: list[Any] = []  # of the run at work: what tells the milliseconds that it has, and the margin


class OutOfTimeError(RuntimeError):
    """The function would be killed soon; what was written so far stays, and the same event goes on from there."""


class _Over(BaseException):
    """What the signal raises: libraries wrap or swallow an Exception that meets them half-way (bson's decoder does)."""


@contextmanager
def ending() -> Iterator[None]:
    """The end of the time leaves the block as OutOfTimeError, an error like others."""
    try:
        yield
    except _Over:
        raise OutOfTimeError("the function's time is nearly over") from None


@contextmanager
def limited(context: Any) -> Iterator[None]:
    """Raises OutOfTimeError in the block shortly before the function's timeout; without a context, never.

    The signal interrupts Python code and waits for sockets; a long call into native code ends first.
    """
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    margin = min(MARGIN_SECONDS, MARGIN_SHARE * remaining() / 1000)
    _ends[:] = [remaining, margin]
    before = signal.signal(signal.SIGALRM, _stop)
    with ending():
        try:
            signal.setitimer(signal.ITIMER_REAL, max(seconds_left(), 0.001))
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            _ends.clear()


def seconds_left() -> float:
    """How long the run at work may go on; without a limit, infinitely."""
    if not _ends:
        return inf
    remaining, margin = _ends
    return float(remaining() / 1000 - margin)


def _stop(signum: int, frame: Any) -> None:
    _ends[1:] = [inf]  # the two clocks differ by some microseconds: over is over
    raise _Over
