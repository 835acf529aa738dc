"""Deployment packages: `make package` builds the zips for both processors and prints the size of each function."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from handlers.manifest import FILE, document
from ops import console

ROOT = FILE.parent
BUILD = ROOT / "build"
PYTHON = "3.12"  # of the runtime, not of this machine
GLIBC = ("2014", "_2_17", "_2_27", "_2_28")  # Amazon Linux 2023 has 2.34
PROCESSORS = {"x86_64": "x86_64", "arm64": "aarch64"}  # name at AWS → name of the wheels
MIB = 2**20
LIMIT_MIB = 250  # of AWS, unzipped
NOT_SHIPPED = ("aws_lambda_powertools/event_handler", "scipy/**/tests")  # unused routers and tests
NOT_NEEDED = {".c", ".h", ".pyc", ".pyi", ".pxd", ".pyx"}
EPOCH = (1980, 1, 1, 0, 0, 0)  # equal files make equal zips, which `sls deploy` does not upload again
WEIGHTS = "weights"
# Lambda cannot write into the code folder: without byte code in the zip, every container compiles again.
_COMPILER = """
import json, sys
from py_compile import PycInvalidationMode, compile
for name, source, made in json.load(sys.stdin):
    compile(source, made, f"/var/task/{name}", quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
"""

NO_BYTE_CODE = f"No python{PYTHON} (set RUNTIME_PYTHON): without byte code, containers start three times slower."
_BASE = ("aws-lambda-powertools", "cronsim", "pymongo")
_ARRAYS = (*_BASE, "numpy", "scipy")


@dataclass(frozen=True)
class Package:
    """Distributions with their dependencies, and our folders, that some functions share."""

    distributions: Sequence[str]
    folders: Sequence[str]
    budget_mib: float
    files: Sequence[str] = ()
    reads_texts: bool = False  # ships the weights


def required(path: Path) -> tuple[str, ...]:
    """Returns the distributions of a requirements file."""
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
    "panel": Package(
        (*_ARRAYS, *required(ROOT / "requirements-panel.txt")),
        (*_SHARED, "panel"),
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
        ValueError: when the package exceeds its budget.
    """
    package, folder = PACKAGES[name], BUILD / processor / name
    shutil.rmtree(folder, ignore_errors=True)
    install(package.distributions, processor, folder)
    files = {path.relative_to(folder).as_posix(): path for path in shipped(folder)} | sources(package)
    files |= byte_code(files, folder) if has_runtime_python() else {}
    size = Size(sum(path.stat().st_size for path in files.values()), _zip(files, archive(name, processor)))
    shutil.rmtree(folder)
    if size.unzipped > package.budget_mib * MIB:
        raise ValueError(
            f"{name} for {processor}: {size.unzipped / MIB:.1f} MiB exceed the budget of {package.budget_mib} MiB"
        )
    return size


def archive(name: str, processor: str) -> Path:
    """Returns the path of the package's zip."""
    return BUILD / processor / f"{name}.zip"


def install(distributions: Sequence[str], processor: str, folder: Path) -> None:
    """Installs wheels for the runtime's Python and processor, at the pinned versions."""
    platforms = [f"--platform=manylinux{version}_{PROCESSORS[processor]}" for version in GLIBC]
    only = ["--only-binary=:all:", f"--python-version={PYTHON}", "--implementation=cp", "--no-compile"]
    pinned = [f"--constraint={ROOT / 'constraints.txt'}", f"--target={folder}"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *platforms, *only, *pinned, *distributions], check=True, stdout=sys.stderr)


def shipped(folder: Path) -> Iterator[Path]:
    """Yields the files of distributions, without C sources, type stubs, commands and NOT_SHIPPED.

    Other tests remain: some libraries import their folders named tests.
    """
    left_out = {path for pattern in ("bin", *NOT_SHIPPED) for path in folder.glob(pattern)}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in NOT_NEEDED and left_out.isdisjoint(path.parents):
            yield path


def sources(package: Package) -> dict[str, Path]:
    """Returns our files by their names in the zip; weights only if the package reads texts."""
    own = [path for folder in package.folders for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    chosen = [path for path in own if package.reads_texts or WEIGHTS not in path.parts]
    chosen = [path for path in chosen if "__pycache__" not in path.parts] + [ROOT / name for name in package.files]
    return {path.relative_to(ROOT).as_posix(): path for path in chosen}


def runtime_python() -> str:
    """Returns the command of the runtime's Python: RUNTIME_PYTHON, or the versioned name."""
    return os.environ.get("RUNTIME_PYTHON") or f"python{PYTHON}"


@cache
def has_runtime_python() -> bool:
    """Returns whether that command exists and has that version."""
    check = f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != '{PYTHON}')"
    try:
        return subprocess.run([runtime_python(), "-c", check], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def byte_code(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Compiles the sources with the runtime's Python into the folder; returns files by their names in the zip."""
    orders = []
    for name in sorted(path for path in files if path.endswith(".py")):
        source = Path(name)
        target = source.parent / "__pycache__" / f"{source.stem}.cpython-{PYTHON.replace('.', '')}.pyc"
        orders.append((name, str(files[name]), str(folder / target)))
    command = [runtime_python(), "-S", "-W", "ignore", "-c", _COMPILER]
    subprocess.run(command, input=json.dumps(orders), text=True, check=True)
    compiled = (Path(target) for _, _, target in orders)
    return {path.relative_to(folder).as_posix(): path for path in compiled if path.is_file()}


def package_of() -> dict[str, str]:
    """Returns function → package, from serverless.yml."""
    return {key: Path(body["package"]["artifact"]).stem for key, body in document()["functions"].items()}


def main() -> None:
    """Builds every package for both processors and prints the size of each function."""
    sizes = {(name, processor): build(name, processor) for name in PACKAGES for processor in PROCESSORS}
    rows = [
        [key, name, *(f"{_mib(size.unzipped)} ({_mib(size.zipped)})" for size in (sizes[name, p] for p in PROCESSORS))]
        for key, name in package_of().items()
    ]
    table = console.table(f"MiB unzipped (and zipped) for Python {PYTHON}", ("function", "package", *PROCESSORS), rows)
    console.result({}, False, table, "" if has_runtime_python() else NO_BYTE_CODE)


def _zip(files: Mapping[str, Path], path: Path) -> int:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, source.read_bytes())
    return path.stat().st_size


def _mib(size: int) -> str:
    return f"{size / MIB:.1f}"


if __name__ == "__main__":
    main()
