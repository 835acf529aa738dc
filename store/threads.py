"""Several commands at a time: while the answer to one is taken apart here, the server works on the next."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_threads(calls: Iterable[Callable[[], T]], most: int = 2) -> list[T]:
    """What the calls give, in their order; at most so many run at a time, each in a thread.

    An error, or a run whose time is over, does not wait for calls under way; those not begun never begin.

    >>> in_threads([lambda: 1, lambda: 2])
    [1, 2]
    """
    pool = ThreadPoolExecutor(most)
    try:
        return list(pool.map(lambda call: call(), calls))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
