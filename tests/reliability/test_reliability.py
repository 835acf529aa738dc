"""docs/reliability.md is generated from its reports and lists broken promises first."""

import json

from tests.reliability.report import PAGE, REPORTS, outcomes, rendered


def test_the_page_is_what_its_reports_say():
    assert rendered(json.loads(REPORTS.read_text())) == PAGE.read_text()


def test_what_is_broken_is_listed_first():
    cell = {"job": "karmaStats", "at": 3, "writes": 9, "wrong": ["lease karmaStats: left"]}
    crash = {"jobs": [{"job": "karmaStats", "writes": 9, "kills": 9, "equal": 8}], "wrong": [cell]}

    page = rendered({"crash": crash, "tests": {"test_x": "failed", "test_y": "passed"}})

    head, _, rest = page.partition("## Faults")
    assert "**Broken**: `karmaStats` killed at write 3: lease karmaStats: left." in head
    assert "**Broken**: `test_x` failed." in head
    assert "9 kills in 1 jobs: 8 equal to an undisturbed run" in rest


def test_a_parametrised_test_is_as_good_as_its_worst_case(tmp_path):
    report = tmp_path / "tests.xml"
    report.write_text('<a><testcase name="t[1]"/><testcase name="t[2]"><failure/></testcase><testcase name="u"/></a>')

    assert outcomes(report) == {"t": "failed", "u": "passed"}
