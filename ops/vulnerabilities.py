"""`python -m ops.vulnerabilities DATABASE.zip`: known vulnerabilities of what constraints.txt pins, without a network.

The database is the dump of PyPI's advisories that OSV publishes (PyPI/all.zip; osv.dev says where), fetched before.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LOCK = Path(__file__).resolve().parents[1] / "constraints.txt"


def pins(lock: Path = LOCK) -> dict[str, str]:
    """Version of every package, by its canonical name.

    Raises:
        ValueError: naming a line that pins no version.
    """
    found: dict[str, str] = {}
    for line in filter(None, (each.partition("#")[0].strip() for each in lock.read_text().splitlines())):
        wanted = Requirement(line)
        exact = [each.version for each in wanted.specifier if each.operator == "=="]
        if len(exact) != 1:
            raise ValueError(f"{lock.name}: {line} pins no version")
        found[canonicalize_name(wanted.name)] = exact[0]
    return found


def advisories(database: Path, pinned: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(package, version, advisory) for each pin that an advisory of the dump is about."""
    with ZipFile(database) as dump:
        for entry in dump.namelist():
            told = json.loads(dump.read(entry))
            if "withdrawn" in told:
                continue
            for affected in told.get("affected", ()):
                name = canonicalize_name(affected.get("package", {}).get("name", ""))
                if name in pinned and touches(affected, pinned[name]):
                    yield name, pinned[name], told["id"]


def touches(affected: Mapping[str, Any], version: str) -> bool:
    """Whether the version is listed, or lies in a range from `introduced` to before `fixed` or to `last_affected`.

    >>> touches({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}]}, "2.0.9")
    True
    >>> touches({"versions": ["1.0"]}, "2.0")
    False
    """
    ranges = (each["events"] for each in affected.get("ranges", ()) if each["type"] == "ECOSYSTEM")
    return version in affected.get("versions", ()) or any(_within(each, Version(version)) for each in ranges)


def _within(events: list[dict[str, str]], version: Version) -> bool:
    """The latest event at or before the version decides."""
    inside = False
    for event in sorted(events, key=lambda each: _version(next(iter(each.values())))):
        [(kind, bound)] = event.items()
        if kind == "introduced" and _version(bound) <= version:
            inside = True
        if (kind == "fixed" and _version(bound) <= version) or (kind == "last_affected" and _version(bound) < version):
            inside = False
    return inside


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")  # an advisory errs on the side of telling


def main() -> int:
    """One line for each; exit status 1 when there is one."""
    pinned = pins()
    found = sorted(set(advisories(Path(sys.argv[1]), pinned)))
    lines = [f"{name} {version}: {advisory}" for name, version, advisory in found]
    print("\n".join([*lines, f"{len(pinned)} packages, {len(found)} known vulnerabilities"]))  # noqa: T201
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
