"""Forked processes: every piece once, in order, and failures rise in the parent."""

import os
import signal

import pytest

from trainers.jobs.process_pool import map_forked


@pytest.mark.parametrize("processes", [1, 3])
def test_every_piece_is_worked_once_and_in_order(processes):
    held = [1, 2, 3]  # the children share the parent's memory

    assert list(map_forked(lambda piece: piece + sum(held), list(range(10)), processes)) == list(range(6, 16))


def test_the_work_is_done_in_other_processes():
    ids = set(map_forked(lambda _: os.getpid(), list(range(8)), 2))

    assert len(ids) == 2
    assert os.getpid() not in ids


@pytest.mark.parametrize("processes", [1, 2])
def test_a_failure_in_a_piece_rises_in_the_parent(processes):
    with pytest.raises(ZeroDivisionError):
        list(map_forked(lambda piece: 1 // piece, [1, 0], processes))


def test_a_killed_process_is_an_error():
    with pytest.raises(EOFError):
        list(map_forked(lambda _: os.kill(os.getpid(), signal.SIGKILL), [1, 2], 2))


def test_results_larger_than_a_pipe_arrive():
    sizes = [len(result) for result in map_forked(lambda piece: b"x" * (piece << 20), [1, 2, 3, 4], 2)]

    assert sizes == [1 << 20, 2 << 20, 3 << 20, 4 << 20]


def test_processes_end_when_the_caller_stops_early():
    results = map_forked(lambda _: os.getpid(), list(range(4)), 2)
    child = next(results)

    results.close()

    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
