"""docs/data-model.md and docs/features.md say what the code says."""

import re

import pytest

from features.columns import GROUPS
from features.matrix import MEMBER_COLUMNS
from fraud.features.behaviour import GROUPS as READING
from fraud.models.dataset import COLUMNS, COORDINATION
from ops.reference import DOCS, data_model, features, main
from store.schema import COLLECTIONS

DESCRIBED = [column for groups in (GROUPS, READING) for columns in groups.values() for column in columns]


@pytest.mark.parametrize(("page", "render"), [("data-model.md", data_model), ("features.md", features)])
def test_the_page_is_what_the_code_makes(page, render):
    assert (DOCS / page).read_text() == render(), "run `make docs`"


def test_the_command_writes_both_pages(tmp_path):
    main(tmp_path)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "data-model.md": data_model(),
        "features.md": features(),
    }


def test_every_column_is_listed_in_its_order():
    listed = re.findall(r"^\| `(\w+)` \|", features(), re.MULTILINE)

    assert listed == [*MEMBER_COLUMNS, *COLUMNS]
    assert (len(MEMBER_COLUMNS), len(COLUMNS)) == (57, 56)
    assert listed[:12] == [
        *("likeCount", "commentCount", "recastCount", "quoteCount", "photoCount", "characterLength"),
        *("creatorContentCount", "creatorLikedCount", "creatorCommentedCount", "creatorRecastedCount"),
        *("creatorQuotedCount", "ageScore"),
    ]


@pytest.mark.parametrize("column", [*DESCRIBED, *COORDINATION], ids=lambda column: column.name)
def test_every_column_has_a_unit_and_a_meaning(column):
    assert column.unit.strip()
    assert len(column.meaning) > 5
    assert column.counts in ("", "events", "people")
    assert bool(column.window) >= bool(column.counts)


def test_every_collection_has_a_section_with_its_fields():
    page = data_model()

    assert sorted(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == sorted(COLLECTIONS)
    assert "| `seenCredential` | id |  |  | the device or login that saw it; older spelling: seenUUID |" in page
    assert "`startedAt` (expires after 180 days)" in page
