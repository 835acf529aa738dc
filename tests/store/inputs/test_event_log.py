import threading

import pytest

from store.queries import in_threads


def test_two_calls_run_at_the_same_time_and_return_in_order():
    met = threading.Barrier(2, timeout=10)

    assert in_threads([lambda: (met.wait(), "one")[1], lambda: (met.wait(), "other")[1]]) == ["one", "other"]


def test_an_error_rises_without_waiting_for_running_calls_and_starts_no_others():
    started, end = [], threading.Event()

    def fail():
        raise RuntimeError("of the first")

    calls = [fail, *[lambda: started.append(1) or end.wait(10)] * 9]
    with pytest.raises(RuntimeError, match="of the first"):
        in_threads(calls)

    assert len(started) <= 3
    end.set()
