"""Forked processes: every piece once, in order, and what fails is told."""

import os

import pytest

from trainers.jobs.process_pool import side_by_side


@pytest.mark.parametrize("processes", [1, 3])
def test_every_piece_is_worked_once_and_in_order(processes):
    held = [1, 2, 3]  # what the parent holds needs no way to the others

    assert list(side_by_side(lambda piece: piece + sum(held), list(range(10)), processes)) == list(range(6, 16))


def test_the_work_is_done_in_other_processes():
    found = set(side_by_side(lambda _: os.getpid(), list(range(8)), 2))

    assert os.getpid() not in found


@pytest.mark.parametrize("processes", [1, 2])
def test_a_piece_that_fails_is_told(processes):
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda piece: 1 // piece, [1, 0], processes))
