"""What is installed is what constraints.txt pins, and its known vulnerabilities can be looked up without a network."""

import json
import tomllib
from importlib.metadata import distribution
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ops.vulnerabilities import LOCK, advisories, pins, touches

ROOT = LOCK.parent
DEVELOPMENT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
SHIPPED = [line for path in sorted(ROOT.glob("requirements*.txt")) for line in path.read_text().splitlines()]
WANTED = [Requirement(line) for each in (*SHIPPED, *DEVELOPMENT) if (line := each.partition("#")[0].strip())]
PINNED = pins()


def here(names):
    """Every distribution that these need on this machine, by canonical name."""
    found, waiting = {}, list(names)
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), wanted.extras or {""}
        if (name, frozenset(extras)) in found or not (wanted.marker is None or applies(wanted, {""})):
            continue
        found[name, frozenset(extras)] = made = distribution(wanted.name)
        needed = [Requirement(each) for each in made.requires or ()]
        waiting += [each for each in needed if each.marker is None or applies(each, extras)]
    return {name: made.version for (name, _), made in found.items()}


def applies(wanted, extras):
    return any(wanted.marker.evaluate({"extra": extra}) for extra in extras)


def test_every_requirement_is_pinned_as_it_is_required():
    apart = {str(each) for each in WANTED if PINNED.get(canonicalize_name(each.name), "-") not in each.specifier}

    assert {each for each in apart if not Requirement(each).marker or applies(Requirement(each), {""})} == set()


def test_all_that_is_needed_here_is_pinned_and_installed_at_that_version():
    installed = here(WANTED)

    assert {name: version for name, version in installed.items() if PINNED.get(name) != version} == {}


@pytest.mark.parametrize(
    ("events", "version", "told"),
    [
        ([{"introduced": "0"}], "1.0", True),
        ([{"introduced": "0"}, {"fixed": "1.0"}], "1.0", False),
        ([{"introduced": "1.0"}, {"last_affected": "1.2"}], "1.2", True),
        ([{"introduced": "1.0"}, {"last_affected": "1.2"}], "1.2.1", False),
        ([{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}, {"fixed": "2.3"}], "2.1", True),
        ([{"fixed": "2.3"}, {"introduced": "0"}], "10.0", False),
    ],
)
def test_a_version_lies_in_a_range_as_osv_defines_it(events, version, told):
    assert touches({"ranges": [{"type": "ECOSYSTEM", "events": events}]}, version) is told


def test_an_advisory_is_told_for_the_package_however_its_name_is_spelled(tmp_path):
    database = tmp_path / "all.zip"
    about = {"package": {"ecosystem": "PyPI", "name": "Some_Package"}, "versions": ["1.0", "1.1"]}
    with ZipFile(database, "w") as dump:
        dump.writestr("A.json", json.dumps({"id": "A", "affected": [about]}))
        dump.writestr("B.json", json.dumps({"id": "B", "affected": [about], "withdrawn": "2026-01-01T00:00:00Z"}))
        dump.writestr("C.json", json.dumps({"id": "C", "affected": [about | {"versions": ["0.9"]}]}))

    assert list(advisories(database, {"some-package": "1.1", "other": "1.1"})) == [("some-package", "1.1", "A")]


def test_a_lock_that_leaves_a_version_open_is_refused(tmp_path):
    lock = tmp_path / "constraints.txt"
    lock.write_text("numpy>=2\n")

    with pytest.raises(ValueError, match="numpy>=2 pins no version"):
        pins(lock)
