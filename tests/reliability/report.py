"""Writes docs/reliability.md from the reports of its runs, which docs/reliability.json stores.

    python -m tests.reliability.crash_matrix --out crash.json
    python -m tests.reliability.fuzz.run --out fuzz.json
    python -m tests.reliability.soak --out soak.json
    python -m pytest tests/reliability/faults tests/reliability/fuzz tests/ops/commands/test_forget.py \\
        tests/store/test_retention.py -m "slow or not slow" --junitxml tests.xml
    python -m tests.reliability.report --crash crash.json --fuzz fuzz.json --soak soak.json --tests tests.xml

Each of the four is optional: without it the stored report stays.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).resolve().parents[2]
REPORTS, PAGE = ROOT / "docs" / "reliability.json", ROOT / "docs" / "reliability.md"
TEMPLATE = "reliability.md.j2"


def outcomes(path: Path) -> dict[str, str]:
    """Returns the outcome of each test in a JUnit report: passed, skipped or failed, the worst of its parameters."""
    order = ["passed", "skipped", "failed"]
    worst: dict[str, str] = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = str(case.get("name")).partition("[")[0]
        tags = {element.tag for element in case}
        outcome = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        worst[name] = max(worst.get(name, "passed"), outcome, key=order.index)
    return worst


def rendered(reports: dict[str, Any]) -> str:
    """Returns the page for these reports."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["first_word"] = lambda text: f"`{text.partition(':')[0]}`"
    return environment.get_template(TEMPLATE).render(
        **{part: reports.get(part) for part in ("crash", "fuzz", "soak")},
        violations=violations(reports),
        outcome=partial(_outcome, reports.get("tests", {})),
    )


def violations(reports: dict[str, Any]) -> list[str]:
    """Returns a line for each promise that these reports show broken."""
    kills = [
        f"`{kill['job']}` killed at write {kill['at']}: {'; '.join(kill['wrong'])}"
        for kill in _rows(reports, "crash", "wrong")
    ]
    failed = [f"`{name}` failed" for name, outcome in reports.get("tests", {}).items() if outcome == "failed"]
    return [
        *kills,
        *(f"fuzzer, {row}" for row in _rows(reports, "fuzz", "broken")),
        *(f"soak, {row}" for row in _rows(reports, "soak", "broken")),
        *failed,
    ]


def _rows(reports: dict[str, Any], part: str, name: str) -> list[Any]:
    return list((reports.get(part) or {}).get(name, []))


def _outcome(tests: dict[str, str], name: str) -> str:
    return tests.get(name, "not run")


def main() -> None:
    """Stores the reports of the arguments and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for part in ("crash", "fuzz", "soak", "tests"):
        parser.add_argument(f"--{part}", type=Path)
    reports = json.loads(REPORTS.read_text()) if REPORTS.exists() else {}
    for part, path in vars(parser.parse_args()).items():
        if path:
            reports[part] = outcomes(path) if part == "tests" else json.loads(path.read_text())
    REPORTS.write_text(json.dumps(reports, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(rendered(reports))


if __name__ == "__main__":
    main()
