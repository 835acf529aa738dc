"""The whole design matrix against tests/golden/matrix.yaml, which is worked by hand."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from features.countries import COUNTRIES
from features.matrix import GUEST_COLUMNS, MEMBER_COLUMNS, Rows, build
from features.ranking.indexes import build_index
from tests.golden.logs import Log

GOLDEN = yaml.safe_load((Path(__file__).parents[1] / "golden" / "matrix.yaml").read_text())
KINDS = ("like", "comment", "recast", "quote", "report")
PEOPLE, CONTENTS = list(GOLDEN["accounts"]), list(GOLDEN["contents"])
REQUESTS = pytest.mark.parametrize(
    "request_number", range(len(GOLDEN["requests"])), ids=[request["at"]["content"] for request in GOLDEN["requests"]]
)


@pytest.fixture(scope="module")
def log():
    made = Log(countries=[COUNTRIES.index(country) for country in GOLDEN["accounts"].values()])
    for name, (hours, author, language, tags, original, photos, length) in GOLDEN["contents"].items():
        source = None if original is None else CONTENTS.index(original)
        content = (CONTENTS.index(name), -hours, PEOPLE.index(author), language, tags, source, photos, length)
        made.contents.append(content)
    for hours, who, content in GOLDEN["exposures"]:
        made.exposures.append((-hours, PEOPLE.index(who), CONTENTS.index(content)))
    for hours, who, kind, content in GOLDEN["engagements"]:
        made.engagements.append((-hours, PEOPLE.index(who), CONTENTS.index(content), KINDS.index(kind)))
    for hours, who, followed in GOLDEN["follows"]:
        made.follows.append((-hours, PEOPLE.index(who), PEOPLE.index(followed)))
    return made


def row_of(log, at):
    """The request as a row; accounts, users and contents are numbered in the order of the file."""
    account = -1 if at["account"] is None else PEOPLE.index(at["account"])
    values = (CONTENTS.index(at["content"]), account, COUNTRIES.index(at["country"]), log.moment(-at["hoursAgo"]))
    return Rows(*(np.array([value], dtype=np.int64) for value in values))


@REQUESTS
def test_the_file_has_every_column_in_order(request_number):
    assert tuple(GOLDEN["requests"][request_number]["columns"]) == MEMBER_COLUMNS
    assert len(MEMBER_COLUMNS) == 57


@REQUESTS
def test_every_column_has_the_value_worked_by_hand(log, request_number):
    golden = GOLDEN["requests"][request_number]

    values = build(build_index(log.history()), row_of(log, golden["at"]), MEMBER_COLUMNS)[0].tolist()

    found = dict(zip(MEMBER_COLUMNS, values, strict=True))
    assert found == pytest.approx(golden["columns"], rel=1e-6, abs=1e-12)


@REQUESTS
def test_guests_columns_have_the_values_worked_by_hand(log, request_number):
    golden = GOLDEN["requests"][request_number]

    values = build(build_index(log.history()), row_of(log, golden["at"]), GUEST_COLUMNS)[0].tolist()

    expected = {name: golden["columns"][name] for name in GUEST_COLUMNS}
    assert dict(zip(GUEST_COLUMNS, values, strict=True)) == pytest.approx(expected, rel=1e-6, abs=1e-12)
