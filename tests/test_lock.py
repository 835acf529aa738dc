"""The installed packages are those that constraints.txt pins."""

import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
DEVELOPMENT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
SHIPPED = [line for path in sorted(ROOT.glob("requirements*.txt")) for line in path.read_text().splitlines()]
WANTED = [Requirement(line) for each in (*SHIPPED, *DEVELOPMENT) if (line := each.partition("#")[0].strip())]
LOCK = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.partition("#")[0].strip()]
PINNED = {canonicalize_name(name): version for name, _, version in (line.split()[0].partition("==") for line in LOCK)}


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


def test_every_line_of_the_lock_pins_one_version():
    assert [name for name, version in PINNED.items() if not version[:1].isdigit()] == []


def test_every_requirement_is_pinned_as_it_is_required():
    apart = {str(each) for each in WANTED if PINNED.get(canonicalize_name(each.name), "-") not in each.specifier}

    assert {each for each in apart if not Requirement(each).marker or applies(Requirement(each), {""})} == set()


def test_all_that_is_needed_here_is_pinned_and_installed_at_that_version():
    installed = here(WANTED)

    assert {name: version for name, version in installed.items() if PINNED.get(name) != version} == {}
