"""Work in forked processes, which share the parent's memory."""

import ctypes
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from signal import SIGKILL
from typing import Any, TypeVar

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
Piece = TypeVar("Piece")
Result = TypeVar("Result")


def map_forked(work: Callable[[Piece], Result], pieces: Sequence[Piece], processes: int) -> Iterator[Result]:
    """Yields work(piece) of each piece, in order; every n-th piece goes to the same one of n processes.

    `work` must not use the parent's connections. Its results are pickled.

    Raises:
        EOFError: when a process was killed.
    """
    count = min(processes, len(pieces))
    if count < 2 or "fork" not in get_all_start_methods():
        yield from map(work, pieces)
        return
    with ExitStack() as running:
        results = [running.enter_context(_forked(work, pieces[first::count])) for first in range(count)]
        for number in range(len(pieces)):
            result, error = results[number % count].recv()
            if error:
                raise error
            yield result


@contextmanager
def _forked(work: Callable[[Any], Any], pieces: Sequence[Any]) -> Iterator["Connection[Any, Any]"]:
    """Starts a process; the connection receives (result, None) or (None, error) of each piece."""
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(work, pieces, sender), daemon=True)
    process.start()
    sender.close()
    try:
        yield receiver
    finally:
        process.kill()
        process.join()
        receiver.close()


def _serve(work: Callable[[Any], Any], pieces: Sequence[Any], sender: "Connection[Any, Any]") -> None:
    if hasattr(libc := ctypes.CDLL(None), "prctl"):
        libc.prctl(_DIE_WITH_PARENT, SIGKILL)
    try:
        for piece in pieces:
            sender.send((work(piece), None))
    except Exception as error:  # the parent raises it
        error.add_note(traceback.format_exc())
        sender.send((None, error))
