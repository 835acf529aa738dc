"""Exposures with known truth, in arrays and in the database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from fraud.features.dwell_table import DwellTable
from lab.evaluate.attacks import Readers, attackers, concat_readers, people
from store.client import Databases
from store.ids import ObjectId

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
NOW = NEW_YEAR + timedelta(days=400)
Insert = Callable[..., list[ObjectId]]


def of_seconds(*rows: tuple[list[float], list[float]]) -> DwellTable:
    """A table of readings from (seconds seen, seconds stayed) per credential."""
    counts = np.array([len(seen) for seen, _ in rows])
    shape = (len(rows), max(2, int(counts.max(initial=0))))
    seen_ms, stayed_ms = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, (seen, stayed) in enumerate(rows):
        seen_ms[row, : len(seen)] = np.rint(np.array(seen) * 1000)
        stayed_ms[row, : len(stayed)] = np.rint(np.array(stayed) * 1000)
    content = np.arange(seen_ms.size, dtype=np.uint64).reshape(shape)
    return DwellTable(counts, seen_ms, stayed_ms, content, np.full(shape, np.nan))


def community(humans: int, bots: int, n: int, seed: int = 5) -> Readers:
    """People and attackers of four families."""
    rng = np.random.default_rng(seed)
    persons = people(humans, n, rng)
    families = ("fixed", "jitter", "lognormal", "shared_replay")
    return concat_readers([persons, *(attackers(each, bots, n, rng, persons.streams) for each in families)])


@pytest.fixture
def insert(db: Databases) -> Insert:
    """Writes streams as feeditems; gives the credential of each."""

    def write(streams: list[Any], names: dict[str, str] | None = None) -> list[ObjectId]:
        named = {"seenCredential": "seenCredential", "offScreenAt": "offScreenAt"} | (names or {})
        credentials = [ObjectId() for _ in streams]
        rows = [
            {
                named["seenCredential"]: credential,
                "seenAt": NEW_YEAR + timedelta(milliseconds=round(seen * 1000)),
                named["offScreenAt"]: NEW_YEAR + timedelta(milliseconds=round(seen * 1000) + round(stayed * 1000)),
                "content": ObjectId(),
            }
            for credential, stream in zip(credentials, streams, strict=True)
            for seen, stayed in zip(stream.seen_seconds.tolist(), stream.duration_seconds.tolist(), strict=True)
        ]
        db.app.feeditems.insert_many(rows, ordered=False)
        return credentials

    return write
