from pathlib import Path

import pytest

from tests.mutants.known import KILLED, MUTATIONS, ROOT, SURVIVED, Mutation, RowError, copied, mutated, verdict

SUM = Mutation("sum", "sums.py", "a + b", "a - b", ("test_sums.py",))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "sums.py").write_text("def total(a, b):\n    return a + b\n")
    (tmp_path / "test_sums.py").write_text("")
    return tmp_path


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[mutation.name for mutation in MUTATIONS])
def test_every_mutation_changes_exactly_one_place(mutation: Mutation):
    text = (ROOT / mutation.file).read_text(encoding="utf-8")

    compile(mutated(mutation, text), mutation.file, "exec")

    assert mutated(mutation, text) != text


def test_names_are_unique():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 30


@pytest.mark.parametrize("text", ["return a * b", "a + b or a + b"])
def test_a_text_that_is_gone_or_ambiguous_is_refused(text: str):
    with pytest.raises(RowError, match="not once"):
        mutated(SUM, text)


@pytest.mark.parametrize(("passed", "expected"), [(True, SURVIVED), (False, KILLED)])
def test_a_mutation_survives_when_its_tests_pass(tree: Path, passed: bool, expected: str):
    seen = []

    found = verdict(SUM, tree, lambda tests: seen.append((tests, (tree / "sums.py").read_text())) or passed)

    assert found == expected
    assert seen == [(("test_sums.py",), "def total(a, b):\n    return a - b\n")]
    assert "a + b" in (tree / "sums.py").read_text()


def test_a_test_file_that_does_not_exist_is_an_error(tree: Path):
    (tree / "test_sums.py").unlink()

    with pytest.raises(RowError, match=r"no such file: test_sums\.py"):
        verdict(SUM, tree, lambda tests: False)


def test_a_copy_has_the_code_and_its_settings_and_no_caches(tmp_path: Path):
    (tmp_path / "features" / "__pycache__").mkdir(parents=True)
    (tmp_path / "features" / "sums.py").touch()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "another").mkdir()

    with copied(tmp_path) as tree:
        found = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))

    assert found == ["features", "features/sums.py", "pyproject.toml"]
