"""What each function ships: `make package` builds the zips for both processors and prints every function's size."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops import show
from ops.functions import FILE, document

ROOT = FILE.parent
BUILD = ROOT / "build"
PYTHON = "3.12"  # the runtime's, not this machine's
GLIBC = ("2014", "_2_17", "_2_27", "_2_28")  # Amazon Linux 2023 has 2.34
PROCESSORS = {"x86_64": "x86_64", "arm64": "aarch64"}  # AWS' name → the wheels'
MIB = 2**20
LIMIT_MIB = 250  # AWS' own, unzipped
TESTED_IN_PLACE = ("pandas", "scipy", "sklearn")  # ship their tests; others import theirs
NOT_NEEDED = {".c", ".h", ".pyc", ".pyi", ".pxd", ".pyx"}
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files make the same zip, which `sls deploy` then leaves alone
WEIGHTS = "weights"

_BASE = ("aws-lambda-powertools", "pymongo")
_ARRAYS = (*_BASE, "numpy", "scipy")


@dataclass(frozen=True)
class Package:
    """Distributions, with what they need, and folders of ours, that some functions share."""

    distributions: Sequence[str]
    folders: Sequence[str]
    budget_mib: float
    files: Sequence[str] = ()
    reads_texts: bool = False  # with the weights for it


def required(path: Path) -> tuple[str, ...]:
    """The distributions that a requirements file names."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return tuple(line.split("==")[0] for line in lines if line)


_SHARED = ("handlers", "store", "features", "predictors", "fraud")
PACKAGES: Mapping[str, Package] = {
    "aggregation": Package(_BASE, _SHARED, 15),
    "arrays": Package(_ARRAYS, _SHARED, 220),
    "texts": Package(
        (*_BASE, *required(ROOT / "requirements-text.txt")),
        ("handlers", "store", "features"),
        150,
        reads_texts=True,
    ),
    "boosters": Package((*_ARRAYS, "xgboost-cpu"), (*_SHARED, "trainers"), 230),
    "detectors": Package((*_ARRAYS, "xgboost-cpu", "pandas", "scikit-learn"), _SHARED, 240),
    "panel": Package(
        (*_ARRAYS, *required(ROOT / "requirements-panel.txt")),
        (*_SHARED, "panel", "ops"),
        240,
        ("serverless.yml",),
    ),
}


@dataclass(frozen=True)
class Size:
    """Bytes of a package, as Lambda unpacks it and as it is sent."""

    unzipped: int
    zipped: int


def build(name: str, processor: str) -> Size:
    """Builds build/<processor>/<name>.zip.

    Raises:
        ValueError: when it goes over its budget.
    """
    package, folder = PACKAGES[name], BUILD / processor / name
    shutil.rmtree(folder, ignore_errors=True)
    install(package.distributions, processor, folder)
    files = {each.relative_to(folder).as_posix(): each for each in shipped(folder)} | sources(package)
    size = Size(sum(each.stat().st_size for each in files.values()), _zip(files, folder.with_suffix(".zip")))
    shutil.rmtree(folder)
    if size.unzipped > package.budget_mib * MIB:
        raise ValueError(f"{name} for {processor}: {size.unzipped / MIB:.1f} MiB are over {package.budget_mib} MiB")
    return size


def install(distributions: Sequence[str], processor: str, folder: Path) -> None:
    """Unpacks wheels for the runtime's Python and processor, at the pinned versions."""
    platforms = [f"--platform=manylinux{each}_{PROCESSORS[processor]}" for each in GLIBC]
    only = ["--only-binary=:all:", f"--python-version={PYTHON}", "--implementation=cp", "--no-compile"]
    pinned = [f"--constraint={ROOT / 'constraints.txt'}", f"--target={folder}"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *platforms, *only, *pinned, *distributions], check=True, stdout=sys.stderr)


def shipped(folder: Path) -> Iterator[Path]:
    """The files of installed distributions but sources of C, type stubs, commands and three libraries' tests.

    Nothing else is left out: some libraries import folders of theirs that are named tests.
    """
    for each in sorted(folder.rglob("*")):
        parts = each.relative_to(folder).parts
        tests = parts[0] in TESTED_IN_PLACE and "tests" in parts
        if each.is_file() and each.suffix not in NOT_NEEDED and parts[0] != "bin" and not tests:
            yield each


def sources(package: Package) -> dict[str, Path]:
    """Our own files by their names inside the zip; the weights only where texts are read."""
    own = [each for folder in package.folders for each in sorted((ROOT / folder).rglob("*")) if each.is_file()]
    chosen = [each for each in own if package.reads_texts or WEIGHTS not in each.parts]
    chosen = [each for each in chosen if "__pycache__" not in each.parts] + [ROOT / each for each in package.files]
    return {each.relative_to(ROOT).as_posix(): each for each in chosen}


def package_of() -> dict[str, str]:
    """Function → its package, as serverless.yml says."""
    return {key: Path(body["package"]["artifact"]).stem for key, body in document()["functions"].items()}


def main() -> None:
    """Builds every package for both processors and prints every function's size."""
    sizes = {(name, each): build(name, each) for name in PACKAGES for each in PROCESSORS}
    rows = [
        [key, name, *(f"{_mib(size.unzipped)} ({_mib(size.zipped)})" for size in (sizes[name, p] for p in PROCESSORS)),
         f"{PACKAGES[name].budget_mib:.0f}"]
        for key, name in package_of().items()
    ]  # fmt: skip
    columns = ("function", "package", *(f"{each}: MiB (zip)" for each in PROCESSORS), "budget")
    table = show.table(f"Packages for Python {PYTHON}", columns, rows)
    table.columns[0].no_wrap = True
    show.result({}, False, table)


def _zip(files: Mapping[str, Path], path: Path) -> int:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, each.read_bytes())
    return path.stat().st_size


def _mib(size: int) -> str:
    return f"{size / MIB:.1f}"


if __name__ == "__main__":
    main()
