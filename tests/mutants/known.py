"""Applies known mutations to a copy of the tree, one at a time, and reports which of them the tests notice.

`python -m tests.mutants.known [NAME…]` runs every mutation, or those whose name contains one of the words. The exit
code is 1 when a mutation survives, and 2 when a row of the table no longer fits the code.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("features", "trainers", "predictors", "fraud", "handlers", "store", "panel", "ops", "lab", "tests")
KILLED, SURVIVED = "killed", "survived"
LONGEST_SECONDS = 900


class Mutation(NamedTuple):
    """One change to the code, and the tests that must notice it."""

    name: str
    file: str
    old: str  # occurs exactly once in the file
    new: str
    tests: tuple[str, ...]


class RowError(ValueError):
    """A row of the table does not fit the tree: the text moved, or the tests fail without the mutation."""


STATISTICS = ("tests/features/statistics/test_pipelines.py",)
MATRIX = ("tests/features/test_matrix.py",)
CO_ENGAGEMENT = ("tests/features/ranking/test_co_engagement.py",)
EXPECTED_WEEK = ("tests/features/karma/test_expected_week.py",)

MUTATIONS = (
    Mutation("statistics: clock skew 1 d to 0", "features/statistics/pipelines.py",
             "timedelta(days=1)", "timedelta(days=0)", STATISTICS),
    Mutation("statistics: plausible count 1e12 to 1e15", "features/statistics/pipelines.py",
             "MOST_PLAUSIBLE_COUNT = 1e12", "MOST_PLAUSIBLE_COUNT = 1e15", STATISTICS),
    Mutation("matrix: gravity exponent 1.8 to 1.5", "features/matrix.py",
             "(age_hours + 2.0) ** 1.8", "(age_hours + 2.0) ** 1.5", MATRIX),
    Mutation("matrix: creator month 720 h to 360 h", "features/matrix.py",
             "_MONTH_HOURS = 720.0", "_MONTH_HOURS = 360.0", MATRIX),
    Mutation("snapshot: creator month 720 h to 360 h", "predictors/snapshot/snapshot.py",
             "_MONTH: Final = (720,)", "_MONTH: Final = (360,)", ("tests/predictors/snapshot/test_snapshot.py",)),
    Mutation("baselines: exponent of hn 1.8 to 1.5", "trainers/evaluation/baselines.py",
             "(engaged - 1) / (age_hours + 2) ** 1.8", "(engaged - 1) / (age_hours + 2) ** 1.5",
             ("tests/trainers/evaluation/test_baselines.py",)),
    Mutation("baselines: exponent of lemmy 1.8 to 1.5", "trainers/evaluation/baselines.py",
             "3 + engaged)) / (age_hours + 2) ** 1.8", "3 + engaged)) / (age_hours + 2) ** 1.5",
             ("tests/trainers/evaluation/test_baselines.py",)),
    Mutation("co-engagement: weight of an engagement 3 to 1", "features/ranking/co_engagement.py",
             "_WEIGHT_ENGAGEMENT = 1.0, 3.0", "_WEIGHT_ENGAGEMENT = 1.0, 1.0", CO_ENGAGEMENT),
    Mutation("co-engagement: root of popularity to popularity", "features/ranking/co_engagement.py",
             "np.sqrt(popularity[acts.indices])", "popularity[acts.indices]", CO_ENGAGEMENT),
    Mutation("candidates: weight of co-engagement 3 to 1", "predictors/personal/sources.py",
             '+ _ENGAGED_WEIGHT * columns["tasteEngaged"]', '+ 1.0 * columns["tasteEngaged"]',
             ("tests/predictors/personal/test_sources.py",)),
    Mutation("candidates: weight of an engaged tag 3 to 1", "predictors/personal/sources.py",
             "engaged * _ENGAGED_WEIGHT", "engaged * 1.0", ("tests/predictors/personal/test_sources.py",)),
    Mutation("candidates: constant of both weights 3 to 1", "predictors/personal/sources.py",
             "_ENGAGED_WEIGHT = 3.0", "_ENGAGED_WEIGHT = 1.0", ("tests/predictors/personal/test_sources.py",)),
    Mutation("sampling: weights without the cut at until", "trainers/rows/sampling.py",
             "        weights[acts.time_ms[good] >= until_ms] = 0.0\n", "", ("tests/trainers/rows/test_sampling.py",)),
    Mutation("karma: half-life 10 d to 20 d", "features/karma/expected_week.py",
             "half_life_days: float = 10.0", "half_life_days: float = 20.0", EXPECTED_WEEK),
    Mutation("karma: prior of the reception 1 to 3", "features/karma/expected_week.py",
             "reception: float = 1.0", "reception: float = 3.0", EXPECTED_WEEK),
    Mutation("karma: level without its highest", "features/karma/expected_week.py",
             "0.2, 5.0)", "0.2, 1e9)", EXPECTED_WEEK),
    Mutation("karma: level without its lowest", "features/karma/expected_week.py",
             "0.2, 5.0)", "0.0, 5.0)", EXPECTED_WEEK),
    Mutation("karma: an act at since does not count", "features/karma/expected_week.py",
             "self.time_ms >= since_ms", "self.time_ms > since_ms", EXPECTED_WEEK),
    Mutation("cascades: a follow at the reshare does not count", "features/cascades/parents.py",
             "follows.since_minutes[tie] <= nodes", "follows.since_minutes[tie] < nodes",
             ("tests/features/cascades/test_parents.py",)),
    Mutation("cascades: dampening .3 to .9", "features/cascades/forecast.py",
             "DAMPENING = 0.3", "DAMPENING = 0.9", ("tests/features/cascades/test_forecast.py",)),
    Mutation("cascades: delays not smoothed", "features/cascades/delays.py",
             "Delays(edges, _smooth(mass))", "Delays(edges, mass / mass.sum())",
             ("tests/features/cascades/test_delays.py",)),
    Mutation("fraud: skim .6 s to 6 s", "fraud/features/dwell.py",
             "SKIM_SECONDS = 0.6", "SKIM_SECONDS = 6.0", ("tests/fraud/features/test_dwell.py",)),
    Mutation("fraud: sign of burstiness", "fraud/features/dwell.py",
             "over(s - m,", "over(m - s,", ("tests/fraud/features/test_dwell.py",)),
    Mutation("fraud: sign of the text slope", "fraud/features/sequence.py",
             ">= 10, tie, np.nan)", ">= 10, -tie, np.nan)", ("tests/fraud/features/test_sequence.py",)),
    Mutation("fraud: session gap 1800 s to 300 s", "fraud/features/sessions.py",
             "SESSION_SECONDS = 1800.0", "SESSION_SECONDS = 300.0", ("tests/fraud/features/test_sessions.py",)),
    Mutation("fraud: side of the calibration", "fraud/models/calibration.py",
             'searchsorted(people, score, side="left")', 'searchsorted(people, score, side="right")',
             ("tests/fraud/models/test_calibration.py",)),
    Mutation("fraud: floor of trusted people 50 to 0", "fraud/models/selection.py",
             "_FEWEST_TRUSTED = 50", "_FEWEST_TRUSTED = 0", ("tests/fraud/models/test_selection.py",)),
    Mutation("trainers: gate of levels 2 to -9 standard errors", "trainers/hierarchy.py",
             "standard_errors: float = 2.0", "standard_errors: float = -9.0", ("tests/trainers/test_hierarchy.py",)),
    Mutation("trainers: gate of members 2 to -9 standard errors", "trainers/member_effects.py",
             "_STANDARD_ERRORS = 2.0", "_STANDARD_ERRORS = -9.0", ("tests/trainers/test_member_effects.py",)),
    Mutation("leases: one failed renewal ends all", "store/leases.py",
             "            continue  #", "            return  #", ("tests/store/test_leases.py",)),
    Mutation("leases: a lost lease is renewed without a word", "store/leases.py",
             "if not collection(self.db, \"leases\").update_one(owned, fresh).matched_count:",
             "if collection(self.db, \"leases\").update_one(owned, fresh) is None:", ("tests/store/test_leases.py",)),
    Mutation("panel: session not cleared at sign-in", "panel/sign_in.py",
             "    request.session.clear()  # a session from before the sign-in must not survive it\n", "",
             ("tests/panel/test_auth.py",)),
)  # fmt: skip


def mutated(mutation: Mutation, text: str) -> str:
    """The file's text with the mutation; raises RowError unless the old text occurs exactly once."""
    if (times := text.count(mutation.old)) != 1:
        raise RowError(f"{mutation.file}: {mutation.old!r} occurs {times} times, not once")
    return text.replace(mutation.old, mutation.new)


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """A copy of the code and the tests in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for package in PACKAGES:
            if (root / package).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "node_modules")
                shutil.copytree(root / package, Path(folder, package), ignore=ignored)
        for path in root.iterdir():
            if path.is_file():
                shutil.copy(path, folder)
        yield Path(folder)


def verdict(mutation: Mutation, tree: Path, passes: Callable[[tuple[str, ...]], bool]) -> str:
    """Whether the tests of the mutation fail in the tree while it is applied; the tree is left as it was.

    `passes` runs test files in the tree. Raises RowError when the row does not fit the tree.
    """
    path = tree / mutation.file
    if missing := [file for file in (mutation.file, *mutation.tests) if not (tree / file).is_file()]:
        raise RowError(f"no such file: {', '.join(missing)}")
    original = path.read_text(encoding="utf-8")
    changed = mutated(mutation, original)
    path.write_text(changed, encoding="utf-8")
    try:
        return SURVIVED if passes(mutation.tests) else KILLED
    finally:
        path.write_text(original, encoding="utf-8")


def run(tree: Path, tests: tuple[str, ...]) -> bool:
    """Whether the test files pass; raises RowError when pytest could not run them."""
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        finished = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=LONGEST_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise RowError(f"the tests did not end within {LONGEST_SECONDS} seconds") from None
    if finished.returncode not in (0, 1):
        raise RowError(f"pytest ended with {finished.returncode}:\n{finished.stdout[-2000:]}{finished.stderr[-2000:]}")
    for line in finished.stdout.splitlines():
        if line.startswith("FAILED"):
            print(f"    {line.split(' - ')[0]}", flush=True)  # noqa: T201
    return finished.returncode == 0


def results(mutations: Sequence[Mutation], root: Path = ROOT) -> Iterator[tuple[Mutation, str]]:
    """Each mutation with killed, survived, or the error of its row."""
    with copied(root) as tree:

        @cache
        def passes_unchanged(tests: tuple[str, ...]) -> bool:
            return run(tree, tests)

        for mutation in mutations:
            try:
                found = verdict(mutation, tree, lambda tests: run(tree, tests))
                if found == KILLED and not passes_unchanged(mutation.tests):
                    found = "error: the tests fail without the mutation too"
            except RowError as error:
                found = f"error: {error}"
            yield mutation, found


def main() -> int:
    """Runs the chosen mutations, prints a line for each, and returns the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", help="words of the names; all mutations without any")
    words = arguments.parse_args().names
    chosen = [mutation for mutation in MUTATIONS if not words or any(word in mutation.name for word in words)]
    found = []
    for mutation, result in results(chosen):
        print(f"{mutation.name}: {result}", flush=True)  # noqa: T201
        found.append(result)
    print(f"{found.count(KILLED)} of {len(found)} killed", flush=True)  # noqa: T201
    if not found or any(result not in (KILLED, SURVIVED) for result in found):
        return 2
    return 1 if SURVIVED in found else 0


if __name__ == "__main__":
    sys.exit(main())
