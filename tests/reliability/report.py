"""docs/reliability.md from the reports of its runs, which docs/reliability.json keeps.

    python -m tests.reliability.crash_matrix --out crash.json
    python -m tests.reliability.fuzz.run --out fuzz.json
    python -m tests.reliability.soak --out soak.json
    python -m pytest tests/reliability/faults tests/reliability/fuzz tests/ops/commands/test_forget.py tests/store/test_retention.py \\
        -m "slow or not slow" --junitxml tests.xml
    python -m tests.reliability.report --crash crash.json --fuzz fuzz.json --soak soak.json --tests tests.xml

Any of the four may be left out: its former figures stay.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).resolve().parents[2]
KEPT, PAGE = ROOT / "docs" / "reliability.json", ROOT / "docs" / "reliability.md"
TEMPLATE = "reliability.md.j2"


def outcomes(path: Path) -> dict[str, str]:
    """What became of each test of a JUnit report, the worst case of a parametrised one."""
    order = ["passed", "skipped", "failed"]
    found: dict[str, str] = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = str(case.get("name")).partition("[")[0]
        tags = {each.tag for each in case}
        outcome = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        found[name] = max(found.get(name, "passed"), outcome, key=order.index)
    return found


def rendered(kept: dict[str, Any]) -> str:
    """The page that says what these reports say."""
    found = Environment(loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True)
    found.filters["first_word"] = lambda text: f"`{text.partition(':')[0]}`"
    tests = kept.get("tests", {})
    return found.get_template(TEMPLATE).render(
        **{part: kept.get(part) for part in ("crash", "fuzz", "soak")},
        broken=broken(kept),
        said=partial(_said, tests),
    )


def broken(kept: dict[str, Any]) -> list[str]:
    """What was promised and, by these reports, not kept."""
    cells = [
        f"`{each['job']}` killed at write {each['at']}: {'; '.join(each['wrong'])}"
        for each in _of(kept, "crash", "wrong")
    ]
    failed = [f"`{name}` failed" for name, outcome in kept.get("tests", {}).items() if outcome == "failed"]
    return [
        *cells,
        *(f"fuzzer, {each}" for each in _of(kept, "fuzz", "broken")),
        *(f"soak, {each}" for each in _of(kept, "soak", "broken")),
        *failed,
    ]


def _of(kept: dict[str, Any], part: str, name: str) -> list[Any]:
    return list((kept.get(part) or {}).get(name, []))


def _said(tests: dict[str, str], name: str) -> str:
    return tests.get(name, "not run")


def main() -> None:
    """Takes up the reports that are given and writes the page anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for part in ("crash", "fuzz", "soak", "tests"):
        parser.add_argument(f"--{part}", type=Path)
    given = vars(parser.parse_args())
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for part, path in given.items():
        if path:
            kept[part] = outcomes(path) if part == "tests" else json.loads(path.read_text())
    KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(rendered(kept))


if __name__ == "__main__":
    main()
