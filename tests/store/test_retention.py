"""Every collection is forgotten and kept as docs/reliability.md says; a new one must be put into its table."""

import re
from pathlib import Path

import pytest

from store.erasure import ABOUT_MANY, NAMED_BY, OURS_IN_APP, REBUILT
from store.schema import COLLECTIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
DAY_SECONDS = 86_400


def table():
    """Collection → (what forgetting does, how long it is kept)."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == len({name for name, *_ in rows})
    return {name: (forgetting.strip(), kept.strip()) for name, forgetting, kept in rows}


def said(forgetting):
    return {name for name, (does, _) in table().items() if does == forgetting}


def test_every_collection_stands_in_the_table():
    assert set(table()) == set(COLLECTIONS)


@pytest.mark.parametrize(
    ("forgetting", "names"),
    [
        ("removed, and kept out", set(NAMED_BY)),
        ("redacted", set(ABOUT_MANY)),
        ("rebuilt", set(REBUILT)),
        ("the app's own", {name for name, each in COLLECTIONS.items() if each.database == "app"} - set(OURS_IN_APP)),
    ],
)
def test_what_the_table_says_of_forgetting_is_what_forgetting_does(forgetting, names):
    assert said(forgetting) == names


def test_the_limits_of_the_table_are_those_of_the_indexes():
    limits = {
        name: int(days) * DAY_SECONDS
        for name, (_, kept) in table().items()
        for days in re.findall(r"^(\d+) days, TTL", kept)
    }
    limits |= {name: 0 for name, (_, kept) in table().items() if kept.startswith("until its `expiresAt`, TTL")}

    assert limits == {
        name: index.document["expireAfterSeconds"]
        for name, each in COLLECTIONS.items()
        for index in each.indexes
        if "expireAfterSeconds" in index.document
    }
