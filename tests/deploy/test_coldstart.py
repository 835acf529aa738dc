"""What a new container pays before its first event's work: imports, in fresh processes, from `make package`'s zips."""

import os
import statistics
import subprocess
import sys

import pytest

from handlers.manifest import functions
from ops import console
from ops.deploy.package import ROOT, package_of, runtime_python

PROCESSES = 11
PACKAGE_OF = package_of()
AIMS_MS = {key: 400 for key, name in PACKAGE_OF.items() if name == "aggregation"}
AIMS_MS["personalizeContentPredictor"] = 1500
# The handler's module, then what the handler itself imports when it is called.
PROGRAM = """
import sys, time
started = time.perf_counter()
module, _, name = sys.argv[1].rpartition(".")
handler = getattr(__import__(module, fromlist=[name]), name)
imported = time.perf_counter()
import ast, inspect, textwrap
tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(handler))))
lazy = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
program = compile(ast.Module(lazy, []), "lazy", "exec")
ready = time.perf_counter()
exec(program)
print(imported - started, time.perf_counter() - ready, time.process_time())
"""
LOADED = PROGRAM + "print(*{each.partition('.')[0] for each in sys.modules}, *sys.modules)"
HEAVY = {"scipy.stats", "scipy.signal", "scipy.optimize", "pandas", "sklearn", "xgboost", "boto3"}


def started(handler, folder, python, program=PROGRAM):
    """What the program prints about the handler in a fresh process that sees this folder."""
    environment, command = {**os.environ, "PYTHONPATH": str(folder)}, [*python, "-c", program, handler]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def medians(runs):
    """Milliseconds of the handler's module, of what it imports at its first call, and of the processor."""
    return [1000 * statistics.median(each) for each in zip(*runs, strict=True)]


@pytest.mark.bench
def test_new_containers_are_ready_soon(unzipped):
    python = [runtime_python(), "-S"]
    runs = {key: [] for key in functions()}
    for _ in range(PROCESSES):  # one of each in turn: a busy minute of the machine slows all alike
        for key, each in functions().items():
            runs[key].append(map(float, started(each.handler, unzipped(PACKAGE_OF[key]), python).split()))
    found = {key: medians(each) for key, each in runs.items()}

    rows = [
        [key, *(round(each) for each in (module, lazy, module + lazy, cpu)), AIMS_MS.get(key, "")]
        for key, (module, lazy, cpu) in found.items()
    ]
    title = f"Imports of a new container in ms, median of {PROCESSES} processes (CPU with Python's own start)"
    console.result({}, False, console.table(title, ("function", "handler", "job", "both", "CPU", "aim"), rows))
    ready = {key: min(module + lazy, cpu) for key, (module, lazy, cpu) in found.items()}  # neighbours slow the clock
    assert {key: ready[key] for key, aim in AIMS_MS.items() if ready[key] >= aim} == {}


@pytest.mark.parametrize("key", [key for key, name in PACKAGE_OF.items() if name == "arrays" or key in AIMS_MS])
def test_a_function_loads_no_heavy_library_before_it_works(key):
    loaded = set(started(functions()[key].handler, ROOT, [sys.executable], LOADED).split())

    assert not loaded & (HEAVY | ({"numpy", "scipy"} if PACKAGE_OF[key] == "aggregation" else set()))
