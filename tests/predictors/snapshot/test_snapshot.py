"""What a snapshot keeps of everybody's past equals what the history says at the same clock."""

import numpy as np
import pytest

from features.matrix import GUEST_COLUMNS, build
from features.ranking.indexes import build_index
from predictors.personal.request import Request, anonymous_viewer, select_contents
from predictors.snapshot.snapshot import from_bytes, take, to_bytes
from tests.golden.logs import (
    CREATOR_MONTH,
    CREATOR_MONTH_COLUMNS,
    CREATOR_MONTH_HOUR,
    random_log,
    rows,
)

NO_ROWS = np.zeros(0, dtype=np.int64)


def guest_request(history, now_ms, country=-1):
    snapshot = from_bytes(to_bytes(take(build_index(history), 0, now_ms)))
    return Request(snapshot, anonymous_viewer(country), now_ms, select_contents(history.contents, NO_ROWS))


def test_a_creator_is_known_by_the_last_720_hours():
    history, now_ms = CREATOR_MONTH.history(), CREATOR_MONTH.moment(CREATOR_MONTH_HOUR)

    (row,) = guest_request(history, now_ms).guest_matrix(np.array([2]))

    found = dict(zip(GUEST_COLUMNS, row.tolist(), strict=True))
    assert {name: found[name] for name in CREATOR_MONTH_COLUMNS} == CREATOR_MONTH_COLUMNS


@pytest.mark.parametrize("seed", range(3))
def test_a_guests_columns_are_those_of_the_history_at_the_same_clock(seed):
    log = random_log(seed)
    history, now_ms = log.history(), log.moment(72)
    live = [number for number, hour, *_ in log.contents if hour <= 72]
    asked = rows(history, [(0, number) for number in live], now_ms)

    found = guest_request(history, now_ms, int(history.country[0])).guest_matrix(asked.content)

    assert found.any(axis=0).sum() > 25
    np.testing.assert_allclose(found, build(build_index(history), asked, GUEST_COLUMNS), rtol=1e-6)
