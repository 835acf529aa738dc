"""Pages name files that exist."""

import re

import pytest

from tests.docs.markdown import ROOT, pages

FOLDERS = "handlers|features|trainers|predictors|fraud|store|ops|lab|panel|tests|docs"
NAMED = re.compile(rf"`((?:{FOLDERS})/[\w/.-]+\.(?:py|md|json|yml|toml|html))`")
LINKED = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")

every_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


def missing(text, folder):
    """Returns the files that a page in this folder names or links and that do not exist."""
    named = [path for path in NAMED.findall(text) if not (ROOT / path).exists()]
    return named + [path for path in LINKED.findall(text) if not (folder / path).exists()]


@every_page
def test_files_that_a_page_names_exist(page):
    assert missing(page.read_text(), page.parent) == []


def test_a_missing_file_is_found_by_name_and_by_link():
    text = "`docs/panel.md` `docs/none.md` [a](panel.md#roles) [b](gone.md) [c](https://example.org/x)"

    assert missing(text, ROOT / "docs") == ["docs/none.md", "gone.md"]
