"""The figures in README.md and docs/ are those of the JSON files that measurements wrote."""

import pytest

from lab import doc_figures


@pytest.mark.parametrize("page", list(doc_figures.pages()), ids=lambda page: page.name)
def test_the_figures_of_a_page_are_those_of_its_files(page):
    text = page.read_text()

    assert doc_figures.filled(text) == text


def test_the_readme_takes_its_figures_from_files():
    assert len(doc_figures.FIGURE.findall((doc_figures.DOCS.parent / "README.md").read_text())) >= 10


def test_a_number_is_put_in_and_a_list_is_summed(monkeypatch):
    monkeypatch.setattr(doc_figures, "_read", {"runs": {"jobs": [{"kills": 2}, {"kills": 3}], "score": 0.51239}}.get)

    text = doc_figures.filled("<!--=runs jobs.*.kills-->9<!--=--> kills, <!--=runs score-->?<!--=-->")

    assert text == "<!--=runs jobs.*.kills-->5<!--=--> kills, <!--=runs score-->0.512<!--=-->"


def test_a_figure_that_no_file_has_is_an_error(monkeypatch):
    monkeypatch.setattr(doc_figures, "_read", {"runs": {}}.get)

    with pytest.raises(ValueError, match=r"docs/runs\.json has no number at jobs\.kills"):
        doc_figures.filled("<!--=runs jobs.kills-->9<!--=-->")
