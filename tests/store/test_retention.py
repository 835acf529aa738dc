"""Erasure and retention of every collection match the table of docs/reliability.md."""

import re
from pathlib import Path

import pytest

from store.erasure import ID_FIELDS, OURS_IN_APP, REBUILT, REDACTED
from store.schema import COLLECTIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
DAY_SECONDS = 86_400


def table():
    """Returns collection → (what erasure does, how long documents are kept)."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == len({name for name, *_ in rows})
    return {name: (erasure.strip(), retention.strip()) for name, erasure, retention in rows}


def collections_with(erasure):
    return {name for name, (effect, _) in table().items() if effect == erasure}


def test_the_table_lists_every_collection():
    assert set(table()) == set(COLLECTIONS)


@pytest.mark.parametrize(
    ("erasure", "names"),
    [
        ("removed, and kept out", set(ID_FIELDS)),
        ("redacted", set(REDACTED)),
        ("rebuilt", set(REBUILT)),
        (
            "the app's own",
            {name for name, declared in COLLECTIONS.items() if declared.database == "app"} - set(OURS_IN_APP),
        ),
    ],
)
def test_erasure_does_what_the_table_says(erasure, names):
    assert collections_with(erasure) == names


def test_the_limits_of_the_table_are_those_of_the_indexes():
    limits = {
        name: int(days) * DAY_SECONDS
        for name, (_, retention) in table().items()
        for days in re.findall(r"^(\d+) days, TTL", retention)
    }
    limits |= {
        name: 0 for name, (_, retention) in table().items() if retention.startswith("until its `expiresAt`, TTL")
    }

    assert limits == {
        name: index.document["expireAfterSeconds"]
        for name, declared in COLLECTIONS.items()
        for index in declared.indexes
        if "expireAfterSeconds" in index.document
    }
