"""docs/glossary.md lists words that users must not read: pages, the panel, help and errors are searched for them."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer

from ops.cli import COMMANDS, SUBJECTS, build
from tests.docs.markdown import ROOT, pages, text_lines

GLOSSARY = ROOT / "docs" / "glossary.md"
BANNED_TITLE = "## Words we do not use"
PRODUCT = ("handlers", "features", "trainers", "predictors", "fraud", "store", "ops", "lab", "panel")
SPOKEN_ATTRIBUTES = {"title", "alt", "placeholder", "aria-label", "aria-description"}
Place = tuple[str, int, str]  # file or command, number of the first line, the text from there on


@cache
def banned() -> re.Pattern[str]:
    """Returns what matches a banned word or phrase, in any case and over any white space."""
    _, _, section = GLOSSARY.read_text().partition(BANNED_TITLE)
    cells = [line.split("|")[1] for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    words = [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]
    return pattern(words)


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    alternatives = sorted((r"\s+".join(map(re.escape, word.split())) for word in words), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(alternatives)})(?![\w-])", re.IGNORECASE)


def violations(places: Iterable[Place], words: re.Pattern[str] | None = None) -> list[str]:
    """Returns a line "file:line: word" for each banned word."""
    words = words or banned()
    return [
        f"{where}:{line + text.count(chr(10), 0, match.start())}: {' '.join(match[0].split())}"
        for where, line, text in places
        for match in words.finditer(text)
    ]


def in_pages() -> Iterator[Place]:
    """Yields the text of all pages but the list of banned words; code leaves its lines empty."""
    for page in pages():
        text = page.read_text()
        if page == GLOSSARY:
            before, _, after = text.partition(BANNED_TITLE)
            text = before + "\n" * after.partition("\n## ")[0].count("\n") + "\n## ".join(after.split("\n## ")[1:])
        lines = dict(text_lines(text))
        yield _name(page), 1, "\n".join(lines.get(number, "") for number in range(1, max(lines) + 1))


class VisibleText(HTMLParser):
    """Collects (line, text) of what a page shows or a screen reader speaks."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[tuple[int, str]] = []
        self.hidden = False

    def handle_starttag(self, tag, attributes):
        self.hidden = tag in ("script", "style")
        self.texts += [(self.getpos()[0], value) for name, value in attributes if value and name in SPOKEN_ATTRIBUTES]

    def handle_endtag(self, tag):
        self.hidden = False

    def handle_data(self, data):
        if not self.hidden:
            self.texts.append((self.getpos()[0], data))


def in_template(text: str) -> Iterator[tuple[int, str]]:
    """Yields line and text of what a Jinja template shows: its HTML, and strings of several words in expressions."""
    for expression in re.finditer(r"\{[{%](.*?)[}%]\}", text, re.DOTALL):
        for literal in re.finditer(r"\"([^\"]* [^\"]*)\"|'([^']* [^']*)'", expression[0]):
            line = text.count("\n", 0, expression.start() + literal.start()) + 1
            yield line, literal[1] or literal[2]
    parser = VisibleText()
    parser.feed(re.sub(r"\{[{%#].*?[}%#]\}", lambda code: "\n" * code[0].count("\n") or " ", text, flags=re.DOTALL))
    parser.close()
    yield from parser.texts


def in_panel() -> Iterator[Place]:
    for template in sorted((ROOT / "panel" / "templates").glob("*.html")):
        yield from ((_name(template), line, shown) for line, shown in in_template(template.read_text()))


def in_help() -> Iterator[Place]:
    """Yields the help texts of every command, its arguments and options."""
    yield from _help_of("feedpulse", typer.main.get_command(build([])))
    for name in COMMANDS:
        root = typer.main.get_command(build([name]))
        yield from _help_of(f"feedpulse {name}", root.commands[name])
    for name in SUBJECTS:
        root = typer.main.get_command(build(["evaluate", name]))
        yield from _help_of(f"feedpulse evaluate {name}", root.commands["evaluate"].commands[name])


def _help_of(path: str, command) -> Iterator[Place]:
    yield f"{path} --help", 1, " ".join(filter(None, [command.help, command.short_help, command.epilog]))
    helps = (getattr(parameter, "help", None) for parameter in command.params)
    yield from ((f"{path} --help", 1, text) for text in helps if text)
    for name, below in getattr(command, "commands", {}).items():
        yield from _help_of(f"{path} {name}", below)


def in_errors() -> Iterator[Place]:
    """Yields the string literals of errors that product code raises."""
    for folder in PRODUCT:
        for module in sorted((ROOT / folder).rglob("*.py")):
            yield from ((_name(module), line, text) for line, text in raised_texts(module.read_text()))


def raised_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yields line and text of the string literals inside `raise SomeError(…)` and `raise typer.Something(…)`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and _is_error(node.exc.func):
            parts = (part for part in ast.walk(node.exc) if isinstance(part, ast.Constant))
            yield from ((part.lineno, part.value) for part in parts if isinstance(part.value, str))


def _is_error(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return isinstance(function.value, ast.Name) and function.value.id == "typer"
    return isinstance(function, ast.Name) and (function.id.endswith("Error") or function.id == "BadParameter")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("places", [in_pages, in_panel, in_help, in_errors])
def test_what_users_read_has_no_banned_word(places):
    found = violations(places())

    assert not found, f"{len(found)} banned words, see docs/glossary.md:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("places", "known"),
    [
        (in_pages, "README.md"),
        (in_panel, "panel/templates/base.html"),
        (in_help, "feedpulse evaluate ranking --help"),
        (in_errors, "handlers/runtime.py"),
    ],
)
def test_each_search_reads_what_it_should(places, known):
    texts = list(places())

    assert sum(len(text.split()) for _, _, text in texts) > 500
    assert any(where == known and text.strip() for where, _, text in texts)


def test_a_banned_word_is_found_in_any_case_and_over_lines_but_not_inside_others():
    words = pattern(["by lot", "told"])

    found = violations([("a", 3, "untold, lots, told-from\nTold by\n lot")], words)

    assert found == ["a:4: Told", "a:4: by lot"]


def test_a_template_shows_its_html_spoken_attributes_and_strings_of_expressions():
    template = (
        '<p title="first words">{{ call("second words", name) }}\n'
        "{% if a %}third{% endif %}</p><script>x</script>{# no #}"
    )

    shown = [(line, text) for line, text in in_template(template) if text.strip()]

    assert shown == [(1, "second words"), (1, "first words"), (1, " \n third ")]


def test_literals_of_raised_errors_are_read_with_their_lines():
    source = 'log("no")\nraise ValueError(f"{x}: no " + y("a"))\nraise typer.BadParameter("b")\nraise Stop("no")\n'

    assert list(raised_texts(source)) == [(2, ": no "), (2, "a"), (3, "b")]


def test_the_list_of_banned_words_names_a_replacement_for_each():
    _, _, section = GLOSSARY.read_text().partition(BANNED_TITLE)
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]

    assert len(rows) > 20
    assert all(len(row) == 2 and row[1].strip() for row in rows)
