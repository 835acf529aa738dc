"""Each function's package holds what the function imports, and fits."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from handlers.manifest import functions
from ops.deploy.package import (
    LIMIT_MIB,
    MIB,
    PACKAGES,
    PROCESSORS,
    ROOT,
    archive,
    has_runtime_python,
    package_of,
    runtime_python,
    shipped,
    sources,
)
from tests.community import TIME, community, fill
from tests.deploy.emulator import Container
from tests.deploy.events import ASKED, TOKENS

PACKAGE_OF = package_of()
RUNTIME = ("awslambdaric", "boto3")  # Lambda's own image has them
BASE = getattr(sys, "_base_executable", sys.executable)  # without the virtual environment's libraries
BYTE_CODE = 1.25  # bytes of it for one of source
AGGREGATION = [key for key, name in PACKAGE_OF.items() if name == "aggregation"]


def with_dependencies(names):
    """The distributions and all that they need."""
    found, waiting = {}, list(names)
    while waiting:
        name = waiting.pop()
        try:
            made = distribution(Requirement(name).name)
        except PackageNotFoundError:
            continue  # of another platform
        if made.metadata["Name"] in found:
            continue
        found[made.metadata["Name"]] = made
        needed = (Requirement(each) for each in made.requires or [])
        extras = set(Requirement(name).extras)
        waiting += [
            each.name + (f"[{','.join(each.extras)}]" if each.extras else "")
            for each in needed
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras | {""})
        ]
    return list(found.values())


def laid_out(folder, distributions):
    """Links to the distributions' files, as `pip install --target` would lay them out."""
    for each in distributions:
        for file in each.files or ():
            if ".." not in file.parts and file.suffix != ".pyc" and Path(file.locate()).exists():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                if not (folder / file).exists():
                    os.symlink(file.locate(), folder / file)
    return folder


@pytest.mark.parametrize("name", PACKAGES)
def test_what_the_package_ships_fits_its_budget_and_lambda(name, tmp_path):
    folder = laid_out(tmp_path, with_dependencies(PACKAGES[name].distributions))

    files = [*shipped(folder), *sources(PACKAGES[name]).values()]
    code = sum(each.stat().st_size for each in files if each.suffix == ".py")
    size = sum(each.stat().st_size for each in files) + BYTE_CODE * code

    assert 1 < size / MIB <= PACKAGES[name].budget_mib < LIMIT_MIB


def test_functions_that_only_aggregate_ship_the_driver_and_no_arrays(tmp_path):
    shipped_names = {each.metadata["Name"].lower() for each in with_dependencies(PACKAGES["aggregation"].distributions)}

    logs, driver = {"aws_lambda_powertools", "jmespath", "typing_extensions"}, {"pymongo", "dnspython"}
    assert shipped_names == logs | driver | {"cronsim"}
    assert set(AGGREGATION) >= {"contentStats", "creatorStats", "hashtagStats", "fraudFeatureUpdater"}


def test_every_function_has_a_package_and_every_package_a_function():
    assert set(PACKAGE_OF) == set(functions())
    assert set(PACKAGE_OF.values()) == set(PACKAGES)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Gives a package's folder for this machine's Python, beside what Lambda's own image holds."""
    return cache(lambda name: _unpacked(name, tmp_path_factory.mktemp(name)))


def _unpacked(name, folder):
    laid_out(folder, with_dependencies(PACKAGES[name].distributions))
    kept = set(shipped(folder))
    for each in [each for each in folder.rglob("*") if each.is_symlink() and each not in kept]:
        each.unlink()
    laid_out(folder, with_dependencies(RUNTIME))
    for place, each in sources(PACKAGES[name]).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(each, folder / place)
    return folder


def answered(key, db, uri, folder, tmp_path):
    """What the function gives when nothing but its package is there."""
    where = {"MONGODB_URI": uri, "DB_PREFIX": db.app.name.removesuffix("app-db"), "PYTHONPATH": str(folder),
             "PANEL_TOKENS": TOKENS}  # fmt: skip
    container = Container(key, functions()[key].handler, tmp_path / "log", where, [BASE, "-S"], folder)
    try:
        return container.invoke(EVENTS.get(key, {}) | {"time": TIME}, 200)
    finally:
        container.stop()


@pytest.mark.parametrize("key", AGGREGATION)
def test_a_function_that_aggregates_works_with_nothing_but_its_package(key, db, uri, unpacked, tmp_path):
    fill(db, {name: batch for name, batch in community().items() if name != "feeditems"})

    assert isinstance(answered(key, db, uri, unpacked(PACKAGE_OF[key]), tmp_path), dict)


RECORD = {"messageId": "1", "body": '{"shard": "none"}', "eventSource": "aws:sqs"}
EVENTS = ASKED | {"personalizeContentWorker": {"Records": [RECORD]}}


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in PACKAGE_OF if key not in AGGREGATION])
def test_every_function_works_with_nothing_but_its_package(key, db, uri, unpacked, tmp_path):
    fill(db, community())

    assert isinstance(answered(key, db, uri, unpacked(PACKAGE_OF[key]), tmp_path), dict | list)


CALL = """
import json, sys
module, _, name = sys.argv[1].rpartition(".")
print(json.dumps(getattr(__import__(module, fromlist=[name]), name)(json.load(sys.stdin), None)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("key", PACKAGE_OF)
def test_a_built_zip_answers_under_the_runtimes_python(key, db, uri, unzipped):
    folder = unzipped(PACKAGE_OF[key])
    fill(db, community())
    where = {"MONGODB_URI": uri, "DB_PREFIX": db.app.name.removesuffix("app-db"), "PANEL_TOKENS": TOKENS}
    command = [runtime_python(), "-S", "-W", "error::ImportWarning", "-c", CALL, functions()[key].handler]

    done = subprocess.run(
        command, input=json.dumps(EVENTS.get(key, {}) | {"time": TIME}), cwd=folder, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"} | where,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])
    assert not [each for each in done.stderr.splitlines() if "Error" in each]


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_built_zip_brings_byte_code_beside_every_source(processor):
    path = archive("aggregation", processor)
    if not path.exists() or not has_runtime_python():
        pytest.skip("make package has not run here, or there is no Python of the runtime")
    names = set(zipfile.ZipFile(path).namelist())

    code = [Path(each) for each in names if each.endswith(".py")]
    assert Path("handlers/features.py") in code
    assert {str(each.parent / "__pycache__" / f"{each.stem}.cpython-312.pyc") for each in code} <= names


MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}  # e_machine of ELF


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_built_zips_binaries_are_of_its_processor_and_of_the_runtimes_python(name, processor):
    if not archive(name, processor).exists():
        pytest.skip("make package has not run here")
    with zipfile.ZipFile(archive(name, processor)) as built:
        heads = {each: built.open(each).read(20) for each in built.namelist() if ".so" in Path(each).suffixes}

    assert heads
    for path, head in heads.items():
        assert head[:4] == b"\x7fELF", path
        assert int.from_bytes(head[18:20], "little") == MACHINES[processor], path
        assert "cpython-" not in path or "cpython-312" in path


def test_the_packages_sources_are_ours_and_complete():
    files = sources(PACKAGES["texts"])

    assert "features/text/topics_taxonomy.toml" in files
    assert any(each.startswith("features/text/weights/") for each in files)
    assert not [each for each in sources(PACKAGES["aggregation"]) if "weights" in each]
    assert all((ROOT / each).is_file() for each in files)
